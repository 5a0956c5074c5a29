#include "base/patient_writer.hpp"

#include <linux/fs.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

namespace stepbox {
namespace {

using Clock = std::chrono::steady_clock;

// Writing to any other file waits for no reader, or always waits (RWF_NOWAIT on a disk).
bool may_wait_for_reader(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode));
}

// Another writer may have taken the room that poll(2) reported. Where the kernel lacks RWF_NOWAIT (pipes before 6.4,
// terminals), the write waits after all.
ssize_t write_at_once(int fd, std::string_view text) {
  const iovec part{const_cast<char*>(text.data()), text.size()};
  const ssize_t written = ::pwritev2(fd, &part, 1, -1, RWF_NOWAIT);
  if (written >= 0 || errno == EAGAIN || errno == EINTR || errno == EPIPE) return written;
  return ::write(fd, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
}

}  // namespace

// While patience lasts, a descriptor that cannot be polled counts as having room: poll(2) refuses them all where
// RLIMIT_NOFILE is 0.
bool PatientWriter::wait_for_room() {
  using std::chrono::ceil, std::chrono::milliseconds;
  const Clock::time_point begin = Clock::now();
  pollfd watched{fd_, POLLOUT, 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(ceil<milliseconds>(left_).count()));
  if (ready < 0 && errno != EINTR) return left_ > std::chrono::nanoseconds::zero();
  if (ready <= 0) left_ -= std::min<std::chrono::nanoseconds>(left_, Clock::now() - begin);
  return ready > 0;
}

void PatientWriter::pause() {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  ::nanosleep(&kMoment, nullptr);
  left_ -= std::min<std::chrono::nanoseconds>(left_, std::chrono::milliseconds(1));
}

void PatientWriter::write(std::string_view line) {
  if (!may_wait_for_reader(fd_)) {
    [[maybe_unused]] const ssize_t ignored = ::write(fd_, line.data(), line.size());
    return;
  }
  while (!line.empty()) {
    if (!wait_for_room()) {
      ++lost_;
      return;
    }
    const ssize_t written = write_at_once(fd_, line);
    if (written < 0 && errno != EAGAIN && errno != EINTR) return;
    if (written > 0) line.remove_prefix(static_cast<size_t>(written));
    // Full again: each round costs patience, so that the loop ends.
    if (written <= 0) pause();
  }
}

}  // namespace stepbox
