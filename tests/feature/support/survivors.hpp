// What a run can leave behind: processes, found by a variable of their environment, and mounts.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace stepbox::feature {

// Live processes with the text in their environment; zombies do not count, they hold nothing. A user sees its own.
std::vector<pid_t> processes_with(const std::string& mark);

// Waits until of a run only stepbox itself is left, which is stopped: init, a child that shares nothing with the others
// but the mark, has ended the box.
bool init_ends_box(const std::string& mark, pid_t stepbox);

// "PID NAME" of each, for messages.
std::string describe(const std::vector<pid_t>& pids);

// The direct children of a process.
std::vector<pid_t> children_of(pid_t pid);

// Init of the box, or what stands in its place: the child of stepbox's that is in its process group. The others are
// helpers, which have groups of their own. -1 where there is none.
pid_t init_of(pid_t stepbox);

// Its state as in proc(5), or '?' when it is gone.
char state_of(pid_t pid);

// Whether one of them was sent to the process and has not been taken.
bool has_pending(pid_t pid, std::initializer_list<int> signals);

// The host's mounts, a line each.
std::vector<std::string> host_mounts();

}  // namespace stepbox::feature
