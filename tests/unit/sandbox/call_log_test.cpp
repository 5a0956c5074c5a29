#include "sandbox/call_log.hpp"

#include <linux/audit.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "seccomp/compiler.hpp"

using namespace stepbox;
using namespace stepbox::sandbox;

namespace {

seccomp_data call_of(uint32_t architecture, int number, uint64_t first = 0) {
  seccomp_data call{};
  call.arch = architecture;
  call.nr = number;
  call.args[0] = first;
  call.args[5] = 6;
  return call;
}

const uint32_t kNative = seccomp::native_architectures().front();
const uint32_t kOther = seccomp::native_architectures().back();

}  // namespace

TEST_CASE("calls of one kind are counted, and the first of them is described", "[sandbox][filter]") {
  CallLog log;
  CHECK_FALSE(log.knows(call_of(kNative, SYS_keyctl)));
  log.add(call_of(kNative, SYS_keyctl, 1), "cc1");
  log.add(call_of(kNative, SYS_bpf, 7), "make");
  log.add(call_of(kNative, SYS_keyctl, 2), "ld");
  CHECK(log.knows(call_of(kNative, SYS_keyctl, 3)));
  REQUIRE(log.result().calls.size() == 2);
  const LoggedCall& first = log.result().calls[0];
  CHECK(first.name == "keyctl");
  CHECK(first.count == 2);
  CHECK(first.process == "cc1");
  CHECK(first.arguments == std::array<uint64_t, 6>{1, 0, 0, 0, 0, 6});
  CHECK(log.result().calls[1].name == "bpf");
  CHECK(log.result().calls[1].count == 1);
  CHECK(log.result().unlisted == 0);
}

TEST_CASE("the same number of another architecture is another call", "[sandbox][filter]") {
  CallLog log;
  log.add(call_of(kNative, 5), "a");
  log.add(call_of(kOther, 5), "b");
  REQUIRE(log.result().calls.size() == 2);
  CHECK(log.result().calls[0].is_native);
  CHECK_FALSE(log.result().calls[1].is_native);
  CHECK(log.result().calls[0].name != log.result().calls[1].name);
  CHECK(log.result().calls[0].architecture != log.result().calls[1].architecture);
}

TEST_CASE("a step that makes up numbers gets a list with an end", "[sandbox][filter]") {
  CallLog log;
  constexpr int kMadeUp = 0x40000000;
  for (int i = 0; i < 1000; ++i) log.add(call_of(kNative, kMadeUp + i), "a");
  log.add(call_of(kNative, kMadeUp), "a");
  CHECK(log.result().calls.size() == kMostLoggedCalls);
  CHECK(log.result().calls[0].count == 2);
  CHECK(log.result().unlisted == 1000 - kMostLoggedCalls);
}

TEST_CASE("calls are named for their architecture, also those that the library does not know", "[sandbox][filter]") {
  CHECK(seccomp::name_of_call(AUDIT_ARCH_X86_64, 250) == "keyctl");
  CHECK(seccomp::name_of_call(AUDIT_ARCH_I386, 288) == "keyctl");
  CHECK(seccomp::name_of_call(AUDIT_ARCH_AARCH64, 219) == "keyctl");
  CHECK(seccomp::name_of_call(AUDIT_ARCH_X86_64, 452) == "fchmodat2");
  CHECK(seccomp::name_of_call(AUDIT_ARCH_I386, 467) == "open_tree_attr");
  CHECK(seccomp::name_of_call(AUDIT_ARCH_X86_64, 4711) == "number 4711");
  CHECK(seccomp::name_of_architecture(AUDIT_ARCH_X86_64) == "x86_64");
  CHECK(seccomp::name_of_architecture(AUDIT_ARCH_I386) == "i386");
  CHECK(seccomp::name_of_architecture(AUDIT_ARCH_AARCH64) == "aarch64");
  CHECK(seccomp::name_of_architecture(AUDIT_ARCH_ARM) == "arm");
}
