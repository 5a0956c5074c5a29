#include "sys/witness.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

constexpr char kName[] = "witness";

// The witness's instructions. Static, because the caller does not wait until the witness has read them.
struct Orders {
  pid_t caller = 0;
  pid_t until = 0;
  std::span<const std::span<char>> blanked = {};  // only for a witness with its own memory
  char* title = nullptr;
};
Orders g_orders;
alignas(16) char g_stack[16 * 1024];

// libc's functions would write to the caller's errno: the witness shares the caller's thread area, too.
inline long raw_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
#else
#error "the system call convention of this architecture is not known here"
#endif
}

// Runs on a stack that no sanitizer knows of.
__attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector)) int be_witness(void*) {
  const Orders orders = g_orders;
  raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  raw_call(SYS_prctl, PR_SET_NAME, reinterpret_cast<long>(kName));
  if (raw_call(SYS_getppid) != orders.caller || raw_call(SYS_close_range, 0, ~0U, 0) != 0) raw_call(SYS_exit_group, 1);
  for (const std::span<char> part : orders.blanked)
    for (volatile char& byte : part) byte = '\0';
  if (orders.title != nullptr)
    for (size_t i = 0; i < sizeof kName; ++i) static_cast<volatile char*>(orders.title)[i] = kName[i];
  const long handle = raw_call(SYS_pidfd_open, orders.until, 0);
  // `until` was reaped before the witness first ran.
  if (handle == -ESRCH) raw_call(SYS_exit_group, 0);
  // Should pidfd_open(2) have failed: poll(2) passes over a negative descriptor.
  pollfd watched{static_cast<int>(handle), POLLIN, 0};
  long ready = 0;
  while (ready == 0 || ready == -EINTR) ready = raw_call(SYS_ppoll, reinterpret_cast<long>(&watched), 1, 0, 0);
  raw_call(SYS_exit_group, 0);
  return 0;
}

// The places of the command line and the initial environment in memory (proc(5), /proc/PID/stat, fields 48 to 51).
struct Texts {
  std::span<char> arguments;
  std::span<char> environment;
};

std::optional<Texts> own_texts() {
  constexpr size_t kFirst = 48 - 3;  // behind "PID (COMM) "
  const auto stat = read_file("/proc/self/stat");
  const size_t name_end = stat ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  uintptr_t bounds[4] = {};
  size_t at = name_end + 2;
  for (size_t field = 0; field < kFirst + 4; ++field) {
    if (field >= kFirst) std::from_chars(stat->data() + at, stat->data() + stat->size(), bounds[field - kFirst]);
    at = std::min(stat->find(' ', at), stat->size() - 1) + 1;
  }
  const auto part = [](uintptr_t from, uintptr_t to) {
    return from == 0 || to <= from ? std::span<char>() : std::span<char>(reinterpret_cast<char*>(from), to - from);
  };
  return Texts{part(bounds[0], bounds[1]), part(bounds[2], bounds[3])};
}

void add_variables(std::vector<std::span<char>>& blanked, std::span<char> environment, const std::vector<std::string>& names) {
  for (size_t at = 0; at < environment.size();) {
    const std::string_view rest(environment.data() + at, environment.size() - at);
    const size_t length = std::min(rest.find('\0'), rest.size() - 1) + 1;
    if (std::ranges::find(names, rest.substr(0, rest.find('='))) != names.end()) blanked.push_back(environment.subspan(at, length));
    at += length;
  }
}

// The caller makes the witness's group: from then on it hears as intended, even if it has not run yet.
pid_t clone_witness(int flags) {
  const pid_t pid = ::clone(be_witness, g_stack + sizeof g_stack, flags, nullptr);
  if (pid < 0 || ::setpgid(pid, pid) == 0) return pid;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, __WALL);
  return -1;
}

}  // namespace

Witness Witness::start(pid_t until) {
  g_orders = {.caller = ::getpid(), .until = until};
  return Witness(clone_witness(CLONE_VM));
}

Witness Witness::start_apart(pid_t until, const std::vector<std::string>& without_variables) {
  std::vector<std::span<char>> blanked;
  Orders orders{.caller = ::getpid(), .until = until};
  if (const auto texts = own_texts()) {
    blanked.push_back(texts->arguments);
    add_variables(blanked, texts->environment, without_variables);
    if (texts->arguments.size() > sizeof kName) orders.title = texts->arguments.data();
  }
  orders.blanked = blanked;
  g_orders = orders;
  return Witness(clone_witness(0));
}

SignalSet Witness::heard() const { return pid_ < 0 ? 0 : pending_signals(AT_FDCWD, pid_); }

void Witness::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

Witness& Witness::operator=(Witness&& other) noexcept {
  if (this != &other) {
    const Witness ended(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

Witness::~Witness() {
  kill();
  while (pid_ > 0 && ::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace stepbox::sys
