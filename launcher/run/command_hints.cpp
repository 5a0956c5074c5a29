#include "run/command_hints.hpp"

#include "base/text.hpp"
#include "plan/parts.hpp"
#include "sys/files.hpp"
#include "sys/script.hpp"

namespace stepbox::run {
namespace {

std::string hint_about(const std::string& interpreter, const Plan& plan) {
  if (interpreter.ends_with('\r')) return "the script's lines end in carriage return and newline, as on Windows: convert it (sed -i 's/\\r$//')";
  if (plan.isolation == Isolation::full && interpreter.starts_with('/') && sys::kind_of(interpreter).value_or(sys::PathKind::missing) == sys::PathKind::file)
    return quoted(interpreter) + " exists on the host but is hidden in the box: show it with --ro " +
           escaped(interpreter.substr(0, std::max<size_t>(interpreter.rfind('/'), 1)));
  return "correct the script's first line, or install the program that it names";
}

}  // namespace

void tell_missing_interpreter(Report& report, const Plan& plan) {
  const NotStarted* refused = std::get_if<NotStarted>(&report.outcome);
  if (refused == nullptr || refused->program < 0 || static_cast<size_t>(refused->program) >= plan.programs.size()) return;
  // The program exists in the box, so it is at the same path of the host: the workspace is empty before the step.
  const std::string& program = plan.programs[static_cast<size_t>(refused->program)];
  report.interpreter = sys::interpreter_of(program.starts_with('/') ? program : plan.cwd + "/" + program).value_or("");
  if (!report.interpreter.empty()) report.hint = hint_about(report.interpreter, plan);
}

void hint_at_quoting(Report& report) {
  if (report.verdict != Verdict::not_found || !report.hint.empty() || report.argv.size() != 1 || !report.argv.front().contains(' ')) return;
  report.hint = "the command is one word with blanks in it: leave out the quotes around it, or have a shell split it (sh -c " +
                quoted(report.argv.front()) + ")";
}

}  // namespace stepbox::run
