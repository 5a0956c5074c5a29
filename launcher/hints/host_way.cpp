#include "hints/host_way.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "sys/files.hpp"
#include "sys/path_links.hpp"

namespace stepbox::hints {
namespace {

bool is_writable_bind(const MountCall& call) {
  return call.act == MountAct::bind && (call.attributes & MOUNT_ATTR_RDONLY) == 0 && call.source != "/";
}

bool is_projects(const Plan& plan, const std::string& directory) {
  // Without a checkout, the project is where the step runs.
  const std::string& checkout = plan.files.source_path.empty() ? plan.step.cwd : plan.files.source_path;
  if (checkout != "/" && is_within(directory, checkout)) return true;
  return std::ranges::any_of(plan.files.mounts, [&](const MountCall& call) { return is_writable_bind(call) && is_within(directory, call.source); });
}

}  // namespace

HostWay host_way(const Plan& plan, const std::string& path) {
  const auto is_laid_by_project = [&](const sys::PathLink& link) {
    return is_projects(plan, link.path.substr(0, std::max<size_t>(link.path.rfind('/'), 1)));
  };
  const auto links = sys::links_on_the_way(path, is_laid_by_project);
  if (!links) return {};
  if (!links->empty() && is_laid_by_project(links->back())) return {.is_projects = true};
  return {.real = sys::real_path(path).value_or(std::nullopt)};
}

}  // namespace stepbox::hints
