// What a run can leave behind: processes, found by a variable of their environment, and mounts.
#pragma once

#include <sys/types.h>

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

// As in proc(5): 'S' sleeps, 'T' is stopped, 'Z' is dead and not reaped; '?' is gone.
char state_of(pid_t pid);

// The host's mounts, a line each.
std::vector<std::string> host_mounts();

}  // namespace stepbox::feature
