#include "run/sweep_host.hpp"

#include "cgroup/hierarchies.hpp"
#include "sys/files.hpp"
#include "sys/mountinfo.hpp"

namespace stepbox::run {

Result<std::vector<cgroup::Swept>> sweep_host() {
  TRY_ASSIGN(const auto mounts, sys::read_mounts());
  TRY_ASSIGN(const std::string own, sys::read_file("/proc/self/cgroup"));
  return cgroup::sweep(cgroup::find_hierarchies(mounts, own), cgroup::Reach::everywhere);
}

}  // namespace stepbox::run
