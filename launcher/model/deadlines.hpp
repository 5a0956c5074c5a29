// How long a step may take, and what is told when it took longer. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/origin.hpp"

namespace stepbox {

// What an outer layer of a CI says about time: the deadline section of the file that LUCI_CONTEXT names.
struct OuterDeadline {
  double soft_deadline = 0;  // seconds since the epoch; 0: none
  double grace = 30;         // seconds between its SIGTERM and its SIGKILL
};

struct Deadlines {
  Sourced<std::optional<std::chrono::milliseconds>> timeout;  // from the start of the step
  Sourced<std::optional<std::chrono::milliseconds>> silence;
  Sourced<std::chrono::milliseconds> grace;
  // Whether the grace counts as well when stepbox is asked to stop. Only where somebody said how long it is: a
  // step may take its time to stop, and the one who asked knows better how long to wait.
  bool grace_after_cancel = false;
};

enum class Deadline : uint8_t { timeout, silence };
const char* name_of(Deadline deadline);

// What ended a step that did not end by itself.
struct Overrun {
  Deadline deadline = Deadline::timeout;
  std::chrono::milliseconds limit{};
  Origin origin;
};

struct OpenFile {
  int fd = -1;
  std::string target;  // a path in the box, "pipe:[4711]", "tcp 127.0.0.1:80 to 127.0.0.1:4711 ESTABLISHED"
};

struct ProcessState {
  int pid = 0;  // in the box
  int parent = 0;
  char state = '?';  // as in proc(5): R, S, D, T, Z, ...
  std::string name;
  std::string wait_channel;  // empty: not waiting, or not to be known
  double cpu = 0;            // seconds, of all threads
  unsigned threads = 0;
  std::string command_line;  // empty: not to be had in time
  std::vector<OpenFile> files;
};

struct VolumeState {
  std::string name;
  uint64_t bytes = 0;
  uint64_t limit_bytes = 0;
  uint64_t inodes = 0;
  uint64_t limit_inodes = 0;
};

// The box at a deadline, before anything was ended.
struct Snapshot {
  Deadline reason = Deadline::timeout;
  double at = 0;  // seconds after the start of the step
  std::vector<ProcessState> processes;
  uint64_t process_count = 0;  // more than are listed when there are too many
  bool complete = true;        // false: the time for it was over before everything was read
  std::vector<VolumeState> volumes;
};

}  // namespace stepbox
