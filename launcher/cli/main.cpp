#include "base/log.hpp"
#include "cli/dispatch.hpp"
#include "model/outcome.hpp"
#include "sys/own_stack.hpp"

int main(int argc, char** argv) {
  const auto code = stepbox::sys::on_enough_stack(&stepbox::cli::dispatch, argc, argv);
  if (code) return *code;
  stepbox::log::error(code.error());
  return stepbox::kExitLauncher;
}
