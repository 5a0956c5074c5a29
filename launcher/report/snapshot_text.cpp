#include "report/snapshot_text.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "model/units.hpp"

namespace stepbox::report {
namespace {

constexpr size_t kMostProcesses = 12;
constexpr size_t kMostFiles = 4;
constexpr size_t kMostOfCommand = 100;

std::string_view word_of(char state) {
  switch (state) {
    case 'R': return "running";
    case 'S': return "sleeping";
    case 'D': return "in uninterruptible sleep";
    case 'T': return "stopped";
    case 't': return "stopped by a tracer";
    case 'Z': return "ended, not waited for";
    case 'I': return "idle";
    default: return "in an unknown state";
  }
}

std::string seconds_text(double seconds) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.2f s", seconds);
  return buffer.data();
}

std::string command_of(const ProcessState& process) {
  if (process.command_line.empty()) return "[" + escaped(process.name) + "]";
  const std::string_view line = process.command_line;
  return escaped(line.substr(0, kMostOfCommand)) + (line.size() > kMostOfCommand ? "..." : "");
}

// The files that the process may be waiting for: no standard streams, terminals or devices.
std::string files_of(const ProcessState& process) {
  std::vector<std::string> names;
  size_t more = 0;
  for (const OpenFile& file : process.files) {
    if (file.fd <= 2 || file.target.starts_with("/dev/") || file.target.starts_with("anon_inode:")) continue;
    if (names.size() < kMostFiles)
      names.push_back(escaped(file.target));
    else
      ++more;
  }
  if (names.empty()) return {};
  return "; has open " + join(names, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

std::string line_of(const ProcessState& process) {
  std::string line = "  process " + std::to_string(process.pid) + " (parent " + std::to_string(process.parent) + ") " +
                     std::string(word_of(process.state));
  if (!process.wait_channel.empty()) line += " in " + escaped(process.wait_channel);
  line += ", cpu " + seconds_text(process.cpu);
  if (process.threads > 1) line += ", " + std::to_string(process.threads) + " threads";
  return line + ": " + command_of(process) + files_of(process);
}

std::string line_of(const VolumeState& volume) {
  return "  volume " + quoted(volume.name) + " holds " + human_bytes(volume.bytes) + " of " +
         human_bytes(volume.limit_bytes) + ", " + std::to_string(volume.inodes) + " of " +
         std::to_string(volume.limit_inodes) + " inodes";
}

}  // namespace

std::vector<std::string> lines_of(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  for (const ProcessState& process : snapshot.processes) {
    if (lines.size() == kMostProcesses) break;
    lines.push_back(line_of(process));
  }
  if (snapshot.process_count > lines.size())
    lines.push_back("  and " + std::to_string(snapshot.process_count - lines.size()) + " more processes");
  if (!snapshot.complete) lines.emplace_back("  there was no time to look at everything");
  for (const VolumeState& volume : snapshot.volumes) lines.push_back(line_of(volume));
  return lines;
}

}  // namespace stepbox::report
