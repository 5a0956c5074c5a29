#include "sandbox/seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

#include "sandbox/filter_table.hpp"

namespace stepbox::sandbox {

int load_filter() {
  // The kernel copies the program; it does not write to it.
  const sock_fprog program{.len = static_cast<unsigned short>(kFilterProgram.size()),
                           .filter = const_cast<sock_filter*>(kFilterProgram.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

std::vector<FilterRule> filter_rules() { return {kFilterRules.begin(), kFilterRules.end()}; }

}  // namespace stepbox::sandbox
