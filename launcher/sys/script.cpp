#include "sys/script.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

constexpr size_t kBytesThatCount = 256;  // BINPRM_BUF_SIZE

}  // namespace

std::optional<std::string> interpreter_of(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  char bytes[kBytesThatCount];
  const ssize_t count = ::read(file.get(), bytes, sizeof bytes);
  std::string_view line(bytes, count > 0 ? static_cast<size_t>(count) : 0);
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  line = line.substr(0, line.find_first_of(std::string_view(" \t\0", 3)));
  return line.empty() ? std::nullopt : std::optional<std::string>(line);
}

}  // namespace stepbox::sys
