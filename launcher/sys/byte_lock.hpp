// Locks that die with their holder: many in one file, a byte each (fcntl(2), open file description locks).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {

struct ByteLock {
  Fd file;  // the lock lasts until this and all its copies are closed
  uint32_t byte;
};

// Locks one of the first `count` bytes of the file "`directory`/`name`": the first free one from `start` on, wrapping
// at the end. Nothing if all are taken. Makes the directory, for the caller alone, and the file, which stays empty;
// neither is ever removed, since another process may be about to lock it. A directory that other users can write to is
// an Error.
Result<std::optional<ByteLock>> lock_free_byte(const std::string& directory, const std::string& name, uint32_t count, uint32_t start);

}  // namespace stepbox::sys
