// The format in which the child that reads a box's /proc reports its findings, and their assembly. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/deadlines.hpp"

namespace stepbox::sandbox {

// Files as read, each with its process.
enum class FrameKind : uint8_t {
  count,         // the number of processes
  stat,          // /proc/PID/stat
  wait_channel,  // /proc/PID/wchan
  open_file,     // "FD TARGET"
  socket_table,  // "net/tcp", a newline, and that file
  command_line,  // /proc/PID/cmdline
  end            // the report is complete
};

std::string frame(FrameKind kind, int pid, std::string_view text);

// The processes with a stat frame, in its order. Drops a frame that is cut off. Without an end frame the snapshot is
// incomplete.
Snapshot assemble(std::string_view frames);

}  // namespace stepbox::sandbox
