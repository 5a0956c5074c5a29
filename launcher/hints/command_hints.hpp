// Explains a command that did not start by how it was typed, and by the script's interpreter. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stepbox::hints {

// For a command of one word with blanks in it, which was not found; empty for other words.
std::string quoting_hint(std::string_view word);

// For a script whose interpreter was not found. Whether the host has that file is not for the script's author to know.
std::string interpreter_hint(std::string_view interpreter);

}  // namespace stepbox::hints
