// A control group of the suite's own for each hierarchy that can limit something, with caps that hold whatever is
// tested: hogs are started nowhere else. Everything that is tested is below it, so that what others do on the machine
// does not show.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/caller.hpp"
#include "support/host.hpp"

namespace stepbox::feature {

extern const HostFeature control_groups;
// Version 1: a run and what an earlier one left can be in the same group. On v2 a group that hands down controllers
// takes no processes, so that nothing can be started there.
bool runs_can_share_a_group();
// groups can be made here, with memory, pids and cpu

// With `delegated` an ordinary user may make groups below it, as a service manager would let it.
enum class Delegated { no, yes };

class ControlGroup {
 public:
  ControlGroup(Caller caller, Delegated delegated);
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;
  ~ControlGroup();

  // For Command::prepare: the program and what it starts are in it. On v2, where a group with processes has no limited
  // groups below it, in a group of its own below it.
  void enter() const;
  // Instead of the caps that every such group has: bytes, processes and threads.
  void lower(const char* memory, const char* processes) const;
  // The groups of stepbox below, in every hierarchy: names of directories.
  std::vector<std::string> below() const;

 private:
  Caller caller_;
  Delegated delegated_;
  std::vector<std::filesystem::path> directories_;
};

// A step of an ordinary user that nests groups in its own, deeper than a path is long, says "nested", and goes on with
// `then`.
std::vector<std::string> nesting_groups(const std::string& then);

}  // namespace stepbox::feature
