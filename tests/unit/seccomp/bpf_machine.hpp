// A small interpreter of classic BPF as seccomp(2) runs it, so that a filter can be asked without a kernel.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace stepbox::test {

// The answer of the program for the call: SECCOMP_RET_*. Throws std::logic_error where the kernel would
// refuse the program.
uint32_t answer_of(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace stepbox::test
