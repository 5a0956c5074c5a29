// What stepbox says: lines on stderr with the prefix "stepbox: ". Nothing ever goes to stdout here.
//
// Only the outermost room (cli) and warnings of a run use say(); rooms return Result. debug() is free
// to use anywhere on the supervisor's side, never between clone and execve (it allocates).
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::log {

enum class Verbosity { normal, verbose };

// Chooses whether debug lines are printed. Before the first call they are not.
void set_verbosity(Verbosity verbosity);
bool is_verbose();

// How long the lines wait from here on, all together, for standard error to take them: a pipe that nobody empties must not
// keep a step from its start, nor an exit code back. Before the first call two seconds.
void set_patience(std::chrono::milliseconds patience);
// How many lines it did not take in time, so that they are lost.
unsigned lost_lines();

// One line each, written with a single write(2) so that it is never torn by the step's own output.
void say(std::string_view line);
void warn(std::string_view line);
void debug(std::string_view line);

// One thing to do, behind "hint: " on a line of its own.
void hint(std::string_view text);

// The error's message, a line for each of its lines, and its hint on a line of its own.
void error(const Error& error);

}  // namespace stepbox::log
