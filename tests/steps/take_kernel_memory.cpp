// take_kernel_memory KIND COUNT: asks the kernel COUNT times for memory of that kind, or until it refuses. Says "KIND
// TAKEN ERRNO" ("OK" when the kernel never refused), then "held", and holds everything until its input ends.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct AclEntry {
  uint16_t tag;
  uint16_t permissions;
  uint32_t id;
};

// The largest that the kernel accepts: 64 KiB (acl(5), and the form of setxattr(2) in linux/posix_acl_xattr.h).
std::string large_list() {
  constexpr size_t kMost = (65536 - sizeof(uint32_t)) / sizeof(AclEntry);
  constexpr uint32_t kVersion = 2;
  constexpr uint32_t kNobody = ~0U;
  std::vector<AclEntry> entries(kMost, {0x02, 7, ::getuid()});
  entries.front() = {0x01, 7, kNobody};
  entries[kMost - 3] = {0x04, 7, kNobody};
  entries[kMost - 2] = {0x10, 7, kNobody};
  entries[kMost - 1] = {0x20, 7, kNobody};
  std::string text(reinterpret_cast<const char*>(&kVersion), sizeof kVersion);
  return text.append(reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(AclEntry));
}

// Each returns whether the kernel gave the memory; errno says why not.
bool take_list(int i, const char* name) {
  static const std::string list = large_list();
  const std::string path = "/tmp/listed" + std::to_string(i);
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return false;
  return ::setxattr(path.c_str(), name, list.data(), list.size(), 0) == 0;
}

bool take_lists(int i) { return take_list(i, "system.posix_acl_access") && take_list(i, "system.posix_acl_default"); }

bool take_key(int i) {
  constexpr int kProcessKeyring = -2;
  const std::string name = "key" + std::to_string(i), text(2000, 'x');
  return ::syscall(SYS_add_key, "user", name.c_str(), text.data(), text.size(), kProcessKeyring) >= 0;
}

bool take_file_lock(int) {
  const int fd = ::open("/tmp/locked", O_RDWR | O_CREAT, 0600);
  return fd >= 0 && ::flock(fd, LOCK_SH) == 0;
}

bool take_table(int i) {
  std::vector<pollfd> table(static_cast<size_t>(i) + 1, pollfd{-1, 0, 0});
  return ::poll(table.data(), table.size(), 0) == 0;
}

void fill(int fd) {
  static const std::vector<char> text(1 << 16);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  while (::write(fd, text.data(), text.size()) > 0) {}
}

// A connection with both directions full, which nobody reads.
bool take_connection(int) {
  static const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  static sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  static socklen_t length = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  static const bool listens = ::bind(server, name, length) == 0 && ::listen(server, 16) == 0 && ::getsockname(server, name, &length) == 0;
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  // When sockets have no memory left, a connection is made late or never.
  constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (!listens || ::connect(client, name, length) != 0) return false;
  const int peer = ::accept(server, nullptr, nullptr);
  if (peer < 0) return false;
  fill(client);
  fill(peer);
  return true;
}

struct Kind {
  const char* name;
  bool (*take)(int i);
};
constexpr Kind kKinds[] = {{"lists", take_lists},           {"keys", take_key},   {"file-locks", take_file_lock},
                           {"connections", take_connection}, {"tables", take_table}};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (const Kind& kind : kKinds) {
    if (std::strcmp(argv[1], kind.name) != 0) continue;
    int taken = 0;
    const int count = std::atoi(argv[2]);
    errno = 0;
    while (taken < count && kind.take(taken)) ++taken;
    std::printf("%s %d %s\nheld\n", kind.name, taken, taken == count ? "OK" : ::strerrorname_np(errno));
    std::fflush(stdout);
    while (std::getchar() != EOF) {}
    return 0;
  }
  return 2;
}
