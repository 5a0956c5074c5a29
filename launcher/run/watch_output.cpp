#include "run/watch_output.hpp"

#include <unistd.h>

#include <cerrno>

namespace stepbox::run {
namespace {

std::string remedy_of(int error) {
  if (error == EMFILE || error == ENOSPC) return "raise fs.inotify.max_user_instances and fs.inotify.max_user_watches";
  return "redirect stepbox's output to a pipe (2>&1 | cat) or a file, or do without the limit";
}

}  // namespace

Result<std::optional<sys::WriteWatch>> watch_output(const Deadlines& deadlines) {
  if (!deadlines.silence.value) return std::nullopt;
  // The step inherits stepbox's stdout and stderr.
  auto watch = sys::WriteWatch::open({STDOUT_FILENO, STDERR_FILENO});
  if (watch) return std::move(*watch);
  const int error = watch.error().number;
  return std::unexpected(std::move(watch)
                             .error()
                             .within("the limit on silence (" + deadlines.silence.origin.text() + ") cannot be kept")
                             .with_hint(remedy_of(error)));
}

}  // namespace stepbox::run
