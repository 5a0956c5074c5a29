#include "sandbox/snapshot_frames.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.hpp"
#include "sandbox/socket_table.hpp"
#include "sandbox/stat_line.hpp"

namespace stepbox::sandbox {
namespace {

struct Header {
  int32_t pid;
  uint32_t length;
  FrameKind kind;
};

// A longer command line tells a reader nothing more.
constexpr size_t kMostOfCommand = 512;

void add_process(Snapshot& snapshot, int pid, std::string_view stat) {
  const StatLine line(stat);
  if (!line) return;
  ProcessState process;
  process.pid = pid;
  process.name = line.name();
  if (!line.field(3).empty()) process.state = line.field(3).front();
  process.parent = line.integer(4);
  process.cpu = static_cast<double>(line.count(14) + line.count(15)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  process.threads = static_cast<unsigned>(line.count(20));
  snapshot.processes.push_back(std::move(process));
}

// Arguments are separated, and ended, by NUL.
std::string command_line(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  std::string line(text.substr(0, kMostOfCommand));
  std::ranges::replace(line, '\0', ' ');
  return text.size() > kMostOfCommand ? line + "..." : line;
}

void add_file(ProcessState& process, std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return;
  process.files.push_back({number_in<int>(text.substr(0, space)), std::string(text.substr(space + 1))});
}

void name_sockets(Snapshot& snapshot, const SocketNames& names) {
  for (ProcessState& process : snapshot.processes)
    for (OpenFile& file : process.files)
      if (const auto found = names.find(file.target); found != names.end()) file.target = found->second;
}

}  // namespace

std::string frame(FrameKind kind, int pid, std::string_view text) {
  const Header header{.pid = pid, .length = static_cast<uint32_t>(text.size()), .kind = kind};
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes.append(text);
}

Snapshot assemble(std::string_view frames) {
  Snapshot snapshot;
  snapshot.complete = false;
  SocketNames sockets;
  Header header{};
  while (frames.size() >= sizeof header) {
    std::memcpy(&header, frames.data(), sizeof header);
    frames.remove_prefix(sizeof header);
    if (header.length > frames.size()) break;
    const std::string_view text = frames.substr(0, header.length);
    frames.remove_prefix(header.length);
    const auto process = std::ranges::find(snapshot.processes, header.pid, &ProcessState::pid);
    const bool is_known = process != snapshot.processes.end();
    switch (header.kind) {
      case FrameKind::count: snapshot.process_count = number_in<uint64_t>(text); break;
      case FrameKind::stat: add_process(snapshot, header.pid, text); break;
      case FrameKind::wait_channel:
        if (is_known && text != "0") process->wait_channel = text;
        break;
      case FrameKind::open_file:
        if (is_known) add_file(*process, text);
        break;
      case FrameKind::socket_table: add_sockets(sockets, text); break;
      case FrameKind::command_line:
        if (is_known) process->command_line = command_line(text);
        break;
      case FrameKind::end: snapshot.complete = true; break;
    }
  }
  name_sockets(snapshot, sockets);
  return snapshot;
}

}  // namespace stepbox::sandbox
