// Messages to the user: lines on stderr with the prefix "stepbox: ". Nothing here ever writes to stdout.
//
// Only the outermost room (cli) and warnings of a run use say(); rooms return Result. Any code on the supervisor's side
// may call debug(), except between clone and execve (it allocates).
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::log {

enum class Verbosity { normal, verbose };

// Turns debug lines on or off. They are off at first.
void set_verbosity(Verbosity verbosity);
bool is_verbose();

// The time that all further lines together may wait for standard error to accept them: a pipe without a reader must
// neither delay the step's start nor hold back the exit code. Two seconds before the first call.
void set_patience(std::chrono::milliseconds patience);
// How many lines were lost because standard error did not accept them in time.
unsigned lost_lines();

// One line each, written with a single write(2) so that it is never torn by the step's own output.
void say(std::string_view line);
void warn(std::string_view line);
void debug(std::string_view line);

// One thing to do, after "hint: " on a line of its own.
void hint(std::string_view text);

// The error's message, a line for each of its lines, and its hint on a line of its own.
void error(const Error& error);

}  // namespace stepbox::log
