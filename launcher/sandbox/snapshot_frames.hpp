// How the child that reads a box's /proc tells what it found, and what becomes of it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/deadlines.hpp"

namespace stepbox::sandbox {

// Files as they were read, each with the process it is about.
enum class FrameKind : uint8_t {
  count,         // how many processes there are
  stat,          // /proc/PID/stat
  wait_channel,  // /proc/PID/wchan
  open_file,     // "FD TARGET"
  socket_table,  // "net/tcp", a newline, and that file
  command_line,  // /proc/PID/cmdline
  end            // that is all
};

std::string frame(FrameKind kind, int pid, std::string_view text);

// The processes of which there was a stat, in that order. What is cut off in the middle of a frame is left out, and
// without an end the snapshot is not complete.
Snapshot assemble(std::string_view frames);

}  // namespace stepbox::sandbox
