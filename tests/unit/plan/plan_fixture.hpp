// A typical host, caller and policy as data, for tests that change one thing about them.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "plan/layout.hpp"
#include "plan/make_plan.hpp"

namespace stepbox::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;
inline constexpr uint32_t kShiftBase = 1'879'048'192;

// What the profile default stands for, as far as a plan looks at it.
inline std::shared_ptr<const SeccompFilter> some_filter(std::string_view profile = "default") {
  static constexpr sock_filter kProgram[] = {{6, 0, 0, 0x7fff0000}};
  return std::make_shared<const SeccompFilter>(SeccompFilter{.profile = profile, .program = kProgram, .bounds_memory = true});
}

// Bob, uid 1000, in the checkout /home/bob/work on a Debian with merged /usr.
inline HostFacts user_facts() {
  HostFacts facts;
  facts.uid = 1000;
  facts.gid = 1000;
  facts.kernel = "6.1.0-18-amd64";
  facts.memory_total = 32 * kGiB;
  facts.memory_usable = 16 * kGiB;
  facts.cwd = facts.checkout = "/home/bob/work";
  facts.checkout_uid = facts.checkout_gid = 1000;
  facts.home = facts.passwd_home = "/home/bob";
  facts.var_tmp = "/var/tmp";
  for (const char* name :
       {"boot", "dev", "etc", "home", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var"})
    facts.root_entries.push_back({name, HostPathKind::directory, {}});
  facts.root_entries.push_back({"bin", HostPathKind::file, "usr/bin"});
  facts.root_entries.push_back({"vmlinuz", HostPathKind::file, {}});
  facts.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/home/bob", "LANG=C.UTF-8"};
  facts.seccomp = some_filter();
  return facts;
}

// Root with every privilege and a slice of ids, in the checkout /srv/work.
inline HostFacts root_facts() {
  HostFacts facts = user_facts();
  facts.uid = facts.gid = 0;
  facts.privileged = true;
  facts.shift_base = kShiftBase;
  facts.cwd = facts.checkout = "/srv/work";
  facts.checkout_uid = facts.checkout_gid = 0;
  facts.home = facts.passwd_home = "/root";
  facts.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root"};
  facts.mounts = {{"/", "ext4"},        {"/proc", "proc"},     {"/sys", "sysfs"},
                  {"/dev", "devtmpfs"}, {"/run", "tmpfs"},     {"/sys/fs/cgroup", "cgroup2"},
                  {"/boot", "ext4"},    {"/boot/efi", "vfat"}, {"/var/lib/docker", "xfs"}};
  return facts;
}

// Root where no file system can be id-mapped.
inline HostFacts degraded_facts() {
  HostFacts facts = root_facts();
  facts.no_shift_reason = "the file system of '/srv/work' cannot be mounted with shifted ids";
  return facts;
}

// What policies/default.yaml says.
inline Policy default_policy() {
  Policy policy;
  policy.names = {{"default", Layer::built_in}};
  policy.size.value = {Size::Unit::percent, 50};
  policy.inodes.value = 1'000'000;
  policy.source.value = SourceMode::rw;
  policy.home.value = HomeMode::fresh;
  policy.network.value = NetworkMode::host;
  policy.allow_nesting.value = true;
  policy.grace.value = std::chrono::seconds(10);
  policy.seccomp.value = "default";
  policy.limits.of_process = {{RLIMIT_NOFILE, "open-files", kMostOpenFiles, {Layer::built_in, "default", 1, 0}}};
  return policy;
}

inline Origin on_command_line(std::string option) {
  return {Layer::command_line, std::move(option), 0, 0};
}

inline PathRule rule(PathAccess access, std::string path) {
  return {access, std::move(path), on_command_line(std::string("--") + name_of(access))};
}

inline VolumeSpec own_volume(std::string name, uint64_t bytes, uint64_t inodes) {
  return {std::move(name), Size{Size::Unit::bytes, bytes}, inodes, on_command_line("--volume")};
}

// A directory of the host that was looked up under its own name.
inline void has_directory(HostFacts& facts, const std::string& path) {
  facts.paths[path] = {path, HostPathKind::directory};
}
inline void has_file(HostFacts& facts, const std::string& path) {
  facts.paths[path] = {path, HostPathKind::file};
}

inline Plan plan_of(const HostFacts& facts, const Policy& policy = default_policy(),
                    const std::vector<std::string>& argv = {"make", "all"}) {
  Result<Plan> plan = plan::make_plan(policy, argv, facts);
  if (!plan) FAIL(plan.error().message);
  return std::move(*plan);
}

inline Error refusal_of(const HostFacts& facts, const Policy& policy) {
  const Result<Plan> plan = plan::make_plan(policy, {"make"}, facts);
  if (plan) FAIL("a plan was made");
  return plan.error();
}

// The calls that mount something at that target, in order.
inline std::vector<MountCall> mounted_at(const Plan& plan, std::string_view target) {
  std::vector<MountCall> found;
  for (const MountCall& call : plan.files.mounts)
    if (call.target == target && call.act != MountAct::directory && call.act != MountAct::file) found.push_back(call);
  return found;
}

// The same without what only covers the place.
inline std::vector<MountCall> shown_at(const Plan& plan, std::string_view target) {
  std::vector<MountCall> found = mounted_at(plan, target);
  std::erase_if(found, [](const MountCall& call) { return call.act == MountAct::rebind && call.source.starts_with(".empty"); });
  return found;
}

inline MountCall only_mount_at(const Plan& plan, std::string_view target) {
  const std::vector<MountCall> found = mounted_at(plan, target);
  INFO("target " << target);
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace stepbox::test
