// Names in the directory of a warm cache, and the pieces from which pins, saves and prunes are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"
#include "warm/store.hpp"

namespace stepbox::warm {

inline constexpr const char* kLock = "lock";
inline constexpr const char* kCurrent = "current";
inline constexpr const char* kKeys = "keys";
inline constexpr const char* kGenerations = "generations";
inline constexpr const char* kUnfinished = "unfinished";
inline constexpr const char* kManifest = "manifest";
inline constexpr const char* kSeal = "seal";
inline constexpr const char* kTree = "tree";

// Whether the text is the id of a generation: digits, '-', hexadecimal digits. Safe as a name in a path.
bool is_generation_id(std::string_view text);
// Pure: "000042-9f86d081884c".
std::string make_generation_id(uint64_t number, std::string_view digest);
uint64_t number_of_id(std::string_view id);
// Whether the text may be a key: at most 64 letters, digits, '.', '_' and '-', not beginning with a '.'.
bool is_key(std::string_view text);

// "generations/ID" or "generations/ID/NAME".
std::string generation_path(const std::string& id, const char* name = "");

// The id that a symbolic link of the cache's directory has, or nothing. Error: it cannot be read, or is no id.
Result<std::optional<std::string>> read_id(int cache, const std::string& link);

// All generations, oldest first. Nothing is looked at but their names.
Result<std::vector<std::string>> list_generations(int cache);

// Makes sure that the directory `name` in `above` exists (mode 0700) and is the caller's alone; opens it.
Result<sys::Fd> make_own_directory(int above, const std::string& name, const std::string& path);

// Opens a directory, and refuses one that is not the caller's alone. Nothing if it does not exist.
Result<std::optional<sys::Fd>> open_own_directory(int above, const std::string& name, const std::string& path);

// Locks a file of the store, as of flock(2), without waiting. Nothing if another process has a lock that excludes this
// one, or if the file is gone or was replaced meanwhile.
Result<std::optional<sys::Fd>> try_lock(int above, const std::string& name, int operation);

// The lock that a save, a prune and a clean-up need. Nothing if another process has it.
Result<std::optional<sys::Fd>> try_lock_cache(int cache);

// Removes what killed saves and prunes have left: unfinished/, and generations that never became the newest. Needs the
// lock of the cache.
Result<> clean_up(int cache);

// Moves a generation to unfinished/ and removes it there; false if a box reads it. Needs the lock of the cache.
Result<bool> remove_generation(int cache, const std::string& id);

// Makes unfinished/, with mode 0700, and opens it.
Result<sys::Fd> open_unfinished(int cache);
// Removes it, with everything in it.
Result<> close_unfinished(int cache);

}  // namespace stepbox::warm
