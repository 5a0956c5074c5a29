// Small text helpers that every room uses. Pure; nothing here touches the machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox {

// The text in single quotes, safe to print on a terminal: control characters and bytes that are not
// valid UTF-8 appear as \n, \t, \xNN, and a backslash or quote is escaped. For every name that comes
// from outside.
std::string quoted(std::string_view text);

// The same escapes, without the quotes.
std::string escaped(std::string_view text);

// The text as one word for a shell, as it is if no character needs quotes, and on one line. For every path and command
// in advice that a user may type.
std::string shell_word(std::string_view text);

// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

// The candidate closest to `word` by edit distance (a swap of neighbours counts as one), or an empty
// view when none is near enough to be what was meant. Views into `candidates`.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "did you mean 'x'?" for the nearest candidate, or an empty string.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

// The nearest candidate; if none is near, all of them, "one of a, b and c", if they fit on a line; else empty.
std::string nearest_or_all(std::string_view word, std::span<const std::string_view> candidates);

// A sum as a person would write it down: an indented line for each amount, right-aligned, followed by what it is for.
//
//     512 MiB  volume 'cache' (--volume)
//      16 MiB  programs of the step
//     528 MiB  together
//
// Begins with a newline, so that it can follow a message.
struct SumLine {
  std::string amount;
  std::string what;
};
std::string sum_text(std::span<const SumLine> lines, const std::string& total);

// "0x1f".
std::string hex_text(uint64_t number);

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string_view> split(std::string_view text, char separator);

// Whether `path` is `directory` or lies below it. Both absolute and normal (no "..", no "//").
bool is_within(std::string_view path, std::string_view directory);

// An absolute path without ".", "..", "//" or a trailing slash, by words alone: no link is followed.
// `path` must be absolute.
std::string lexically_normal(std::string_view path);

// Whether a shell pattern with * and ? matches the whole of `text`.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace stepbox
