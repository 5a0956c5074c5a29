#include "base/result.hpp"

#include <cstring>

namespace stepbox {

std::string errno_name(int number) {
  const char* name = ::strerrorname_np(number);
  return name != nullptr ? std::string(name) : "errno " + std::to_string(number);
}

namespace {

// Resources that a machine or a caller can run out of: the remedy does not depend on the call that failed.
struct Shortage {
  int number;
  const char* hint;
};
constexpr Shortage kShortages[] = {
    {EMFILE, "raise the limit on open files (ulimit -n)"},
    {ENFILE, "raise the system's limit on open files (sysctl fs.file-max)"},
    {ENOMEM, "free some memory, or raise the limit on it (ulimit -v, the control group that stepbox runs in)"},
};

}  // namespace

const char* remedy_for_shortage(int number) {
  for (const Shortage& shortage : kShortages)
    if (shortage.number == number) return shortage.hint;
  return "";
}

Error Error::from_errno(std::string what, int number) {
  const char* description = ::strerrordesc_np(number);
  std::string reason = description != nullptr ? description : "unknown error";
  // libc begins its sentences with a capital; ours continue one.
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(reason[0]));
  what += ": " + reason + " (" + errno_name(number) + ")";
  return Error{std::move(what), remedy_for_shortage(number), number};
}

Error Error::within(std::string outer) && {
  for (size_t end = message.find('\n'); end != std::string::npos; end = message.find('\n', end + 1))
    if (!message.substr(end + 1).starts_with(' ')) message.insert(end + 1, outer + ": ");
  message.insert(0, std::move(outer) + ": ");
  return std::move(*this);
}

Error Error::with_hint(std::string text) && {
  hint = std::move(text);
  return std::move(*this);
}

Error together(std::vector<Error> errors) {
  Error all = std::move(errors.front());
  for (size_t i = 1; i < errors.size(); ++i) {
    all.message += "\n" + errors[i].message;
    if (all.hint.empty()) all.hint = std::move(errors[i].hint);
  }
  return all;
}

}  // namespace stepbox
