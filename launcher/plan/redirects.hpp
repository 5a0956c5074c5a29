// Decides how one policy changes the registry's redirects. Pure.
//
// The user's rules win over the registry, in whatever form: a rule about the variable itself, about another variable
// with the same effect (TMP for TMPDIR), or a path rule for the place where the tool would keep its files without the
// variable (--rw ~/.cache/go-build).
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
  place,   // the variable leads to the place on the host that a path rule opened
  caller,  // the variable is left alone: the caller's value stays
  named    // a rule decides: the caller's values pass only where a rule keeps them
};

struct Decision {
  Fate fate = Fate::box;
  std::string value = {};  // of Fate::place
  Origin origin = {};      // of Fate::place
};

// A host path that a rule shows, in a directory that a redirect has moved into the workspace: the tool looks for the
// path there.
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

  // Whether a path rule, or sharing the host's home, lets the step write to this host path.
  bool is_opened(std::string_view path) const;

  // Whether a path rule shows this host path.
  bool is_shown(std::string_view path) const;

  std::vector<MovedPath> moved_paths() const;

  // Whether `name` is the redirect's variable, ignoring case where the tool does.
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
  bool is_warm(const caches::Redirect& redirect) const;

  const Plan& plan_;
  const Policy& policy_;
  const HostFacts& facts_;
  std::vector<Shown> shown_;
  bool home_opened_ = false;  // the step may write to the real home
  // With a home that is an overlay: the workspace's directories that a warm cache is to fill.
  std::vector<std::string> warm_;
};

}  // namespace stepbox::plan
