#include "sys/users.hpp"

#include <charconv>

#include "base/text.hpp"
#include "sys/files.hpp"
#include "sys/helper_process.hpp"

namespace stepbox::sys {
namespace {

// A site that keeps every user in the file has some megabytes.
constexpr size_t kMaxBytes = size_t{64} << 20;

// Comments, and the marks of NIS, which have no uid of their own.
constexpr std::string_view kNoEntry = "#+-";

// Exit codes of getent(1).
constexpr int kFound = 0;
constexpr int kNoSuchKey = 2;

bool is_number(std::string_view text, uid_t wanted) {
  uid_t found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  return error == std::errc() && end == text.data() + text.size() && found == wanted;
}

Result<std::optional<std::string>> ask_getent(uid_t uid) {
  constexpr const char* kGetent = "/usr/bin/getent";
  TRY_ASSIGN(const PathKind kind, kind_of(kGetent));
  if (kind == PathKind::missing) return std::nullopt;
  TRY_ASSIGN(const HelperOutput answer, run_helper(kGetent, {"passwd", std::to_string(uid)}, std::chrono::seconds(5)));
  if (answer.exit_code == kNoSuchKey) return std::nullopt;
  if (answer.exit_code == kFound) return home_in_passwd(answer.output, uid);
  return fail("getent passwd " + std::to_string(uid) + " ended with code " + std::to_string(answer.exit_code));
}

}  // namespace

std::optional<std::string> home_in_passwd(std::string_view text, uid_t uid) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || kNoEntry.contains(line[0])) continue;
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() >= 6 && is_number(fields[2], uid)) return std::string(fields[5]);
  }
  return std::nullopt;
}

Result<std::optional<std::string>> passwd_home(uid_t uid) {
  const Result<std::string> text = read_file("/etc/passwd", kMaxBytes);
  if (!text && !means_absent(text.error().number)) return std::unexpected(text.error());
  if (text)
    if (auto home = home_in_passwd(*text, uid)) return home;
  return ask_getent(uid);
}

}  // namespace stepbox::sys
