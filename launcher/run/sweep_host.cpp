#include "run/sweep_host.hpp"

#include <cerrno>
#include <cstdlib>
#include <set>

#include "base/text.hpp"
#include "cgroup/hierarchies.hpp"
#include "cgroup/sweep.hpp"
#include "sys/files.hpp"
#include "sys/mountinfo.hpp"
#include "workspace/private_directory.hpp"

namespace stepbox::run {
namespace {

Cleared cleared(const Swept& swept, const char* hint) {
  if (swept.error == 0) return {swept.path, {}};
  Error error = Error::from_errno("cannot remove " + quoted(swept.path), swept.error);
  error.hint = hint;
  return {swept.path, std::move(error)};
}

constexpr const char* kAsOwner = "run `stepbox sweep` as the user that ran stepbox there, or as root";

}  // namespace

Result<std::vector<Cleared>> sweep_host() {
  TRY_ASSIGN(const auto mounts, sys::read_mounts());
  TRY_ASSIGN(const std::string own, sys::read_file("/proc/self/cgroup"));
  std::vector<Cleared> all;
  for (const Swept& group : cgroup::sweep(cgroup::find_hierarchies(mounts, own), cgroup::Reach::everywhere))
    all.push_back(cleared(group, group.error == EBUSY ? "it still holds processes (see its cgroup.procs)" : kAsOwner));
  const char* tmpdir = std::getenv("TMPDIR");
  const std::set<std::string> places = {"/tmp", workspace::place_for_private_directories(tmpdir != nullptr ? tmpdir : "")};
  for (const std::string& place : places)
    for (const Swept& directory : workspace::sweep_private_directories(place))
      all.push_back(cleared(directory, "see what has changed in it, and remove it by hand"));
  return all;
}

}  // namespace stepbox::run
