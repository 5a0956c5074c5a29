// reach PATH...: "PATH HOW OK" or "PATH HOW ERRNO" for each way to a process behind a name.
//   stream    connects
//   datagram  sends without connecting
//   pair      the same, from one end of a socket pair
//   fifo      opens for writing
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

void tell(const char* path, const char* how, long result) {
  std::printf("%s %s %s\n", path, how, result >= 0 ? "OK" : strerrorname_np(errno));
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, argv[i], sizeof address.sun_path - 1);
    const auto* there = reinterpret_cast<const sockaddr*>(&address);
    tell(argv[i], "stream", ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), there, sizeof address));
    tell(argv[i], "datagram", ::sendto(::socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, MSG_DONTWAIT, there, sizeof address));
    int pair[2] = {-1, -1};
    const int made = ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    tell(argv[i], "pair", made != 0 ? made : ::sendto(pair[0], "x", 1, MSG_DONTWAIT, there, sizeof address));
    tell(argv[i], "fifo", ::open(argv[i], O_WRONLY | O_NONBLOCK));
  }
  return 0;
}
