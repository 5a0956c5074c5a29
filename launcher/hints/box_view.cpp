#include "hints/box_view.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::hints {
namespace {

bool covers(std::string_view target, std::string_view path) { return target.empty() || is_within(path, target); }

// The part of the path below the mount, with a leading slash; empty for the mount point.
std::string_view below(std::string_view target, std::string_view path) { return path.substr(std::min(path.size(), target.size())); }

// The view after only the first `count` calls: a rebind shows the content of its source at that time.
Place place_after(const Plan& plan, std::string path, size_t count) {
  bool is_made = false;
  for (size_t i = count; i-- > 0;) {
    const MountCall& call = plan.files.mounts[i];
    is_made = is_made || is_within(call.target, path);
    if (call.act == MountAct::symlink && call.target == path) return {.from = Place::From::link, .path = call.source};
    if (!covers(call.target, path)) continue;
    switch (call.act) {
      case MountAct::directory:
      case MountAct::file:
      case MountAct::symlink:
      case MountAct::try_overlay:
      case MountAct::seal: break;
      case MountAct::overlay: {
        const std::string_view rest = below(call.target, path);
        return {.from = Place::From::overlay,
                .path = rest.empty() ? std::string(".") : std::string(rest.substr(1)),
                .by = &call,
                .overlay = static_cast<size_t>(call.overlay)};
      }
      case MountAct::tmpfs:
        if (call.volume >= 0) return {.from = Place::From::volume, .path = path};
        return {.from = is_made ? Place::From::made : Place::From::nowhere};
      case MountAct::bind:
        return {.from = Place::From::host,
                .path = call.source + std::string(call.target.empty() ? "/" + path : below(call.target, path)),
                .is_read_only = (call.attributes & MOUNT_ATTR_RDONLY) != 0,
                .by = &call};
      case MountAct::rebind:
        if (call.source.starts_with(".empty/")) return {.from = Place::From::nowhere, .by = &call};
        path = call.source + std::string(below(call.target, path));
        is_made = false;
        break;
      case MountAct::proc:
      case MountAct::devpts:
      case MountAct::terminal: return {};
    }
  }
  return {};
}

std::string read_link(int directory, const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlinkat(directory, path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

}  // namespace

Place place_in_box(const Plan& plan, std::string_view path) { return place_after(plan, std::string(path), plan.files.mounts.size()); }

BoxView::Entry BoxView::entry_in_volume(const std::string& path) const {
  // The volume mounted deepest on the way to the path.
  size_t best = plan_.files.volumes.size();
  const std::string absolute = "/" + path;
  for (size_t i = 0; i < plan_.files.volumes.size(); ++i)
    if (is_within(absolute, plan_.files.volumes[i].path) &&
        (best == plan_.files.volumes.size() || plan_.files.volumes[i].path.size() > plan_.files.volumes[best].path.size()))
      best = i;
  if (best >= volumes_.size()) return {};
  const std::string name = absolute == plan_.files.volumes[best].path ? "." : absolute.substr(plan_.files.volumes[best].path.size() + 1);
  struct stat status {};
  const int volume = volumes_[best].get();
  if (::fstatat(volume, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return {.state = sys::means_absent(errno) ? State::absent : State::unknown};
  return {State::present, status.st_mode, S_ISLNK(status.st_mode) ? read_link(volume, name) : std::string()};
}

BoxView::Entry BoxView::entry_in_overlay(const Place& place) const {
  if (place.overlay >= views_.size()) return {};
  struct stat status {};
  const int view = views_[place.overlay].merged.get();
  if (::fstatat(view, place.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return {.state = sys::means_absent(errno) ? State::absent : State::unknown};
  return {State::present, status.st_mode, S_ISLNK(status.st_mode) ? read_link(view, place.path) : std::string()};
}

BoxView::Entry BoxView::entry_of(const Place& place) const {
  switch (place.from) {
    case Place::From::volume: return entry_in_volume(place.path);
    case Place::From::overlay: return entry_in_overlay(place);
    case Place::From::link: return {State::present, S_IFLNK, place.path};
    case Place::From::made: return {State::present, S_IFDIR | 0755};
    case Place::From::nowhere: return {State::absent};
    case Place::From::unknown: return {};
    case Place::From::host: break;
  }
  const auto status = sys::status_of(place.path, sys::Links::themselves);
  if (!status) return {};
  if (!*status) return {State::absent};
  return {State::present, (*status)->st_mode, S_ISLNK((*status)->st_mode) ? read_link(AT_FDCWD, place.path) : std::string()};
}

BoxView::Seen BoxView::look(std::string_view path) const {
  constexpr int kMostLinks = 40;
  std::deque<std::string> rest;
  const auto go_before = [&](std::string_view names) {
    const std::vector<std::string_view> parts = split(names, '/');
    rest.insert(rest.begin(), parts.begin(), parts.end());
  };
  go_before(path);
  std::string at;
  Seen seen{.state = State::present, .mode = S_IFDIR | 0755};
  for (int links = 0; !rest.empty();) {
    const std::string name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at.erase(at.contains('/') ? at.rfind('/') : 0);
      seen = {};
      continue;
    }
    const std::string next = at.empty() ? name : at + "/" + name;
    const Place place = place_in_box(plan_, next);
    const Entry entry = entry_of(place);
    if (entry.state != State::present) return {.state = entry.state, .by = place.from == Place::From::nowhere ? place.by : nullptr};
    if (S_ISLNK(entry.mode)) {
      if (++links > kMostLinks || entry.link.empty()) return {};
      if (entry.link.starts_with('/')) at.clear();
      go_before(entry.link);
      continue;
    }
    at = next;
    seen = {.state = State::present, .mode = entry.mode, .host = place.from == Place::From::host ? place.path : std::string(), .is_read_only = place.is_read_only};
  }
  return seen;
}

}  // namespace stepbox::hints
