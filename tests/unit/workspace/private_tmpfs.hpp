// A tmpfs that is mounted nowhere: only its descriptor knows it, and it is gone when that is closed.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sys/calls.hpp"
#include "sys/fd.hpp"

namespace stepbox::test {

// Empty, with errno in `error`, where this process may not mount.
inline sys::Fd private_tmpfs(const char* size, const char* inodes, int& error) {
  const sys::Fd context(sys::fsopen("tmpfs"));
  error = errno;
  if (!context) return {};
  sys::fsconfig_string(context.get(), "size", size);
  sys::fsconfig_string(context.get(), "nr_inodes", inodes);
  sys::fsconfig_create(context.get());
  sys::Fd mount(sys::fsmount(context.get(), 0));
  error = errno;
  return mount;
}

}  // namespace stepbox::test
