#include "cli/output.hpp"

#include <unistd.h>

#include "base/log.hpp"
#include "model/outcome.hpp"
#include "sys/write_all.hpp"

namespace stepbox::cli {

int print(std::string_view text) {
  const int failed = sys::write_all(STDOUT_FILENO, text);
  if (failed == 0) return 0;
  log::error(Error::from_errno("cannot write to stdout", failed));
  return kExitLauncher;
}

int finish(const Result<int>& result) {
  if (result) return *result;
  log::error(result.error());
  return kExitLauncher;
}

}  // namespace stepbox::cli
