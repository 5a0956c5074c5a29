// What a function of stepbox returns when it can fail: a value, or an Error.
//
// An Error says that stepbox itself could not do its work. How the step ends is never an Error but
// an Outcome (model/outcome.hpp).
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace stepbox {

// What was tried and why it failed, in words for a person, with the one thing to do about it.
//
// `message` is lower case, without prefix and without a full stop; context is added on the way up
// with within(). It has several lines when it reports several mistakes or a sum; an indented line
// continues the one above. `hint` is empty or one imperative sentence. `number` is the errno behind
// it, or 0; callers may branch on it, and the message already spells it out.
struct Error {
  std::string message;
  std::string hint = {};
  int number = 0;

  // Appends the reason of a failed call to what was tried: "cannot open 'x': no such file or directory
  // (ENOENT)". Give it an errno saved before anything else ran. A shortage (EMFILE, ENFILE, ENOMEM) gets a hint.
  static Error from_errno(std::string what, int number);

  // The same error with its context in front, "outer: message"; of several mistakes, in front of each.
  Error within(std::string outer) &&;
  Error with_hint(std::string text) &&;
};

// Joins one or more errors into one: a line for each message, and the first hint.
Error together(std::vector<Error> errors);

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message, std::string hint = {}) {
  return std::unexpected(Error{std::move(message), std::move(hint)});
}
inline std::unexpected<Error> fail_errno(std::string what, int number) {
  return std::unexpected(Error::from_errno(std::move(what), number));
}

// The symbolic name of an errno, "EBUSY"; "errno 4711" for a number libc does not know.
std::string errno_name(int number);

// The remedy for an errno that means too little memory or too few descriptors; empty for any other.
const char* remedy_for_shortage(int number);

}  // namespace stepbox

#define STEPBOX_CONCAT_(a, b) a##b
#define STEPBOX_CONCAT(a, b) STEPBOX_CONCAT_(a, b)

// Returns the error of `expression` to the caller, or goes on.
#define TRY(expression)                                                      \
  do {                                                                       \
    if (auto try_result = (expression); !try_result)                         \
      return std::unexpected(std::move(try_result).error());                 \
  } while (false)

// Returns the error of `expression` to the caller, or binds its value: TRY_ASSIGN(auto fd, open(x));
#define TRY_ASSIGN(declaration, expression) \
  TRY_ASSIGN_(STEPBOX_CONCAT(try_result_, __LINE__), declaration, expression)
#define TRY_ASSIGN_(result, declaration, expression)                         \
  auto result = (expression);                                                \
  if (!result) return std::unexpected(std::move(result).error());            \
  declaration = std::move(*result)
