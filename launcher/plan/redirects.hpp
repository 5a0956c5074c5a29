// What becomes of the registry's redirects under one policy. Pure.
//
// What the user says wins over the registry, whatever its spelling: a rule about the variable itself, about another
// variable that says the same (TMP for TMPDIR), or a path rule for the place where the tool would keep its files
// without the variable (--rw ~/.cache/go-build).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "caches/registry.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

enum class Fate : uint8_t {
  box,     // the variable leads into the workspace, as the registry says
  place,   // it leads to the place on the host that a path rule opened
  caller,  // it is not touched: what the caller has set stays
  named    // a rule decides: of the caller's values only those go on that a rule keeps
};

struct Decision {
  Fate fate = Fate::box;
  std::string value = {};  // of Fate::place
  Origin origin = {};      // of Fate::place
};

// A path of the host that a rule shows, and that lies in a directory which a redirect moved into the workspace:
// the tool looks for it there.
struct MovedPath {
  const PathRule* rule;
  std::string host;     // as the rule names it
  std::string target;   // below the workspace: "cache/cargo/config.toml"
  std::string_view tool;
};

class Redirects {
 public:
  // The arguments must outlive it. Needs plan.identity.
  Redirects(const Plan& plan, const Policy& policy, const HostFacts& facts);

  Decision decide(const caches::Tool& tool, const caches::Redirect& redirect) const;

  // Whether a path rule, or the home that is the host's, lets the step write to this path of the host.
  bool is_opened(std::string_view path) const;

  std::vector<MovedPath> moved_paths() const;

  // Whether `name` is the redirect's variable, in whatever letters where the tool does not care.
  static bool is_spelling(const caches::Redirect& redirect, std::string_view name);

 private:
  struct Shown {
    const PathRule* rule;
    std::string named;  // absolute
    std::string real;   // links resolved
  };

  bool is_named(const caches::Tool& tool, const caches::Redirect& redirect) const;
  std::vector<std::string> places(const caches::Redirect& redirect) const;
  const Shown* opening(const std::string& place) const;

  const Plan& plan_;
  const Policy& policy_;
  const HostFacts& facts_;
  std::vector<Shown> shown_;
  bool home_opened_ = false;  // the step has the real home, to write to
};

}  // namespace stepbox::plan
