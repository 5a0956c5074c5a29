#include "base/result.hpp"

#include <cstring>

namespace stepbox {

std::string errno_name(int number) {
  const char* name = ::strerrorname_np(number);
  return name != nullptr ? std::string(name) : "errno " + std::to_string(number);
}

Error Error::from_errno(std::string what, int number) {
  const char* description = ::strerrordesc_np(number);
  std::string reason = description != nullptr ? description : "unknown error";
  // libc begins its sentences with a capital; ours continue one.
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(reason[0]));
  what += ": " + reason + " (" + errno_name(number) + ")";
  return Error{std::move(what), {}, number};
}

Error Error::within(std::string outer) && {
  message = std::move(outer) + ": " + message;
  return std::move(*this);
}

Error Error::with_hint(std::string text) && {
  hint = std::move(text);
  return std::move(*this);
}

}  // namespace stepbox
