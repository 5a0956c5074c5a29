#include "sandbox/process_list.hpp"

#include <fcntl.h>

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "sandbox/everybody.hpp"
#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"

namespace stepbox::sandbox {
namespace {

constexpr int kInit = 1;

std::vector<int> descendants_of(int processes, pid_t ancestor) {
  std::vector<std::pair<int, int>> with_parent;
  for (const int pid : numbers_in(processes, ".")) with_parent.emplace_back(pid, parent_of(processes, pid));
  // The keeper's only child belongs to stepbox as well.
  std::vector<int> found;
  for (const auto& [pid, parent] : with_parent)
    if (parent == ancestor) found.push_back(pid);
  const auto own = static_cast<std::ptrdiff_t>(found.size());
  for (size_t i = 0; i < found.size(); ++i)
    for (const auto& [pid, parent] : with_parent)
      if (parent == found[i]) found.push_back(pid);
  found.erase(found.begin(), found.begin() + own);
  return found;
}

}  // namespace

std::vector<int> numbers_in(int directory, const char* path) {
  std::vector<int> numbers;
  const sys::Fd open(::openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  sys::for_each_entry(open.get(), [&numbers](std::string_view name) {
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  });
  return numbers;
}

std::vector<int> processes_of_step(int processes, pid_t ancestor) {
  if (ancestor != 0) return descendants_of(processes, ancestor);
  std::vector<int> pids = numbers_in(processes, ".");
  std::erase(pids, kInit);
  return pids;
}

}  // namespace stepbox::sandbox
