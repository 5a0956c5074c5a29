// What can be said of a command that was not found: its interpreter, or how it was typed. Looks at the host's files.
#pragma once

#include "model/plan.hpp"
#include "model/report.hpp"

namespace stepbox::run {

// Where the command is a script that is there, and its interpreter is not: report.interpreter, and a hint.
void tell_missing_interpreter(Report& report, const Plan& plan);

// Where the command was typed as one word with blanks in it: a hint. Keeps a hint that is there.
void hint_at_quoting(Report& report);

}  // namespace stepbox::run
