// Which groups are planned for a limit on hosts of every kind, and what fits into a memory limit.
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

HostFacts v1_facts() {
  HostFacts facts = user_facts();
  for (const char* name : {"memory", "pids", "cpu"}) {
    const std::string mount = std::string("/sys/fs/cgroup/") + name;
    facts.cgroups.push_back({.controllers = {name}, .own = mount + "/job", .mount = mount});
  }
  return facts;
}

HostFacts v2_facts(std::vector<std::string> enabled = {}) {
  HostFacts facts = user_facts();
  facts.cgroups.push_back({.unified = true,
                           .controllers = {"cpu", "memory", "pids"},
                           .enabled = std::move(enabled),
                           .own = "/sys/fs/cgroup/job",
                           .mount = "/sys/fs/cgroup"});
  return facts;
}

Policy limited(uint64_t memory) {
  Policy policy = default_policy();
  policy.limits.memory = {Size{Size::Unit::bytes, memory}, on_command_line("--limit memory")};
  return policy;
}

std::vector<std::string> written(const Plan& plan) {
  std::vector<std::string> lines;
  for (const PlannedGroup& group : plan.limits.cgroup.groups)
    for (const CgroupFile& file : group.files)
      lines.push_back(group.parent + "/*/" + std::string(file.name) + " " + file.value);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("without a limit there is no group", "[run][limits]") {
  CHECK(plan_of(v1_facts()).limits.cgroup.groups.empty());
  CHECK(plan_of(v2_facts()).limits.cgroup.groups.empty());
}

TEST_CASE("v1 limits memory alone and then with swap, in a hierarchy for each controller", "[run][limits]") {
  Policy policy = limited(kGiB);
  policy.limits.processes = {100, {}};
  policy.limits.cpu = {1'500, {}};
  CHECK(written(plan_of(v1_facts(), policy)) ==
        Lines{"/sys/fs/cgroup/memory/job/*/memory.limit_in_bytes 1073741824",
              "/sys/fs/cgroup/memory/job/*/memory.memsw.limit_in_bytes 1073741824",
              "/sys/fs/cgroup/memory/job/*/memory.kmem.tcp.limit_in_bytes 268435456",
              "/sys/fs/cgroup/pids/job/*/pids.max 101", "/sys/fs/cgroup/cpu/job/*/cpu.cfs_period_us 100000",
              "/sys/fs/cgroup/cpu/job/*/cpu.cfs_quota_us 150000"});
}

TEST_CASE("v2 has one group, and hands down what is not handed down yet", "[run][limits]") {
  Policy policy = limited(kGiB);
  policy.limits.cpu = {250, {}};
  const Plan plan = plan_of(v2_facts({"memory"}), policy);
  REQUIRE(plan.limits.cgroup.groups.size() == 1);
  CHECK(plan.limits.cgroup.groups[0].enable == Lines{"cpu"});
  CHECK(written(plan) == Lines{"/sys/fs/cgroup/job/*/memory.max 1073741824", "/sys/fs/cgroup/job/*/memory.swap.max 0",
                               "/sys/fs/cgroup/job/*/memory.oom.group 1", "/sys/fs/cgroup/job/*/cpu.max 25000 100000"});
}

TEST_CASE("beside v1 a v2 without controllers is used for killing", "[run][limits]") {
  HostFacts facts = v1_facts();
  facts.cgroups.push_back({.unified = true, .own = "/sys/fs/cgroup/unified", .mount = "/sys/fs/cgroup/unified"});
  const Plan plan = plan_of(facts, limited(kGiB));
  REQUIRE(plan.limits.cgroup.groups.size() == 2);
  CHECK(plan.limits.cgroup.groups[1].unified);
  CHECK(plan.limits.cgroup.groups[1].files.empty());
}

TEST_CASE("only a step that owns the files of its groups is kept in a second one", "[run][limits]") {
  CHECK(plan_of(v2_facts(), limited(kGiB)).limits.cgroup.groups[0].has_inner);
  HostFacts facts = root_facts();
  facts.cgroups = v2_facts().cgroups;
  CHECK_FALSE(plan_of(facts, limited(kGiB)).limits.cgroup.groups[0].has_inner);
  facts.no_shift_reason = "the kernel refuses";
  CHECK(plan_of(facts, limited(kGiB)).limits.cgroup.groups[0].has_inner);
}

TEST_CASE("a limit without a controller is refused, or told where it is optional", "[run][limits]") {
  Policy policy = limited(kGiB);
  const Error error = refusal_of(user_facts(), policy);
  CHECK(error.message.starts_with("cannot enforce limits.memory of --limit memory: no control group hierarchy"));
  CHECK(error.hint.find("--limit optional=memory") != std::string::npos);
  policy.limits.optional.push_back({"memory", {}});
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(plan.limits.cgroup.groups.empty());
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings[0].starts_with("limits.memory is not enforced: "));
}

TEST_CASE("on v2 a missing controller is one that is not handed down", "[run][limits]") {
  HostFacts facts = v2_facts();
  facts.cgroups[0].controllers = {"memory", "pids"};
  Policy policy = default_policy();
  policy.limits.cpu = {1'000, on_command_line("--limit cpu")};
  CHECK(refusal_of(facts, policy).message ==
        "cannot enforce limits.cpu of --limit cpu: control group '/sys/fs/cgroup/job' does not have the controller "
        "'cpu': the group above does not hand it down (cgroup.subtree_control)");
}

TEST_CASE("a limit that systemd would take back is none", "[run][limits]") {
  HostFacts facts = v2_facts();
  facts.cgroups[0].undelegated = "/sys/fs/cgroup/job";
  facts.has_systemd = true;
  const Error error = refusal_of(facts, limited(kGiB));
  CHECK(error.message ==
        "cannot enforce limits.memory of --limit memory: control group '/sys/fs/cgroup/job' is not delegated "
        "(Delegate=yes): systemd would take the limit back at its next reload");
  CHECK(error.hint.find("-p Delegate=yes") != std::string::npos);
}

TEST_CASE("the way to a group of one's own is the one that the caller has", "[run][limits]") {
  const auto remedy = [](uint32_t uid, bool has_systemd, bool has_user_manager) {
    HostFacts facts = v2_facts();
    facts.uid = uid;
    facts.has_systemd = has_systemd;
    facts.has_user_manager = has_user_manager;
    return plan_of(facts, limited(kGiB)).limits.cgroup.remedy;
  };
  CHECK(remedy(0, true, false).ends_with(": systemd-run --scope -p Delegate=yes -- stepbox run ..."));
  CHECK(remedy(1000, true, true).ends_with(": systemd-run --user --scope -p Delegate=yes -- stepbox run ..."));
  const std::string without_login = remedy(1000, true, false);
  CHECK(without_login.find("XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --scope") != std::string::npos);
  CHECK(without_login.find("loginctl enable-linger 1000") != std::string::npos);
  for (const uint32_t uid : {0, 1000}) CHECK(remedy(uid, false, false).find("systemd-run") == std::string::npos);
}

TEST_CASE("what was found out by trying counts", "[run][limits]") {
  HostFacts facts = v1_facts();
  facts.no_limit_reasons["memory"] = "tried it";
  CHECK(refusal_of(facts, limited(kGiB)).message.ends_with(": tried it"));
}

TEST_CASE("a memory limit bounds what nested sandboxes can hold", "[run][limits]") {
  HostFacts facts = v1_facts();
  facts.memory_usable = facts.memory_total;
  const auto quota = [](const Plan& plan) { return plan.protections[0].state; };
  CHECK(quota(plan_of(facts)) == ProtectionState::degraded);
  CHECK(quota(plan_of(facts, limited(kGiB))) == ProtectionState::active);
}

TEST_CASE("the default workspace follows the memory limit", "[run][limits]") {
  const Plan plan = plan_of(v1_facts(), limited(kGiB));
  // A share is rounded down to whole pages.
  CHECK(plan.files.volumes[0].bytes > kGiB / 2 - 8192);
  CHECK(plan.files.volumes[0].bytes <= kGiB / 2);
  // A quarter of the memory for inodes of 1.5 KiB.
  CHECK(plan.files.volumes[0].inodes == kGiB / 4 / 1'536);
  CHECK(plan_of(v1_facts(), limited(64 * kGiB)).files.volumes[0].bytes ==
        plan_of(v1_facts()).files.volumes[0].bytes);  // of the 16 GiB that there are
}

TEST_CASE("the default workspace makes room for volumes that were chosen, and explain says so", "[run][limits]") {
  Policy policy = limited(kGiB);
  policy.volumes = {{"cache", Size{Size::Unit::bytes, 950 * kMiB}, std::nullopt, on_command_line("--volume")}};
  const Plan plan = plan_of(v1_facts(), policy);
  CHECK(plan.files.volumes[1].bytes == 950 * kMiB);
  CHECK(plan.files.volumes[0].bytes == (1024 - 950 - 16) * kMiB);
  REQUIRE(plan.remarks.notes.size() == 1);
  CHECK(plan.remarks.notes[0].starts_with("workspace is 58 MiB instead of the default"));
}

TEST_CASE("a limit that is no whole page is named as it was typed", "[run][limits]") {
  CHECK(refusal_of(v1_facts(), limited(1024)).message.starts_with("volumes are memory, and limits.memory 1 KiB (--limit memory) cannot"));
}

TEST_CASE("volumes that cannot fit are refused with the sum and where each part comes from", "[run][limits]") {
  Policy policy = limited(256 * kMiB);
  policy.volumes = {{"cache", Size{Size::Unit::bytes, 512 * kMiB}, std::nullopt, {Layer::site, "site.yaml", 4, 3}}};
  CHECK(refusal_of(v1_facts(), policy).message ==
        "volumes are memory, and limits.memory 256 MiB (--limit memory) cannot hold them:\n"
        "  512 MiB  volume 'cache' (site.yaml:4:3)\n"
        "   16 MiB  programs of the step\n"
        "  528 MiB  together");
  // Together, too.
  policy = limited(kGiB);
  policy.size = {Size{Size::Unit::percent, 60}, on_command_line("--size")};
  policy.volumes = {{"tmp", Size{Size::Unit::percent, 60}, std::nullopt, on_command_line("--volume")}};
  CHECK(refusal_of(v1_facts(), policy).message.find("1.2 GiB  together") != std::string::npos);
  // And inodes that were chosen.
  policy = limited(kGiB);
  policy.inodes = {1'000'000, on_command_line("--inodes")};
  CHECK(refusal_of(v1_facts(), policy).message.find("1.4 GiB  1000000 inodes of workspace (--inodes)") !=
        std::string::npos);
}

TEST_CASE("a limit that leaves no room for a workspace is refused", "[run][limits]") {
  CHECK(refusal_of(v1_facts(), limited(8 * kMiB)).hint.starts_with("raise limits.memory"));
  CHECK(refusal_of(v1_facts(), limited(16 * kMiB)).message.find("  1 MiB  workspace (") != std::string::npos);
}

TEST_CASE("without a limit volumes must fit into the memory of the machine, swap included", "[run][limits]") {
  HostFacts facts = user_facts();
  Policy policy = default_policy();
  policy.size = {Size{Size::Unit::bytes, 40 * kGiB}, on_command_line("--size")};
  CHECK(refusal_of(facts, policy).message.find("the 16 GiB of memory that stepbox may use") != std::string::npos);
  facts.memory_usable = facts.memory_total;
  facts.swap_total = 8 * kGiB;
  CHECK(plan_of(facts, policy).files.volumes[0].bytes == 40 * kGiB);
}
