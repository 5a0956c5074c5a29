// The directory of a warm cache for those that change it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "warm/store.hpp"

namespace stepbox::warm {

// Opens the directory of a warm cache; makes it, and the store, if they are missing. Only the caller may enter them.
Result<Place> make_cache(const std::string& store, const std::string& name);

// The lock of the cache. Waits for another process that has it; nothing if it still has it after that time.
Result<std::optional<sys::Fd>> lock_cache(int cache, std::chrono::milliseconds patience);

}  // namespace stepbox::warm
