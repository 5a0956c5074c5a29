// Finds out by trying what this host can do for stepbox: versions and sysctls mislead when a kernel is patched, a
// container filters calls, or a security module interferes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/protection.hpp"

namespace stepbox::doctor {

enum class Finding : uint8_t {
  works,
  missing,   // a step cannot run without it
  degraded,  // a step can run, with less protection or speed
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
  std::vector<Protection> protections;  // of a step run from here; empty if it cannot run
};

// Tries everything, each in a separate process that leaves nothing behind, and finally runs `true` under the policy
// in force. Takes over this process's signals for good.
Examination examine_host();

}  // namespace stepbox::doctor
