// Explains a command that was not found: by its interpreter, or by how it was typed. Looks at the host's files.
#pragma once

#include "model/plan.hpp"
#include "model/report.hpp"

namespace stepbox::run {

// Sets report.interpreter and a hint when the command is an existing script with a missing interpreter.
void tell_missing_interpreter(Report& report, const Plan& plan);

// Sets a hint when the command is one word with blanks in it. Keeps an existing hint.
void hint_at_quoting(Report& report);

}  // namespace stepbox::run
