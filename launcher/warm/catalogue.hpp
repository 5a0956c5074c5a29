// What the store holds, for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/warm.hpp"
#include "warm/store.hpp"

namespace stepbox::warm {

struct Listed {
  WarmGeneration generation;  // of a refused one only name and id are known
  bool is_newest = false;
  bool is_in_use = false;  // a box reads it
  std::string refusal;     // why a pin would refuse it; empty: it would not
};

// The names of all warm caches in the store, sorted; empty if there is no store. Error: it is not the caller's alone.
Result<std::vector<std::string>> list_names(const std::string& store);

// The generations of a warm cache, the newest first; nothing if there is no warm cache of that name. Changes nothing.
Result<std::optional<std::vector<Listed>>> list_cache(const std::string& store, const std::string& name);

}  // namespace stepbox::warm
