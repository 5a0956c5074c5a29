// The words behind `stepbox warm`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/warm.hpp"

namespace stepbox::companions {

struct WarmArguments {
  std::string store;  // absolute
  std::string verb;
  std::vector<std::string> operands;
  bool json = false;
  bool files = false;
  bool all = false;
  bool help = false;
  std::string generation;
  std::string from;
  std::string key;
  std::string as;
  WarmBounds bounds;
};

// Error: an unknown verb or option, an option that the verb does not take, too few or too many operands. `variable`
// returns the value of a variable, or "".
Result<WarmArguments> read_arguments(std::span<const std::string> words, bool is_root,
                                     const std::function<std::string(const char*)>& variable);

}  // namespace stepbox::companions
