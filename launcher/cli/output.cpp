#include "cli/output.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/log.hpp"
#include "model/outcome.hpp"

namespace stepbox::cli {

int print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      log::error(Error::from_errno("cannot write to stdout", errno));
      return kExitLauncher;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

int finish(const Result<int>& result) {
  if (result) return *result;
  log::error(result.error());
  return kExitLauncher;
}

}  // namespace stepbox::cli
