#include "sandbox/snapshot.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "sandbox/process_list.hpp"
#include "sandbox/snapshot_frames.hpp"
#include "sys/bounded_child.hpp"
#include "sys/fd.hpp"
#include "sys/write_all.hpp"

namespace stepbox::sandbox {
namespace {

constexpr size_t kMostProcesses = 200;
constexpr size_t kMostFiles = 64;         // of one process
constexpr size_t kMostOfFile = 4096;      // of a small file of /proc
constexpr size_t kMostOfTable = 1 << 18;  // of a socket table, which lists the host's sockets with the host's network
constexpr size_t kMostTogether = 4 << 20;
constexpr size_t kAtATime = 1 << 15;
constexpr size_t kCommandLinesAtATime = 16;

// The child's side. Leaves out files that it cannot read: the process is gone, or is not ours to look at.
class Reader {
 public:
  Reader(int processes, pid_t ancestor, int out) : processes_(processes), ancestor_(ancestor), out_(out) {}

  void read() {
    std::vector<int> pids = processes_of_step(processes_, ancestor_);
    tell(FrameKind::count, 0, std::to_string(pids.size()));
    pids.resize(std::min(pids.size(), kMostProcesses));
    for (const int pid : pids) tell_file(FrameKind::stat, pid, "stat", kMostOfFile);
    flush();
    for (const int pid : pids) {
      tell_file(FrameKind::wait_channel, pid, "wchan", kMostOfFile);
      tell_open_files(pid);
    }
    if (has_socket_ != 0) {
      for (const char* table : {"net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/unix"})
        tell_file(FrameKind::socket_table, has_socket_, table, kMostOfTable, table);
    }
    // From here on a read may block for ever, so the findings so far go out first, and the rest a few at a time.
    for (size_t i = 0; i < pids.size(); ++i) {
      if (i % kCommandLinesAtATime == 0) flush();
      tell_file(FrameKind::command_line, pids[i], "cmdline", kMostOfFile);
    }
    tell(FrameKind::end, 0, {});
    flush();
  }

 private:
  // Batches frames: every write would wake the supervisor, in a box that may be full of running processes.
  void tell(FrameKind kind, int pid, std::string_view text) {
    told_ += frame(kind, pid, text);
    if (told_.size() >= kAtATime) flush();
  }

  void flush() {
    // The supervisor no longer reads, because the time is over.
    if (sys::write_all(out_, told_) != 0) ::_exit(1);
    told_.clear();
  }

  void tell_file(FrameKind kind, int pid, const char* name, size_t limit, std::string text = {}) {
    const sys::Fd file(
        ::openat(processes_, (std::to_string(pid) + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return;
    if (!text.empty()) text += '\n';
    const size_t most = text.size() + limit;
    while (text.size() < most) {
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(file.get(), buffer.data(), std::min(buffer.size(), most - text.size()));
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    tell(kind, pid, text);
  }

  void tell_open_files(int pid) {
    const std::string directory = std::to_string(pid) + "/fd";
    std::vector<int> fds = numbers_in(processes_, directory.c_str());
    fds.resize(std::min(fds.size(), kMostFiles));
    for (const int fd : fds) {
      std::array<char, 1024> target{};
      const std::string path = directory + "/" + std::to_string(fd);
      const ssize_t length = ::readlinkat(processes_, path.c_str(), target.data(), target.size());
      if (length <= 0) continue;
      const std::string_view text(target.data(), static_cast<size_t>(length));
      if (has_socket_ == 0 && text.starts_with("socket:")) has_socket_ = pid;
      tell(FrameKind::open_file, pid, std::to_string(fd) + " " + std::string(text));
    }
  }

  int processes_;
  pid_t ancestor_;
  int out_;
  std::string told_;
  int has_socket_ = 0;  // a process that has a socket
};

}  // namespace

Snapshot take_snapshot(int processes, pid_t ancestor, std::chrono::milliseconds time) {
  const auto read = [=](int out) { Reader(processes, ancestor, out).read(); };
  return assemble(sys::run_bounded(read, {processes}, time, kMostTogether).text);
}

}  // namespace stepbox::sandbox
