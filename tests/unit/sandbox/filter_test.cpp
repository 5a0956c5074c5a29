// The compiled filter against policies/seccomp/default.yaml, without loading it.
#include <linux/audit.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <iterator>
#include <map>
#include <random>

#include "sandbox/bpf_machine.hpp"
#include "sandbox/filter_table.hpp"

using namespace stepbox::sandbox;
using stepbox::test::answer_of;

namespace {

constexpr uint32_t refused(int number) {
  return SECCOMP_RET_ERRNO | static_cast<uint32_t>(number);
}

uint32_t answer(uint32_t arch, uint32_t number, uint64_t second = 0) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = arch;
  call.args[1] = second;
  return answer_of(kFilterProgram, call);
}

#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr uint32_t kX32 = 0x40000000;

// What the profile names, by the kernel's tables (arch/x86/entry/syscalls/syscall_{64,32}.tbl).
const std::map<uint32_t, uint32_t> kRefused64 = {{248, refused(EPERM)},  {249, refused(EPERM)},
                                                 {250, refused(EPERM)},  {425, refused(ENOSYS)},
                                                 {426, refused(ENOSYS)}, {427, refused(ENOSYS)}};
const std::map<uint32_t, uint32_t> kRefused32 = {{286, refused(EPERM)},  {287, refused(EPERM)},
                                                 {288, refused(EPERM)},  {425, refused(ENOSYS)},
                                                 {426, refused(ENOSYS)}, {427, refused(ENOSYS)}};
constexpr uint32_t kIoctl64 = 16;
constexpr uint32_t kIoctl32 = 54;
constexpr uint32_t kIoctlX32 = 514;  // x32 has an entry of its own for the calls whose structures differ

uint32_t expected(const std::map<uint32_t, uint32_t>& table, uint32_t number) {
  const auto found = table.find(number);
  return found == table.end() ? SECCOMP_RET_ALLOW : found->second;
}
#endif

}  // namespace

TEST_CASE("the filter's rules are named and have a reason", "[sandbox][filter]") {
  std::vector<std::string_view> names;
  for (const FilterRule& rule : filter_rules()) {
    names.push_back(rule.name);
    CHECK_FALSE(rule.why.empty());
  }
  CHECK(names == std::vector<std::string_view>{"terminal-injection", "io-uring", "keyrings"});
}

TEST_CASE("the filter fits into what the kernel takes", "[sandbox][filter]") {
  CHECK_FALSE(kFilterProgram.empty());
  CHECK(kFilterProgram.size() <= BPF_MAXINSNS);
}

#if defined(__x86_64__)

TEST_CASE("a native call is allowed but for the ones that the profile names", "[sandbox][filter]") {
  for (uint32_t number = 0; number <= 600; ++number) {
    INFO(number);
    CHECK(answer(kNative, number) == expected(kRefused64, number));
  }
}

TEST_CASE("a 32-bit call is allowed but for the ones that the profile names", "[sandbox][filter]") {
  for (uint32_t number = 0; number <= 600; ++number) {
    INFO(number);
    CHECK(answer(AUDIT_ARCH_I386, number) == expected(kRefused32, number));
  }
}

TEST_CASE("an x32 call is allowed but for the ones that the profile names", "[sandbox][filter]") {
  for (uint32_t number = 0; number <= 600; ++number) {
    INFO(number);
    CHECK(answer(kNative, kX32 | number) == expected(kRefused64, number));
  }
}

TEST_CASE("nothing can be put into the terminal's input, by any way of entering the kernel", "[sandbox][filter]") {
  struct Entry {
    uint32_t arch;
    uint32_t number;
  };
  for (const Entry entry :
       {Entry{kNative, kIoctl64}, Entry{AUDIT_ARCH_I386, kIoctl32}, Entry{kNative, kX32 | kIoctlX32}}) {
    for (const uint64_t request : {uint64_t{TIOCSTI}, uint64_t{TIOCLINUX}}) {
      INFO(entry.number << " " << request);
      // The kernel looks at 32 bits of the request, so that the others must not matter.
      for (const uint64_t high :
           {uint64_t{0}, uint64_t{1} << 32, uint64_t{0x80000000} << 32, uint64_t{0xffffffff} << 32})
        CHECK(answer(entry.arch, entry.number, high | request) == refused(EPERM));
    }
  }
}

TEST_CASE("every other request to a terminal is allowed", "[sandbox][filter]") {
  for (const uint64_t request : {TCGETS, TCSETS, TIOCGWINSZ, TIOCSCTTY, TIOCNOTTY, TIOCSPGRP, FIONREAD, FIOCLEX})
    CHECK(answer(kNative, kIoctl64, request) == SECCOMP_RET_ALLOW);
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t request = random();
    const auto low = static_cast<uint32_t>(request);
    if (low == TIOCSTI || low == TIOCLINUX) continue;
    REQUIRE(answer(kNative, kIoctl64, request) == SECCOMP_RET_ALLOW);
  }
  // The request in the high half is no request.
  CHECK(answer(kNative, kIoctl64, uint64_t{TIOCSTI} << 32) == SECCOMP_RET_ALLOW);
}

TEST_CASE("the requests are those of the kernel's headers", "[sandbox][filter]") {
  CHECK(TIOCSTI == 0x5412);
  CHECK(TIOCLINUX == 0x541C);
}

TEST_CASE("a call of an unknown instruction set does not exist", "[sandbox][filter]") {
  for (const uint32_t arch :
       {uint32_t{AUDIT_ARCH_AARCH64}, uint32_t{AUDIT_ARCH_ARM}, uint32_t{0}, uint32_t{0xffffffff}})
    for (const uint32_t number : {0u, 1u, 16u, 59u, 425u}) CHECK(answer(arch, number) == refused(ENOSYS));
}

TEST_CASE("no number of a call upsets the filter", "[sandbox][filter]") {
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const auto number = static_cast<uint32_t>(random());
    const uint32_t got = answer(kNative, number);
    REQUIRE((got == SECCOMP_RET_ALLOW || got == refused(EPERM) || got == refused(ENOSYS)));
  }
  CHECK(answer(kNative, 0xffffffff) != SECCOMP_RET_KILL_PROCESS);  // a tracer that skips a call
}

#endif

TEST_CASE("the kernel takes the filter, and it does what it says", "[sandbox][filter]") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (load_filter() != 0) ::_exit(1);
    if (::syscall(SYS_keyctl, 0, 0, 0, 0, 0) != -1 || errno != EPERM) ::_exit(2);
    if (::syscall(SYS_io_uring_setup, 1, nullptr) != -1 || errno != ENOSYS) ::_exit(3);
    char character = 'x';
    if (::ioctl(-1, TIOCSTI, &character) != -1 || errno != EPERM) ::_exit(4);
    if (::ioctl(-1, TCGETS, nullptr) != -1 || errno != EBADF) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
