#include "sandbox/call_listener.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>

#include "sys/calls.hpp"
#include "sys/files.hpp"

namespace stepbox::sandbox {
namespace {

// Empty if it cannot be read.
std::string name_of_process(uint32_t pid) {
  std::string name = sys::read_file("/proc/" + std::to_string(pid) + "/comm").value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace

CallListener::CallListener(int listener) : listener_(listener) {
  seccomp_notif_sizes sizes{};
  if (listener_ >= 0) sys::seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
  question_.resize(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)));
}

bool CallListener::take(short events) {
  if ((events & POLLIN) != 0) answer_next();
  return (events & POLLHUP) == 0;
}

void CallListener::answer_next() {
  // The kernel requires a zeroed buffer.
  std::ranges::fill(question_, std::byte{});
  auto& question = *reinterpret_cast<seccomp_notif*>(question_.data());
  // The asking process may have been killed.
  if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) return;
  std::string process = log_.knows(question.data) ? std::string() : name_of_process(question.pid);
  seccomp_notif_resp answer{};
  answer.id = question.id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  // Counts the call only if its process is still waiting, which also proves that the name is that process's. A call
  // interrupted by a signal comes again.
  if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0) log_.add(question.data, std::move(process));
}

}  // namespace stepbox::sandbox
