// Compiled filters against the profiles they come from, call by call and architecture by architecture, without
// loading them: an interpreter runs the program, and the numbers of the calls are those of the kernel's headers.
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <map>
#include <random>
#include <string>

#include "seccomp/bpf_machine.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/filter_table.hpp"
#include "seccomp/words.hpp"

using namespace stepbox;
using namespace stepbox::seccomp;
using stepbox::test::answer_of;

namespace {

using CallNumbers = std::multimap<std::string, uint32_t>;
#include "seccomp/call_numbers.inc"

constexpr uint32_t kX32 = 0x40000000;
constexpr uint32_t kMostCalls = 600;

constexpr uint32_t refused(int number) {
  return SECCOMP_RET_ERRNO | static_cast<uint32_t>(number);
}

struct Architecture {
  const char* name;
  uint32_t token;
  const CallNumbers& calls;
};

// The generic table has calls that only its 32-bit users have.
bool exists_on(const Architecture& architecture, uint32_t number) {
  return architecture.token != AUDIT_ARCH_AARCH64 || number < 403 || number > 423;
}

std::vector<Architecture> architectures() {
#if defined(__x86_64__)
  return {{"x86-64", AUDIT_ARCH_X86_64, kCalls_x86_64}, {"i386", AUDIT_ARCH_I386, kCalls_i386}};
#else
  return {{"arm64", AUDIT_ARCH_AARCH64, kCalls_generic}};
#endif
}

seccomp_data call_of(uint32_t architecture, uint32_t number, std::span<const uint64_t> arguments = {}) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = architecture;
  std::ranges::copy(arguments, call.args);
  return call;
}

bool holds(const ArgumentCondition& condition, const seccomp_data& call) {
  const auto low = static_cast<uint32_t>(call.args[condition.argument]);
  return std::ranges::any_of(condition.tests,
                             [low](const ArgumentTest& test) { return (low & test.mask) == test.value; });
}

bool is_call(const std::string& name, const Architecture& architecture, uint32_t number) {
  if (!exists_on(architecture, number)) return false;
  if (newer_call(name) == number) return true;
  const auto [begin, end] = architecture.calls.equal_range(name);
  return std::any_of(begin, end, [number](const auto& entry) { return entry.second == number; });
}

// The profile read as a person reads it.
uint32_t expected(const Profile& profile, const Architecture& architecture, const seccomp_data& call) {
  for (const ProfileGroup& group : profile.groups)
    for (const ProfileRule& rule : group.rules)
      for (const std::string& name : rule.calls)
        if (is_call(name, architecture, static_cast<uint32_t>(call.nr)) &&
            std::ranges::all_of(rule.when, [&](const ArgumentCondition& condition) { return holds(condition, call); }))
          return rule.answer;
  return SECCOMP_RET_ALLOW;
}

void add_relatives(std::vector<uint64_t>& values, uint64_t value) {
  for (const uint64_t high : {uint64_t{0}, uint64_t{0xffffffff} << 32, uint64_t{1} << 63})
    values.push_back(value | high);
  for (const uint64_t other : {value | 0x101, value << 32, value + 1}) values.push_back(other);
}

// For each argument the values that a rule about the call compares it with, alone, beside other bits, and with
// bits that the kernel does not look at; and what a rule must not mistake for them.
std::vector<uint64_t> telling_values(const Profile& profile, unsigned argument) {
  std::vector<uint64_t> values = {0, ~uint64_t{0}, 2, 0644};
  for (const ProfileGroup& group : profile.groups)
    for (const ProfileRule& rule : group.rules)
      for (const ArgumentCondition& condition : rule.when)
        for (const ArgumentTest& test : condition.tests)
          if (condition.argument == argument) add_relatives(values, test.value);
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// The values of that argument where a rule about this call looks at it; nothing in particular otherwise.
std::vector<uint64_t> values_for(const Profile& profile, const Architecture& architecture, uint32_t number,
                                 unsigned argument) {
  Profile about{.summary = {}, .groups = {ProfileGroup{}}};
  for (const ProfileGroup& group : profile.groups)
    for (const ProfileRule& rule : group.rules)
      if (std::ranges::any_of(rule.calls, [&](const std::string& name) { return is_call(name, architecture, number); }))
        about.groups[0].rules.push_back(rule);
  return telling_values(about, argument);
}

// Returns how many calls were refused, so that a test sees that there were any.
size_t compare(const Profile& profile, std::span<const sock_filter> program, const Architecture& architecture) {
  size_t refusals = 0;
  for (uint32_t number = 0; number <= kMostCalls; ++number) {
    std::vector<std::vector<uint64_t>> values;
    for (unsigned argument = 0; argument < 4; ++argument)
      values.push_back(values_for(profile, architecture, number, argument));
    for (const uint64_t first : values[0])
      for (const uint64_t second : values[1])
        for (const uint64_t third : values[2])
          for (const uint64_t fourth : values[3]) {
            const uint64_t arguments[] = {first, second, third, fourth};
            const seccomp_data call = call_of(architecture.token, number, arguments);
            const uint32_t want = expected(profile, architecture, call);
            refusals += want != SECCOMP_RET_ALLOW;
            if (answer_of(program, call) == want) continue;
            INFO(architecture.name << " call " << number << "(" << first << ", " << second << ", " << third << ", "
                                   << fourth << ")");
            CHECK(answer_of(program, call) == want);
            return refusals;
          }
  }
  return refusals;
}

Profile builtin(std::string_view name) {
  const auto source = std::ranges::find(kBuiltinSources, name, &ProfileSource::name);
  auto profile = read_profile(source->text, name, {kBuiltinSources.begin(), source});
  if (!profile) FAIL(profile.error().message);
  return std::move(*profile);
}

Profile from_text(const std::string& text) {
  auto profile = read_profile("version: 1\n" + text, "own.yaml", kBuiltinSources);
  if (!profile) FAIL(profile.error().message);
  return std::move(*profile);
}

std::vector<sock_filter> compiled(const Profile& profile, std::span<const uint32_t> tokens = native_architectures()) {
  auto program = compile_profile(profile, tokens);
  if (!program) FAIL(program.error().message);
  return std::move(*program);
}

}  // namespace

TEST_CASE("a compiled profile answers every call as the profile says", "[sandbox][filter]") {
  for (const SeccompFilter& each : kBuiltinFilters) {
    const Profile profile = builtin(each.profile);
    for (const Architecture& architecture : architectures()) {
      INFO(each.profile << " on " << architecture.name);
      REQUIRE(architecture.calls.size() > 300);
      CHECK(compare(profile, each.program, architecture) > 50);
    }
  }
}

TEST_CASE("the rules hold on arm64 too", "[sandbox][filter]") {
  const Architecture arm64{"arm64", AUDIT_ARCH_AARCH64, kCalls_generic};
  const uint32_t tokens[] = {arm64.token};
  REQUIRE(arm64.calls.size() > 250);
  for (const SeccompFilter& each : kBuiltinFilters) {
    const Profile profile = builtin(each.profile);
    INFO(each.profile);
    CHECK(compare(profile, compiled(profile, tokens), arm64) > 50);
  }
}

TEST_CASE("the comparison sees a rule that is missing and one that is too much", "[sandbox][filter]") {
  const Profile whole = builtin("strict");
  const Architecture native = architectures().front();
  for (size_t left_out = 0; left_out < whole.groups.size(); ++left_out) {
    Profile less = whole;
    less.groups.erase(less.groups.begin() + static_cast<std::ptrdiff_t>(left_out));
    // What only 32-bit programs can call is missed there alone.
    if (whole.groups[left_out].name == "hidden-arguments") continue;
    INFO(whole.groups[left_out].name);
    const auto program = compiled(less);
    bool differs = false;
    for (uint32_t number = 0; number <= kMostCalls && !differs; ++number) {
      for (unsigned argument = 0; argument < 4 && !differs; ++argument)
        for (const uint64_t value : values_for(whole, native, number, argument)) {
          const uint64_t arguments[] = {argument == 0 ? value : 0100, argument == 1 ? value : 0100,
                                        argument == 2 ? value : 0100, argument == 3 ? value : 04755};
          const seccomp_data call = call_of(native.token, number, arguments);
          differs = differs || answer_of(program, call) != expected(whole, native, call);
        }
    }
    CHECK(differs);
  }
}

TEST_CASE("every call that a built-in profile names exists somewhere", "[sandbox][filter]") {
  for (const SeccompFilter& each : kBuiltinFilters)
    for (const ProfileGroup& group : builtin(each.profile).groups)
      for (const ProfileRule& rule : group.rules)
        for (const std::string& name : rule.calls) {
          INFO(name);
          CHECK((newer_call(name) || kCalls_x86_64.contains(name) || kCalls_i386.contains(name) ||
                 kCalls_generic.contains(name)));
        }
}

TEST_CASE("a call of another instruction set does not exist", "[sandbox][filter]") {
  for (const SeccompFilter& each : kBuiltinFilters) {
    for (const uint32_t token :
         {uint32_t{AUDIT_ARCH_MIPS}, uint32_t{AUDIT_ARCH_S390X}, uint32_t{0}, uint32_t{0xffffffff}})
      for (const uint32_t number : {0u, 1u, 16u, 59u, 425u})
        CHECK(answer_of(each.program, call_of(token, number)) == refused(ENOSYS));
#if defined(__x86_64__)
    // x32: the same numbers with a bit set, whatever they are.
    for (uint32_t number = 0; number <= kMostCalls; ++number)
      CHECK(answer_of(each.program, call_of(AUDIT_ARCH_X86_64, kX32 | number)) == refused(ENOSYS));
#endif
  }
}

TEST_CASE("no number of a call upsets a filter", "[sandbox][filter]") {
  std::mt19937 random(11);
  for (const SeccompFilter& each : kBuiltinFilters) {
    for (const Architecture& architecture : architectures()) {
      for (int i = 0; i < 20'000; ++i) {
        const uint32_t got = answer_of(each.program, call_of(architecture.token, static_cast<uint32_t>(random())));
        REQUIRE((got == SECCOMP_RET_ALLOW || (got & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO));
      }
      // What a tracer puts there to skip a call.
      CHECK(answer_of(each.program, call_of(architecture.token, 0xffffffff)) == SECCOMP_RET_ALLOW);
    }
  }
}

TEST_CASE("filters fit into what the kernel takes", "[sandbox][filter]") {
  for (const SeccompFilter& each : kBuiltinFilters) {
    CHECK_FALSE(each.program.empty());
    CHECK(each.program.size() <= BPF_MAXINSNS);
    CHECK_FALSE(each.kills);
  }
}

TEST_CASE("strict refuses what default refuses, and more", "[sandbox][filter]") {
  const Profile usual = builtin("default"), strict = builtin("strict");
  CHECK(strict.groups.size() > usual.groups.size());
  for (const ProfileGroup& group : usual.groups) {
    INFO(group.name);
    CHECK(std::ranges::find(strict.groups, group.name, &ProfileGroup::name) != strict.groups.end());
  }
}

TEST_CASE("a profile of one's own may kill, and may combine conditions", "[sandbox][filter]") {
  const Profile profile = from_text(
      "groups:\n"
      "  - name: mine\n    why: a test\n    refuse:\n"
      "      - {calls: [getpid], answer: kill}\n"
      "      - {calls: [fcntl], when: [{argument: 1, is: [4, 1024]}, {argument: 2, bits: [0x800, 3]}], answer: "
      "EACCES}\n"
      "      - {calls: [getppid], answer: success}\n");
  CHECK(kills(profile));
  const auto program = compiled(profile);
  for (const Architecture& architecture : architectures()) CHECK(compare(profile, program, architecture) > 3);
}

TEST_CASE("a rule without conditions covers the same call with conditions", "[sandbox][filter]") {
  const Profile profile = from_text(
      "extends: default\ngroups:\n"
      "  - name: no-sockets\n    why: a test\n    refuse: [{calls: [socket], answer: EAFNOSUPPORT}]\n");
  const auto program = compiled(profile);
  for (const Architecture& architecture : architectures()) CHECK(compare(profile, program, architecture) > 50);
}

TEST_CASE("what cannot be compiled says where and why", "[sandbox][filter]") {
  const auto refusal = [](const std::string& rule, const std::string& before = "") {
    const auto program =
        compile_profile(from_text(before + "groups:\n  - name: mine\n    why: a test\n    refuse: [" + rule + "]\n"),
                        native_architectures());
    return program ? "compiled" : program.error().message;
  };
  CHECK(refusal("{calls: [chmdo], answer: EPERM}").ends_with(": unknown system call 'chmdo'"));
  CHECK(refusal("{calls: [chmdo], answer: EPERM}").starts_with("own.yaml:5:"));
  CHECK(refusal("{calls: [sync], answer: EPERM}", "extends: default\n")
            .ends_with(": group 'flush' answers 'sync' in another way"));
  CHECK(refusal("{calls: [fchmodat2], when: [{argument: 2, bits: [S_ISUID]}], answer: EPERM}")
            .ends_with(": 'fchmodat2' is known by its number only, and cannot have conditions"));
}
