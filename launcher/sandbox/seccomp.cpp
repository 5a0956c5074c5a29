#include "sandbox/seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

// The kernel copies the program; it does not write to it.
sock_fprog as_argument(std::span<const sock_filter> program) {
  return {.len = static_cast<unsigned short>(program.size()), .filter = const_cast<sock_filter*>(program.data())};
}

}  // namespace

int load_filter(const SeccompFilter& filter) {
  if (filter.program.empty()) return 0;
  const sock_fprog program = as_argument(filter.program);
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

int load_log_filter(std::span<const sock_filter> program) {
  sock_fprog argument = as_argument(program);
  return sys::seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &argument);
}

}  // namespace stepbox::sandbox
