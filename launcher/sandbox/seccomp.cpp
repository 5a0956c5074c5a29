#include "sandbox/seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

namespace stepbox::sandbox {

int load_filter(const SeccompFilter& filter) {
  if (filter.program.empty()) return 0;
  // The kernel copies the program; it does not write to it.
  const sock_fprog program{.len = static_cast<unsigned short>(filter.program.size()),
                           .filter = const_cast<sock_filter*>(filter.program.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

}  // namespace stepbox::sandbox
