#include "sys/same_content.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace stepbox::sys {
namespace {

constexpr size_t kPiece = size_t{256} << 10;

// Where the next data lies; `end` if there is none before.
uint64_t next_data(int file, uint64_t from, uint64_t end) {
  const off_t at = ::lseek(file, static_cast<off_t>(from), SEEK_DATA);
  if (at >= 0) return std::min(static_cast<uint64_t>(at), end);
  return errno == ENXIO ? end : from;
}

bool read_piece(int file, char* to, size_t size, uint64_t from) {
  for (size_t done = 0; done < size;) {
    const ssize_t got = ::pread(file, to + done, size - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

Fd open_to_compare(int directory, const char* name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  // Only the owner of a file may ask for O_NOATIME.
  Fd file(::openat(directory, name, kFlags | O_NOATIME));
  if (!file && errno == EPERM) file = Fd(::openat(directory, name, kFlags));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return file;
}

Sameness same_content(int one, int other, uint64_t size) {
  const size_t piece = static_cast<size_t>(std::min<uint64_t>(size, kPiece));
  const auto of_one = std::make_unique_for_overwrite<char[]>(piece);
  const auto of_other = std::make_unique_for_overwrite<char[]>(piece);
  for (uint64_t at = 0; at < size;) {
    if (size > kPiece) at = std::min(next_data(one, at, size), next_data(other, at, size));
    const size_t length = static_cast<size_t>(std::min<uint64_t>(piece, size - at));
    if (!read_piece(one, of_one.get(), length, at) || !read_piece(other, of_other.get(), length, at))
      return Sameness::unknown;
    if (std::memcmp(of_one.get(), of_other.get(), length) != 0) return Sameness::different;
    at += length;
  }
  return Sameness::same;
}

}  // namespace stepbox::sys
