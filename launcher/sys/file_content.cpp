#include "sys/file_content.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace stepbox::sys {
namespace {

constexpr size_t kPiece = 256 << 10;

int write_at(int file, std::string_view bytes, off_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(written));
    at += written;
  }
  return 0;
}

void show_zeros(off_t count, const Seen& seen) {
  static constexpr std::array<char, 65'536> kZeros{};
  for (; count > 0; count -= static_cast<off_t>(kZeros.size()))
    seen({kZeros.data(), static_cast<size_t>(std::min(count, static_cast<off_t>(kZeros.size())))});
}

// The bytes from `at` to `end`, or fewer if the file has become shorter. `to` is -1 if nothing is to be written.
int take_data(int from, int to, off_t at, off_t end, std::vector<char>& buffer, const Seen& seen) {
  while (at < end) {
    const size_t wanted = static_cast<size_t>(std::min(end - at, static_cast<off_t>(buffer.size())));
    const ssize_t got = ::pread(from, buffer.data(), wanted, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
    if (to >= 0)
      if (const int failed = write_at(to, bytes, at); failed != 0) return failed;
    seen(bytes);
    at += got;
  }
  return 0;
}

int take_all(int from, int to, const Seen& seen) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return errno;
  const off_t size = status.st_size;
  if (to >= 0 && ::ftruncate(to, size) != 0) return errno;
  std::vector<char> buffer(std::min(kPiece, static_cast<size_t>(std::max(size, off_t{1}))));
  for (off_t at = 0; at < size;) {
    // A file system without holes says that all is data; ENXIO: only a hole is left.
    off_t data = ::lseek(from, at, SEEK_DATA);
    if (data < 0) data = errno == ENXIO ? size : at;
    show_zeros(std::min(data, size) - at, seen);
    if (data >= size) return 0;
    const off_t hole = ::lseek(from, data, SEEK_HOLE);
    const off_t end = hole <= data ? size : std::min(hole, size);
    if (const int failed = take_data(from, to, data, end, buffer, seen); failed != 0) return failed;
    at = end;
  }
  return 0;
}

}  // namespace

int read_content(int file, const Seen& seen) { return take_all(file, -1, seen); }

int copy_content(int from, int to, const Seen& seen) { return take_all(from, to, seen); }

int clone_content(int from, int to, bool& is_shared) {
  is_shared = ::ioctl(to, FICLONE, from) == 0;
  return is_shared ? 0 : take_all(from, to, [](std::string_view) {});
}

}  // namespace stepbox::sys
