#include "sandbox/channel.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace stepbox::sandbox {

bool send_message(int channel, const Message& message) {
  ssize_t sent = 0;
  do {
    sent = ::send(channel, &message, sizeof message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

}  // namespace stepbox::sandbox
