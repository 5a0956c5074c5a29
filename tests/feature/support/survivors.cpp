#include "support/survivors.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <sstream>

#include "support/place.hpp"

namespace stepbox::feature {
namespace {

pid_t pid_in(const std::string& name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return error == std::errc() && end == name.data() + name.size() ? pid : 0;
}

std::string of_process(pid_t pid, const char* file) {
  return read_file("/proc/" + std::to_string(pid) + "/" + file);
}

}  // namespace

std::vector<pid_t> processes_with(const std::string& mark) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const pid_t pid = pid_in(entry.path().filename());
    // A zombie's environment is empty.
    if (pid > 0 && of_process(pid, "environ").find(mark) != std::string::npos) found.push_back(pid);
  }
  return found;
}

std::string describe(const std::vector<pid_t>& pids) {
  std::ostringstream out;
  for (const pid_t pid : pids) out << pid << " " << of_process(pid, "comm");
  return out.str();
}

std::vector<pid_t> children_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::istringstream text(read_file("/proc/" + id + "/task/" + id + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; text >> child;) children.push_back(child);
  return children;
}

pid_t init_of(pid_t stepbox) {
  for (const pid_t child : children_of(stepbox))
    if (::getpgid(child) == ::getpgid(stepbox)) return child;
  return -1;
}

char state_of(pid_t pid) {
  const std::string stat = of_process(pid, "stat");
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos ? '?' : stat[name_end + 2];
}

bool has_pending(pid_t pid, std::initializer_list<int> signals) {
  const std::string status = of_process(pid, "status");
  const size_t key = status.find("ShdPnd:");
  const uint64_t pending = key == std::string::npos ? 0 : std::stoull(status.substr(key + 7), nullptr, 16);
  return std::ranges::any_of(signals, [&](int signal) { return (pending >> (signal - 1) & 1) != 0; });
}

bool init_ends_box(const std::string& mark, pid_t stepbox) {
  return eventually([&] { return processes_with(mark) == std::vector<pid_t>{stepbox}; }, seconds(40));
}

std::vector<std::string> host_mounts() {
  std::vector<std::string> mounts = lines_of(read_file("/proc/self/mountinfo"));
  std::ranges::sort(mounts);
  return mounts;
}

}  // namespace stepbox::feature
