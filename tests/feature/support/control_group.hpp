// A control group of the suite's own for each hierarchy that can limit something, with caps that hold whatever the
// case does: hogs start nowhere else. Everything a case runs is below it, so that other programs of the machine do not
// show.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/caller.hpp"
#include "support/host.hpp"

namespace stepbox::feature {

// Groups can be made here, with memory, pids and cpu.
extern const HostFeature control_groups;
// On version 1 a run and the remains of an earlier one can share a group. On v2 a group that hands down controllers
// takes no processes, so nothing can start there.
bool runs_can_share_a_group();

// With `delegated` an ordinary user may make groups below it, as a service manager would allow.
enum class Delegated { no, yes };

class ControlGroup {
 public:
  ControlGroup(Caller caller, Delegated delegated);
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;
  ~ControlGroup();

  // For Command::prepare: puts the program and its children into the group. On v2 a group with processes has no
  // limited groups below it, so they get a group of their own below this one.
  void enter() const;
  // Replaces the caps that every such group has: bytes, processes and threads.
  void lower(const char* memory, const char* processes) const;
  // Stepbox's groups below, in every hierarchy: names of directories.
  std::vector<std::string> below() const;

 private:
  Caller caller_;
  Delegated delegated_;
  std::vector<std::filesystem::path> directories_;
};

// An ordinary user's step that nests groups in its own, deeper than a path is long, prints "nested", and goes on with
// `then`.
std::vector<std::string> nesting_groups(const std::string& then);

}  // namespace stepbox::feature
