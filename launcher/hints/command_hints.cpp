#include "hints/command_hints.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stepbox::hints {
namespace {

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool begins_with_assignment(std::string_view text) {
  const size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0 && std::ranges::all_of(text.substr(0, equals), is_name_character);
}

// Without the quotes, the caller's shell would act on these characters itself.
bool needs_shell(std::string_view text) {
  return text.find_first_of(";&|<>$()*?[]{}~#!`\\\"'\n") != std::string_view::npos || begins_with_assignment(text);
}

}  // namespace

std::string quoting_hint(std::string_view word) {
  if (!word.contains(' ')) return {};
  const std::string remedy = needs_shell(word) ? "have a shell split it: sh -c " + shell_word(word)
                                               : "leave out the quotes around it: " + escaped(word);
  return "the command is one word with blanks in it: " + remedy;
}

std::string interpreter_hint(std::string_view interpreter) {
  if (interpreter.ends_with('\r')) return "the script's lines end in carriage return and newline, as on Windows: convert it (sed -i 's/\\r$//')";
  return "correct the script's first line, or install the program that it names";
}

}  // namespace stepbox::hints
