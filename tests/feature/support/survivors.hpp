// What a run can leave behind: processes, recognised by a variable of their environment, and mounts.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace stepbox::feature {

// Live processes with the text in their environment. Zombies do not count: they hold nothing. A user sees its own
// only.
std::vector<pid_t> processes_with(const std::string& mark);

// Waits until init has ended the box and only stepbox is left of the run, which is stopped. Init is a child that
// shares nothing with the others but the mark.
bool init_ends_box(const std::string& mark, pid_t stepbox);

// "PID NAME" of each, for messages.
std::string describe(const std::vector<pid_t>& pids);

// The direct children of a process.
std::vector<pid_t> children_of(pid_t pid);

// Init of the box, or its substitute: the child of stepbox that is in stepbox's process group. The others are helpers,
// which have groups of their own. -1 where there is none.
pid_t init_of(pid_t stepbox);

// Its state as in proc(5), or '?' when the process is gone.
char state_of(pid_t pid);

// Whether one of these signals was sent to the process and is still pending.
bool has_pending(pid_t pid, std::initializer_list<int> signals);

// The host's mounts, one a line.
std::vector<std::string> host_mounts();

}  // namespace stepbox::feature
