#include "sys/path_links.hpp"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

constexpr size_t kMostLinks = 40;  // path_resolution(7)

// Puts the components of `text` in front of `left`.
void prepend(std::deque<std::string>& left, std::string_view text) {
  std::deque<std::string> parts;
  for (const std::string_view part : split(text, '/'))
    if (!part.empty() && part != ".") parts.emplace_back(part);
  left.insert(left.begin(), parts.begin(), parts.end());
}

}  // namespace

Result<std::vector<PathLink>> links_on_the_way(const std::string& path) {
  return links_on_the_way(path, [](const PathLink&) { return false; });
}

Result<std::vector<PathLink>> links_on_the_way(const std::string& path, const std::function<bool(const PathLink&)>& is_last) {
  std::vector<PathLink> links;
  std::deque<std::string> left;
  prepend(left, path);
  std::string at;  // no component of it is a link; empty: the root directory
  while (!left.empty()) {
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name == "..") {
      at.erase(at.find_last_of('/') == std::string::npos ? 0 : at.find_last_of('/'));
      continue;
    }
    const std::string next = at + "/" + name;
    char text[PATH_MAX];
    const ssize_t length = ::readlink(next.c_str(), text, sizeof text);
    if (length < 0 && means_absent(errno)) return links;
    if (length < 0 && errno != EINVAL) return fail_errno("cannot look at " + quoted(next), errno);
    if (length < 0) {  // EINVAL: it is no link
      at = next;
      continue;
    }
    if (links.size() == kMostLinks) return fail_errno("cannot look at " + quoted(path), ELOOP);
    links.push_back({next, std::string(text, static_cast<size_t>(length))});
    if (is_last(links.back())) return links;
    if (links.back().text.starts_with('/')) at.clear();
    prepend(left, links.back().text);
  }
  return links;
}

}  // namespace stepbox::sys
