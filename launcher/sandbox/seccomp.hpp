// Loads the step's seccomp filter.
#pragma once

#include "model/seccomp.hpp"

namespace stepbox::sandbox {

// Loads the filter into the calling process, for good; no_new_privs must be set (seccomp(2)). One system
// call, allocation-free. 0 or an errno.
int load_filter(const SeccompFilter& filter);

// Likewise with a program from log_program(). Returns the descriptor on which the supervisor learns of calls,
// close-on-exec, or -1 and errno.
int load_log_filter(std::span<const sock_filter> program);

}  // namespace stepbox::sandbox
