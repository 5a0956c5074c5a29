// Lists an open directory without allocating: for use between clone and execve, and where the directory may be hostile.
#pragma once

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

namespace stepbox::sys {

// Calls `take` with the name of each entry but "." and "..", from the beginning; a `take` that returns false ends the
// listing. Entries that come or go meanwhile may be left out (getdents64(2)). Returns 0, or the errno that ended the
// listing too early.
template <class Take>
int for_each_entry(int directory, Take take) {
  alignas(dirent64) char buffer[8192];
  ::lseek(directory, 0, SEEK_SET);
  long got = 0;
  while ((got = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      if constexpr (std::is_same_v<std::invoke_result_t<Take&, const char*>, bool>) {
        if (!take(entry->d_name)) return 0;
      } else {
        take(entry->d_name);
      }
    }
  }
  return got < 0 ? errno : 0;
}

}  // namespace stepbox::sys
