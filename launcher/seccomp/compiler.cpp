#include "seccomp/compiler.hpp"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "seccomp/log_program.hpp"
#include "seccomp/words.hpp"
#include "sys/fd.hpp"

namespace stepbox::seccomp {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

uint32_t action_of(uint32_t answer) {
  return answer == SECCOMP_RET_KILL_PROCESS ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(answer & SECCOMP_RET_DATA);
}

// The rules of all groups for one call.
struct CallRules {
  uint32_t answer = 0;
  std::string group;                                      // the first that names it
  bool always = false;                                    // whatever the arguments are
  std::vector<std::vector<ArgumentCondition>> when = {};  // otherwise: one of these
};
using Calls = std::map<std::string, CallRules>;

Result<> gather(Calls& calls, const ProfileGroup& group, const ProfileRule& rule) {
  for (const std::string& name : rule.calls) {
    if (!newer_call(name) && seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR)
      return fail(rule.place + ": unknown system call " + quoted(name));
    const auto [found, is_new] = calls.try_emplace(name, CallRules{rule.answer, group.name});
    CallRules& known = found->second;
    if (!is_new && known.answer != rule.answer)
      return fail(rule.place + ": group " + quoted(known.group) + " answers " + quoted(name) + " in another way");
    if (rule.when.empty())
      known.always = true;
    else
      known.when.push_back(rule.when);
    if (newer_call(name) && !known.always)
      return fail(rule.place + ": " + quoted(name) + " is known by its number only, and cannot have conditions");
  }
  return {};
}

// All combinations of one test from each condition.
std::vector<std::vector<scmp_arg_cmp>> alternatives(const std::vector<ArgumentCondition>& conditions) {
  std::vector<std::vector<scmp_arg_cmp>> ways = {{}};
  for (const ArgumentCondition& condition : conditions) {
    std::vector<std::vector<scmp_arg_cmp>> longer;
    for (const auto& way : ways) {
      for (const ArgumentTest& test : condition.tests) {
        // Only the low half counts: the kernel takes requests, modes and flags as 32 bits and would ignore the rest.
        longer.push_back(way);
        longer.back().push_back({condition.argument, SCMP_CMP_MASKED_EQ, test.mask, test.value});
      }
    }
    ways = std::move(longer);
  }
  return ways;
}

Result<> add_rule(scmp_filter_ctx filter, const std::string& name, uint32_t answer, std::span<const scmp_arg_cmp> way) {
  const int call = seccomp_syscall_resolve_name(name.c_str());
  const int error =
      seccomp_rule_add_array(filter, action_of(answer), call, static_cast<unsigned>(way.size()), way.data());
  // EEXIST: another rule says the same.
  if (error == 0 || error == -EEXIST) return {};
  return fail_errno("libseccomp refuses a rule for " + quoted(name), -error);
}

Result<> add_call(scmp_filter_ctx filter, const std::string& name, const CallRules& rules) {
  if (rules.always) return add_rule(filter, name, rules.answer, {});
  for (const auto& conditions : rules.when)
    for (const auto& way : alternatives(conditions)) TRY(add_rule(filter, name, rules.answer, way));
  return {};
}

Result<Filter> build(const Calls& calls, std::span<const uint32_t> architectures) {
  Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return fail("libseccomp cannot make a filter");
  for (const uint32_t architecture : architectures)
    if (const int error = seccomp_arch_add(filter.get(), architecture); error != 0 && error != -EEXIST)
      return fail_errno("libseccomp does not know the architecture", -error);
  if (std::ranges::find(architectures, seccomp_arch_native()) == architectures.end())
    seccomp_arch_remove(filter.get(), SCMP_ARCH_NATIVE);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  for (const auto& [name, rules] : calls)
    if (!newer_call(name)) TRY(add_call(filter.get(), name, rules));
  return filter;
}

// The part in front of the library's program: calls that the library does not know, by number.
std::vector<sock_filter> newer_calls(const Calls& calls) {
  std::vector<sock_filter> program;
  for (const auto& [name, rules] : calls) {
    const auto number = newer_call(name);
    if (!number) continue;
    if (program.empty()) program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *number, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, rules.answer));
  }
  return program;
}

Result<> append(std::vector<sock_filter>& program, scmp_filter_ctx filter) {
  const sys::Fd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) return fail_errno("cannot make a memory file", errno);
  if (const int error = seccomp_export_bpf(filter, file.get()); error != 0)
    return fail_errno("libseccomp cannot export the filter", -error);
  const size_t before = program.size();
  program.resize(before + static_cast<size_t>(::lseek(file.get(), 0, SEEK_END)) / sizeof(sock_filter));
  const size_t bytes = (program.size() - before) * sizeof(sock_filter);
  if (::pread(file.get(), program.data() + before, bytes, 0) != static_cast<ssize_t>(bytes))
    return fail("cannot read the filter back");
  return {};
}

}  // namespace

std::span<const uint32_t> native_architectures() {
#if defined(__x86_64__)
  static constexpr uint32_t kNative[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86};
#elif defined(__aarch64__)
  static constexpr uint32_t kNative[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
#else
#error "which other instruction sets the kernel of this architecture runs is not known"
#endif
  return kNative;
}

Result<std::vector<sock_filter>> compile_profile(const Profile& profile, std::span<const uint32_t> architectures) {
  Calls calls;
  for (const ProfileGroup& group : profile.groups)
    for (const ProfileRule& rule : group.rules) TRY(gather(calls, group, rule));
  if (calls.empty()) return std::vector<sock_filter>();
  TRY_ASSIGN(const Filter filter, build(calls, architectures));
  std::vector<sock_filter> program = newer_calls(calls);
  TRY(append(program, filter.get()));
  // The program must fit in log mode too.
  constexpr size_t kMost = BPF_MAXINSNS - kLogPrefix;
  if (program.size() > kMost)
    return fail("the filter has " + std::to_string(program.size()) + " instructions; at most " + std::to_string(kMost) +
                " are possible");
  return program;
}

bool kills(const Profile& profile) {
  for (const ProfileGroup& group : profile.groups)
    for (const ProfileRule& rule : group.rules)
      if (rule.answer == SECCOMP_RET_KILL_PROCESS) return true;
  return false;
}

// The first four calls and a ring set access lists; the kernel charges keys to a uid (measured on 6.18).
bool bounds_memory(const Profile& profile) {
  static constexpr std::string_view kUncounted[] = {"setxattr",   "lsetxattr",      "fsetxattr",
                                                    "setxattrat", "io_uring_setup", "add_key"};
  const auto is_refused = [&profile](std::string_view call) {
    for (const ProfileGroup& group : profile.groups)
      for (const ProfileRule& rule : group.rules)
        if (rule.when.empty() && std::ranges::find(rule.calls, call) != rule.calls.end()) return true;
    return false;
  };
  return std::ranges::all_of(kUncounted, is_refused);
}

std::string name_of_call(uint32_t architecture, int number) {
  const std::unique_ptr<char, decltype(&std::free)> known(seccomp_syscall_resolve_num_arch(architecture, number), std::free);
  if (known) return known.get();
  const std::string_view newer = name_of_newer_call(static_cast<uint32_t>(number));
  return newer.empty() ? "number " + std::to_string(number) : std::string(newer);
}

std::string_view name_of_architecture(uint32_t architecture) {
  switch (architecture) {
    case SCMP_ARCH_X86_64: return "x86_64";
    case SCMP_ARCH_X86: return "i386";
    case SCMP_ARCH_AARCH64: return "aarch64";
    case SCMP_ARCH_ARM: return "arm";
    default: return "unknown";
  }
}

}  // namespace stepbox::seccomp
