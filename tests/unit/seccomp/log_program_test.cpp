// The log mode of a filter: asked by the interpreter, and loaded.
#include "seccomp/log_program.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <iterator>
#include <random>

#include "seccomp/bpf_machine.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/filter_table.hpp"

using namespace stepbox;
using namespace stepbox::seccomp;
using stepbox::test::answer_of;

namespace {

constexpr int kChannel = 5;

seccomp_data call_of(uint32_t architecture, int number, uint64_t first = 0) {
  seccomp_data call{};
  call.arch = architecture;
  call.nr = number;
  call.args[0] = first;
  return call;
}

uint32_t native() { return native_architectures().front(); }

std::vector<sock_filter> log_program_of(const std::vector<sock_filter>& program) {
  return log_program(program, native(), kChannel);
}

}  // namespace

TEST_CASE("in log mode a profile asks about what it refuses, and about nothing else", "[sandbox][filter]") {
  std::mt19937 random(1);
  for (const SeccompFilter& filter : kBuiltinFilters) {
    const std::vector<sock_filter> logging = log_program(filter.program, native(), kChannel);
    CHECK(logging.size() == filter.program.size() + kLogPrefix);
    size_t asked = 0;
    for (const uint32_t architecture : {uint32_t{AUDIT_ARCH_X86_64}, uint32_t{AUDIT_ARCH_I386}, uint32_t{AUDIT_ARCH_AARCH64}})
      for (int number = 0; number < 600; ++number) {
        seccomp_data call = call_of(architecture, number, random() % 2 == 0 ? random() : 0x10000000);
        for (size_t i = 1; i < std::size(call.args); ++i) call.args[i] = random();
        const bool allowed = answer_of(filter.program, call) == SECCOMP_RET_ALLOW;
        const uint32_t answer = answer_of(logging, call);
        if (answer != (allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF)) FAIL_CHECK(architecture << " " << number);
        asked += allowed ? 0 : 1;
      }
    CHECK(asked > 600);
  }
}

TEST_CASE("every answer that is not \"allowed\" becomes a question", "[sandbox][filter]") {
  for (const uint32_t answer : {uint32_t{SECCOMP_RET_ERRNO}, uint32_t{SECCOMP_RET_ERRNO | 1}, uint32_t{SECCOMP_RET_KILL_PROCESS},
                                uint32_t{SECCOMP_RET_TRAP}}) {
    const auto logging = log_program_of({BPF_STMT(BPF_RET | BPF_K, answer)});
    CHECK(answer_of(logging, call_of(native(), SYS_keyctl)) == SECCOMP_RET_USER_NOTIF);
  }
  CHECK(answer_of(log_program_of({BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}), call_of(native(), SYS_keyctl)) ==
        SECCOMP_RET_ALLOW);
}

TEST_CASE("the message with the listener passes whatever the profile says", "[sandbox][filter]") {
  const auto logging = log_program_of({BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1)});
  CHECK(answer_of(logging, call_of(native(), SYS_sendmsg, kChannel)) == SECCOMP_RET_ALLOW);
  CHECK(answer_of(logging, call_of(native(), SYS_sendmsg, kChannel + 1)) == SECCOMP_RET_USER_NOTIF);
  CHECK(answer_of(logging, call_of(native(), SYS_recvmsg, kChannel)) == SECCOMP_RET_USER_NOTIF);
  CHECK(answer_of(logging, call_of(~native(), SYS_sendmsg, kChannel)) == SECCOMP_RET_USER_NOTIF);
}
