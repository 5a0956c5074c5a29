#include "support/control_group.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "support/child.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";

bool is_pure_v2() {
  return fs::exists(fs::path(kRoot) / "cgroup.controllers");
}

fs::path path_in(const std::string& controller) {
  for (const std::string& line : lines_of(read_file("/proc/self/cgroup"))) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (names.find("," + controller + ",") != std::string::npos) return line.substr(second + 2);
  }
  return {};
}

// The suite's own group of each hierarchy that matters.
std::vector<fs::path> own_groups() {
  if (is_pure_v2()) return {fs::path(kRoot) / path_in("")};
  std::vector<fs::path> groups;
  for (const char* controller : {"memory", "pids", "cpu"})
    groups.push_back(fs::path(kRoot) / controller / path_in(controller));
  if (fs::exists(fs::path(kRoot) / "unified/cgroup.controllers"))
    groups.push_back(fs::path(kRoot) / "unified" / path_in(""));
  return groups;
}

bool write_value(const fs::path& file, const std::string& value) {
  std::ofstream out(file);
  out << value << std::flush;
  return out.good();
}

// On v2 the groups below need the controllers from the suite's own group; only the root group may then have processes.
bool prepare_parent(const fs::path& parent) {
  return !is_pure_v2() || write_value(parent / "cgroup.subtree_control", "+memory +pids +cpu");
}

bool can_make_groups() {
  for (const fs::path& parent : own_groups()) {
    const fs::path tried = parent / ("suite-try-" + suite_word());
    std::error_code error;
    if (!prepare_parent(parent) || !fs::create_directory(tried, error)) return false;
    fs::remove(tried, error);
  }
  return true;
}

void cap(const fs::path& directory, const char* memory, const char* processes) {
  for (const char* file : {"memory.limit_in_bytes", "memory.max"})
    if (fs::exists(directory / file)) write_value(directory / file, memory);
  if (fs::exists(directory / "pids.max")) write_value(directory / "pids.max", processes);
}

void give_to(Caller caller, const fs::path& directory) {
  for (const char* name : {"", "cgroup.procs", "tasks", "cgroup.subtree_control", "cgroup.threads"})
    if (fs::exists(directory / name) && ::chown((directory / name).c_str(), uid_of(caller), gid_of(caller)) != 0)
      throw std::runtime_error("chown failed for " + (directory / name).string());
}

void list_of_stepbox(const fs::path& directory, std::vector<std::string>& found) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (!entry.is_directory(ignored)) continue;
    if (entry.path().filename().string().starts_with("stepbox-"))
      found.push_back(entry.path());
    else
      list_of_stepbox(entry.path(), found);
  }
}

void remove_below(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (entry.is_directory(ignored)) remove_below(entry.path());
  ::rmdir(directory.c_str());
}

}  // namespace

const HostFeature control_groups{"control groups that can be made", can_make_groups,
                                 "run the suite as root, in a group that may make others with memory, pids and cpu"};

bool runs_can_share_a_group() {
  return !is_pure_v2();
}

ControlGroup::ControlGroup(Caller caller, Delegated delegated) : caller_(caller), delegated_(delegated) {
  static int number = 0;
  const std::string name = "suite-" + suite_word() + "-" + std::to_string(++number);
  for (const fs::path& parent : own_groups()) {
    const fs::path directory = parent / name;
    fs::create_directory(directory);
    directories_.push_back(directory);
    cap(directory, "2147483648", "2000");
    prepare_parent(directory);
    if (delegated == Delegated::yes) give_to(caller, directory);
  }
}

ControlGroup::~ControlGroup() {
  for (const fs::path& directory : directories_)
    eventually([&] {
      remove_below(directory);
      return !fs::exists(directory);
    });
}

void ControlGroup::lower(const char* memory, const char* processes) const {
  for (const fs::path& directory : directories_) cap(directory, memory, processes);
}

void ControlGroup::enter() const {
  for (fs::path directory : directories_) {
    if (is_pure_v2()) {
      directory /= "run-" + std::to_string(::getpid());
      fs::create_directory(directory);
      if (delegated_ == Delegated::yes) give_to(caller_, directory);
    }
    const char* file = fs::exists(directory / "tasks") ? "tasks" : "cgroup.procs";
    in_child::must(write_value(directory / file, "0"), "entering a control group");
  }
}

std::vector<std::string> ControlGroup::below() const {
  std::vector<std::string> found;
  for (const fs::path& directory : directories_) list_of_stepbox(directory, found);
  return found;
}

std::vector<std::string> nesting_groups(const std::string& then) {
  return {"unshare", "-UrmC", "sh", "-c",
          "mkdir /tmp/g; mount -t cgroup2 none /tmp/g && cd /tmp/g && nest_directories 30 ||"
          "{ mount -t cgroup -o memory none /tmp/g && cd /tmp/g && nest_directories 30; };" + then};
}

}  // namespace stepbox::feature
