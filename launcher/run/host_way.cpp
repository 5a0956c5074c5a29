#include "run/host_way.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <deque>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::run {
namespace {

bool is_writable_bind(const MountCall& call) {
  return call.act == MountAct::bind && (call.attributes & MOUNT_ATTR_RDONLY) == 0 && call.source != "/";
}

bool is_projects(const Plan& plan, const std::string& directory) {
  // Without a checkout, the project is where the step runs.
  const std::string& checkout = plan.source_path.empty() ? plan.cwd : plan.source_path;
  if (checkout != "/" && is_within(directory, checkout)) return true;
  return std::ranges::any_of(plan.mounts, [&](const MountCall& call) { return is_writable_bind(call) && is_within(directory, call.source); });
}

std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

}  // namespace

HostWay host_way(const Plan& plan, const std::string& path) {
  constexpr int kMostLinks = 40;
  std::deque<std::string> rest;
  const auto go_before = [&](const std::string& names) {
    const std::vector<std::string_view> parts = split(names, '/');
    rest.insert(rest.begin(), parts.begin(), parts.end());
  };
  go_before(path);
  std::string at;
  for (int links = 0; !rest.empty();) {
    const std::string name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at.erase(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = at + "/" + name;
    const auto status = sys::status_of(next, sys::Links::themselves);
    if (!status || !*status) return {};
    if (!S_ISLNK((*status)->st_mode)) {
      at = next;
      continue;
    }
    if (is_projects(plan, at.empty() ? "/" : at)) return {.is_projects = true};
    const std::string target = read_link(next);
    if (++links > kMostLinks || target.empty()) return {};
    if (target.starts_with('/')) at.clear();
    go_before(target);
  }
  return {.real = at.empty() ? "/" : at};
}

}  // namespace stepbox::run
