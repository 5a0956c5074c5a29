#include "sys/users.hpp"

#include <pwd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "sys/helper_process.hpp"

namespace stepbox::sys {

std::optional<std::string> passwd_home(uid_t uid) {
  if (const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::fopen("/etc/passwd", "re"), &std::fclose); file) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    while (::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0)
      if (found->pw_uid == uid) return std::string(found->pw_dir);
  }
  const Result<HelperOutput> answer =
      run_helper("/usr/bin/getent", {"passwd", std::to_string(uid)}, std::chrono::seconds(5));
  if (!answer || answer->exit_code != 0) return std::nullopt;
  const auto fields = split(std::string_view(answer->output).substr(0, answer->output.find('\n')), ':');
  return fields.size() >= 6 ? std::optional<std::string>(fields[5]) : std::nullopt;
}

}  // namespace stepbox::sys
