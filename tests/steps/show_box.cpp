// show_box PATH...: prints what a step can find out about its isolation, "KEY VALUE" a line, and "done" at the end. A
// value that could not be read is "?" and the errno; the exit status is then 3. It makes few calls, so that a fault
// injector rarely hits them. STEPBOX_HOST_NS holds the outside's namespaces, "mnt:[1] pid:[2] ...", STEPBOX_ABSTRACT
// the name of a socket outside.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

char g_text[256 * 1024];
size_t g_length = 0;
bool g_unknown = false;

__attribute__((format(printf, 1, 2))) void say(const char* format, ...) {
  va_list values;
  va_start(values, format);
  const int more = std::vsnprintf(g_text + g_length, sizeof g_text - g_length, format, values);
  va_end(values);
  if (more > 0) g_length += static_cast<size_t>(more);
}

void say_unknown(const char* key) {
  say("%s ?%d\n", key, errno);
  g_unknown = true;
}

size_t read_whole(const char* path, char* into, size_t size) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = ::read(file, into, size - 1);
  if (length < 0) length = 0;
  into[length] = '\0';
  ::close(file);
  return static_cast<size_t>(length);
}

void show_file(const char* key, const char* path) {
  static char text[16 * 1024];
  errno = 0;
  if (read_whole(path, text, sizeof text) == 0 && errno != 0) return say_unknown(key);
  for (char* at = text; *at != '\0'; ++at)
    if (*at == '\n' || *at == '\t' || *at == ' ') *at = ',';
  say("%s %s\n", key, text);
}

// The status of this process, or of its parent: the box's init, or its substitute.
void show_status(const char* whose, const char* path, std::initializer_list<const char*> keys) {
  static char text[16 * 1024];
  errno = 0;
  if (read_whole(path, text, sizeof text) == 0) return say_unknown(whose);
  for (const char* key : keys) {
    const char* at = std::strstr(text, key);
    if (at == nullptr) continue;
    const char* end = std::strchr(at, '\n');
    at += std::strlen(key);
    say("%s%s ", whose, key);
    for (; at < end; ++at) say("%c", *at == '\t' || *at == ' ' ? ',' : *at);
    say("\n");
  }
}

void show_parent() {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/status", static_cast<int>(::getppid()));
  show_status("parent-", path, {"Uid:", "Gid:", "CapEff:", "CapBnd:", "NoNewPrivs:"});
  std::snprintf(path, sizeof path, "/proc/%d/environ", static_cast<int>(::getppid()));
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno != EACCES && errno != EPERM) return say_unknown("read:parent");
  say("read:parent %s\n", file < 0 ? "no" : "yes");
  ::close(file);
}

// One "mount:NUMBER:PLACE OPTIONS,TYPE" for each mount (proc(5), mountinfo).
void show_mounts() {
  static char text[256 * 1024];
  FILE* file = std::fopen("/proc/self/mountinfo", "re");
  if (file == nullptr) return say_unknown("mounts");
  int count = 0;
  while (std::fgets(text, sizeof text, file) != nullptr) {
    char place[4096];
    char options[512];
    char type[64] = {};
    if (std::sscanf(text, "%*s %*s %*s %*s %4095s %511s", place, options) != 2) continue;
    if (const char* rest = std::strstr(text, " - ")) std::sscanf(rest, " - %63s", type);
    say("mount:%d:%s %s,%s\n", count++, place, options, type);
  }
  if (std::ferror(file) != 0) say_unknown("mounts");
  else say("mounts %d\n", count);
  std::fclose(file);
}

// Whether each namespace is the outside's.
void show_namespaces() {
  const char* outside = std::getenv("STEPBOX_HOST_NS");
  for (const char* name : {"mnt", "pid", "ipc", "uts", "cgroup", "net", "user"}) {
    char path[64];
    char key[64];
    char link[64] = {};
    std::snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    std::snprintf(key, sizeof key, "ns-%s", name);
    if (::readlink(path, link, sizeof link - 1) < 0) say_unknown(key);
    else say("%s %s\n", key, outside != nullptr && std::strstr(outside, link) != nullptr ? "outside" : "own");
  }
}

void show_path(const char* path) {
  for (const int mode : {O_RDONLY, O_WRONLY}) {
    // access(2) does not ask Landlock; and a directory cannot be opened for writing.
    const int file = ::open(path, mode | O_CLOEXEC | O_NONBLOCK);
    bool may = file >= 0;
    if (!may && errno == EISDIR) may = ::faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
    if (!may && errno != ENOENT && errno != EACCES && errno != EROFS && errno != EPERM) g_unknown = true;
    say("%s:%s %s\n", mode == O_RDONLY ? "read" : "write", path, may ? "yes" : "no");
    ::close(file);
  }
  struct statvfs size {};
  if (::statvfs(path, &size) == 0 && size.f_blocks < (1U << 24)) say("size:%s %lu,%lu\n", path, size.f_blocks, size.f_files);
}

void show_abstract_socket() {
  const char* name = std::getenv("STEPBOX_ABSTRACT");
  if (name == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return say_unknown("abstract");
  const int done = ::connect(fd, reinterpret_cast<sockaddr*>(&address),
                             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name)));
  say("abstract %s\n", done == 0 ? "reached" : "refused");
  ::close(fd);
}

void show_rest() {
  rlimit limit{};
  for (const auto resource : {RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_NPROC})
    if (::getrlimit(resource, &limit) == 0) say("rlimit-%d %llu,%llu\n", static_cast<int>(resource), static_cast<unsigned long long>(limit.rlim_cur), static_cast<unsigned long long>(limit.rlim_max));
  int open = 0;
  for (int fd = 3; fd < 64; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  say("descriptors %d\n", open);
  say("leader %d\n", ::getpgrp() == ::getpid() ? 1 : 0);
  // With its own keyring, the step does not have the one that the suite's process names.
  const char* outside = std::getenv("STEPBOX_HOST_KEYRING");
  const long own = ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
  if (own > 0 && outside != nullptr) say("keyring %s\n", std::atol(outside) == own ? "outside" : "own");
  for (const char* name : {"HOME", "TMPDIR", "XDG_CACHE_HOME", "GOCACHE", "PATH"}) {
    const char* value = std::getenv(name);
    say("env:%s %s\n", name, value != nullptr ? value : "(unset)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  show_status("", "/proc/self/status",
              {"Uid:", "Gid:", "Groups:", "SigBlk:", "SigIgn:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:",
               "Seccomp:", "Seccomp_filters:"});
  show_parent();
  show_mounts();
  show_file("uid_map", "/proc/self/uid_map");
  show_file("gid_map", "/proc/self/gid_map");
  show_file("shmall", "/proc/sys/kernel/shmall");
  show_file("user-namespaces", "/proc/sys/user/max_user_namespaces");
  show_file("group", "/proc/self/cgroup");
  show_namespaces();
  for (int i = 1; i < argc; ++i) show_path(argv[i]);
  show_abstract_socket();
  show_rest();
  say("done\n");
  if (::write(1, g_text, g_length) != static_cast<ssize_t>(g_length)) return 4;
  return g_unknown ? 3 : 0;
}
