// The seccomp filter of the step: a BPF program compiled at build time from policies/seccomp/default.yaml,
// so that loading it is one system call.
#pragma once

#include <string_view>
#include <vector>

namespace stepbox::sandbox {

// Loads the filter into the calling process, for good; no_new_privs must be set (seccomp(2)).
// Allocation-free. 0 or an errno.
int load_filter();

// The rules in force, for explain and tests.
struct FilterRule {
  std::string_view name;
  std::string_view why;
};
std::vector<FilterRule> filter_rules();

}  // namespace stepbox::sandbox
