// Refuses a value, a key or a name, and suggests the word that may have been meant.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/text.hpp"

namespace stepbox::policy {

// The end of a message: " (did you mean 'size'?)". Empty if there is nothing to suggest.
inline std::string in_parentheses(std::string_view suggestion) {
  return suggestion.empty() ? std::string() : " (" + std::string(suggestion) + ")";
}

// "'casche' is not a volume (did you mean 'cache'?)"
inline std::unexpected<Error> not_a(std::string_view value, std::string_view expected, std::string_view suggestion = {}) {
  return fail(quoted(value) + " is not " + std::string(expected) + in_parentheses(suggestion));
}

}  // namespace stepbox::policy
