#include "sys/memory.hpp"

#include <sys/sysinfo.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

Result<uint64_t> limit_in(const std::string& file) {
  const Result<std::string> text = read_file(file, 64);
  if (!text && (means_absent(text.error().number) || text.error().number == EACCES)) return kNoLimit;
  if (!text) return std::unexpected(text.error());
  uint64_t bytes = 0;
  const bool is_number = std::from_chars(text->data(), text->data() + text->size(), bytes).ec == std::errc();
  return is_number ? bytes : kNoLimit;  // "max"
}

// A limit on any ancestor binds, so the tightest on the way up counts.
Result<uint64_t> tightest(const std::string& mount, std::string path, const char* file) {
  if (path == "/" || !path.starts_with('/')) path.clear();
  for (uint64_t limit = kNoLimit;; path.erase(path.rfind('/'))) {
    TRY_ASSIGN(const uint64_t found, limit_in(mount + path + "/" + file));
    limit = std::min(limit, found);
    if (path.empty()) return limit;
  }
}

}  // namespace

std::string cgroup_path(std::string_view text, std::string_view controller) {
  for (const std::string_view line : split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    for (const std::string_view name : split(line.substr(first + 1, second - first - 1), ','))
      if (name == controller) return std::string(line.substr(second + 1));
  }
  return {};
}

Result<std::string> own_cgroups() {
  Result<std::string> text = read_file("/proc/self/cgroup");
  if (!text && means_absent(text.error().number)) return std::string();
  return text;
}

Result<Memory> usable_memory() {
  TRY_ASSIGN(const std::string groups, own_cgroups());
  return usable_memory(groups);
}

Result<Memory> usable_memory(std::string_view proc_self_cgroup) {
  struct sysinfo info {};
  ::sysinfo(&info);
  const uint64_t total = static_cast<uint64_t>(info.totalram) * info.mem_unit;
  uint64_t limit = kNoLimit;
  // The usual mount points. A limit mounted elsewhere stays unseen, and the kernel still enforces it.
  if (const std::string v1 = cgroup_path(proc_self_cgroup, "memory"); !v1.empty()) {
    TRY_ASSIGN(limit, tightest("/sys/fs/cgroup/memory", v1, "memory.limit_in_bytes"));
  } else if (const std::string v2 = cgroup_path(proc_self_cgroup, ""); !v2.empty()) {
    TRY_ASSIGN(limit, tightest("/sys/fs/cgroup", v2, "memory.max"));
  }
  return Memory{total, static_cast<uint64_t>(info.totalswap) * info.mem_unit, std::min(total, limit)};
}

}  // namespace stepbox::sys
