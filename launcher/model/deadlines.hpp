// How long a step may take, and what stepbox reports when it takes longer. Plain data.
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
  // Whether the grace also applies when stepbox is asked to stop. Only if the grace was set explicitly: otherwise the
  // step may take its time, because the sender of the signal knows better how long to wait.
  bool grace_after_cancel = false;
};

enum class Deadline : uint8_t { timeout, silence };
const char* name_of(Deadline deadline);

// The deadline that ended a step.
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
  std::string wait_channel;  // empty: not waiting, or unknown
  double cpu = 0;            // seconds, of all threads
  unsigned threads = 0;
  std::string command_line;  // empty: not read in time
  std::vector<OpenFile> files;
};

struct VolumeState {
  std::string name;
  uint64_t bytes = 0;
  uint64_t limit_bytes = 0;
  uint64_t inodes = 0;
  uint64_t limit_inodes = 0;
};

// The box at a deadline, before stepbox ended any process.
struct Snapshot {
  Deadline reason = Deadline::timeout;
  double at = 0;  // seconds after the start of the step
  std::vector<ProcessState> processes;
  uint64_t process_count = 0;  // also counts processes that were too many to list
  bool complete = true;        // false: time ran out before everything was read
  std::vector<VolumeState> volumes;
};

}  // namespace stepbox
