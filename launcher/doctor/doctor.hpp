// What this host can do for stepbox, found out by trying: a sysctl or a version lies where a kernel is
// patched, a container filters calls, or a security module has its own opinion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/protection.hpp"

namespace stepbox::doctor {

enum class Finding : uint8_t {
  works,
  missing,   // and a step cannot run without it
  degraded,  // a step can run, with less
};
const char* name_of(Finding finding);

struct Check {
  std::string_view name;
  std::string_view what_for;
  Finding finding = Finding::works;
  std::string cause;   // empty when it works
  std::string remedy;
};

struct Examination {
  std::vector<Check> checks;
  std::vector<Protection> protections;  // of a step that is run from here; none when it cannot be run
};

// Tries everything, each in a process of its own that leaves nothing behind, and at last runs `true`
// under the policy in force. Signals of this process are taken over for good.
Examination examine_host();

}  // namespace stepbox::doctor
