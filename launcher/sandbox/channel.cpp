#include "sandbox/channel.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <cstring>

namespace stepbox::sandbox {
namespace {

bool send_with(int channel, const Message& message, int flags) {
  ssize_t sent = 0;
  do {
    sent = ::send(channel, &message, sizeof message, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

}  // namespace

bool send_message(int channel, const Message& message) { return send_with(channel, message, 0); }

bool send_or_drop(int channel, const Message& message) { return send_with(channel, message, MSG_DONTWAIT); }

bool has_room(int channel) {
  int in_flight = 0;
  int most = 0;
  socklen_t length = sizeof most;
  return ::ioctl(channel, SIOCOUTQ, &in_flight) == 0 &&
         ::getsockopt(channel, SOL_SOCKET, SO_SNDBUF, &most, &length) == 0 && in_flight < most / 2;
}

int64_t monotonic_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool asks_to_end(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT; }

bool continues_step(const Message& order) {
  if (order.kind != Kind::signal) return order.kind == Kind::resume;
  return order.value == SIGCONT || asks_to_end(order.value);
}

int send_with_descriptors(int socket, iovec part, const int* fds, size_t count) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
  count = std::min<size_t>(count, kMaxDescriptors);
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

// If a peer closes with unread messages, the kernel reports ECONNRESET once, before the peer's own messages
// (unix_release_sock() in net/unix/af_unix.c). These messages still follow, and then the end of file.
Received receive_with_descriptors(int socket, iovec part, int (&fds)[kMaxDescriptors]) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  Received received;
  do {
    received.bytes = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (received.bytes < 0 && (errno == EINTR || errno == ECONNRESET));
  const cmsghdr* rights = received.bytes > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) return received;
  received.count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  std::memcpy(fds, CMSG_DATA(rights), received.count * sizeof(int));
  return received;
}

}  // namespace stepbox::sandbox
