#include <linux/capability.h>
#include <sys/mount.h>

#include <algorithm>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

bool is_extent(const IdExtent& extent, uint32_t inside, uint32_t outside, uint32_t count) {
  return extent.inside == inside && extent.outside == outside && extent.count == count;
}

}  // namespace

TEST_CASE("a user keeps its ids, in a namespace that knows no other, without capabilities", "[run][identity]") {
  const Identity identity = plan_of(user_facts()).identity;
  CHECK(identity.isolation == UidIsolation::mapped);
  REQUIRE(identity.uids.size() == 1);
  REQUIRE(identity.gids.size() == 1);
  CHECK(is_extent(identity.uids[0], 1000, 1000, 1));
  CHECK(is_extent(identity.gids[0], 1000, 1000, 1));
  CHECK(identity.uid == 1000);
  CHECK(identity.owner_uid == 1000);
  CHECK(identity.capabilities.empty());
}

TEST_CASE("root is shifted to the slice of ids that the run holds", "[run][identity]") {
  const Identity identity = plan_of(root_facts()).identity;
  CHECK(identity.isolation == UidIsolation::shifted);
  REQUIRE(identity.uids.size() == 1);
  CHECK(is_extent(identity.uids[0], 0, kShiftBase, 65536));
  CHECK(identity.uid == 0);
  CHECK(identity.owner_uid == kShiftBase);
  CHECK(identity.owner_gid == kShiftBase);
}

TEST_CASE("an owner of the checkout beyond the shifted ids gets one of its own", "[run][identity]") {
  HostFacts facts = root_facts();
  facts.checkout_uid = 65535;
  facts.checkout_gid = 1'200'345;
  const Identity identity = plan_of(facts).identity;
  CHECK(identity.uids.size() == 1);
  REQUIRE(identity.gids.size() == 2);
  CHECK(is_extent(identity.gids[1], 1'200'345, kShiftBase + 65536, 1));
}

TEST_CASE("real root keeps no capability that acts on the host", "[run][identity]") {
  for (const HostFacts& facts : {root_facts(), degraded_facts()}) {
    const std::vector<int> kept = plan_of(facts).identity.capabilities;
    for (const int capability :
         {CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_MKNOD,
          CAP_NET_ADMIN, CAP_NET_RAW, CAP_DAC_READ_SEARCH, CAP_SYSLOG, CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE,
          CAP_LINUX_IMMUTABLE, CAP_AUDIT_CONTROL, CAP_MAC_ADMIN, CAP_SYS_TTY_CONFIG, CAP_CHECKPOINT_RESTORE})
      CHECK(std::ranges::count(kept, capability) == 0);
    CHECK(std::ranges::count(kept, CAP_CHOWN) == 1);
  }
}

TEST_CASE("real root with the host's ids can give no file capabilities that are valid on the host", "[run][identity]") {
  CHECK(std::ranges::count(plan_of(root_facts()).identity.capabilities, CAP_SETFCAP) == 1);
  CHECK(std::ranges::count(plan_of(degraded_facts()).identity.capabilities, CAP_SETFCAP) == 0);
}

TEST_CASE("where ids cannot be shifted, root is degraded and owns its workspace", "[run][identity]") {
  const Identity identity = plan_of(degraded_facts()).identity;
  CHECK(identity.isolation == UidIsolation::degraded);
  CHECK(identity.uids.empty());
  CHECK(identity.gids.empty());
  CHECK(identity.owner_uid == 0);
}

TEST_CASE("uid 0 without privileges is mapped like any user", "[run][identity]") {
  HostFacts facts = user_facts();
  facts.uid = facts.gid = 0;
  const Plan plan = plan_of(facts);
  CHECK(plan.identity.isolation == UidIsolation::mapped);
  CHECK(is_extent(plan.identity.uids[0], 0, 0, 1));
  CHECK(plan.identity.capabilities.empty());
}

TEST_CASE("a user's copies of the host are whole trees, root's are single mounts", "[run][identity]") {
  for (const char* target : {"usr", "etc", "var", "sys", "srv"}) {
    CHECK(only_mount_at(plan_of(user_facts()), target).recursion == Recursion::tree);
    CHECK(mounted_at(plan_of(root_facts()), target).front().recursion == Recursion::single);
    CHECK(mounted_at(plan_of(degraded_facts()), target).front().recursion == Recursion::single);
  }
  CHECK(mounted_at(plan_of(user_facts()), "box/home/work").front().recursion == Recursion::tree);
  CHECK(mounted_at(plan_of(root_facts()), "srv/work").front().recursion == Recursion::single);
}

TEST_CASE("with shifted ids the host's trees are id-mapped, a mount of its own where it can be", "[run][identity]") {
  const Plan plan = plan_of(root_facts());
  CHECK(only_mount_at(plan, "usr").id_mapped == IdMapped::required);
  CHECK(only_mount_at(plan, "boot").id_mapped == IdMapped::preferred);
  CHECK(only_mount_at(plan, "boot/efi").id_mapped == IdMapped::preferred);
  CHECK(only_mount_at(plan, "srv/work").id_mapped == IdMapped::required);
  CHECK(mounted_at(plan, "sys").front().id_mapped == IdMapped::no);
  CHECK(only_mount_at(plan, "dev/null").id_mapped == IdMapped::no);
}

TEST_CASE("without shifted ids nothing is id-mapped", "[run][identity]") {
  for (const HostFacts& facts : {user_facts(), degraded_facts()})
    for (const MountCall& call : plan_of(facts).files.mounts) CHECK(call.id_mapped == IdMapped::no);
}

TEST_CASE("/proc is sealed and masked only where the step is the owner of the host's settings", "[run][identity]") {
  const auto is_sealed = [](const HostFacts& facts) {
    const std::vector<MountCall> calls = mounted_at(plan_of(facts), "proc");
    return calls.size() == 2 && calls[0].act == MountAct::proc && calls[1].act == MountAct::seal &&
           (calls[1].attributes & MOUNT_ATTR_RDONLY) != 0;
  };
  HostFacts container = user_facts();
  container.uid = container.gid = 0;
  CHECK(is_sealed(degraded_facts()));
  CHECK(is_sealed(container));
  CHECK_FALSE(is_sealed(root_facts()));
  CHECK_FALSE(is_sealed(user_facts()));
  CHECK(only_mount_at(plan_of(degraded_facts()), "proc/sysrq-trigger").source == ".empty/file");
  CHECK(mounted_at(plan_of(user_facts()), "proc/kcore").empty());
}

TEST_CASE("the host's cgroups are covered", "[run][identity]") {
  for (const HostFacts& facts : {user_facts(), root_facts(), degraded_facts()}) {
    const MountCall cover = only_mount_at(plan_of(facts), "sys/fs/cgroup");
    CHECK(cover.source == ".empty/directory");
    CHECK((cover.attributes & MOUNT_ATTR_RDONLY) != 0);
  }
}

// Java's ManagementFactory fails where /proc/self/mountinfo lists cgroup v1 with a top above the box's own.
TEST_CASE("an ordinary user's box has no mounts of cgroup v1", "[run][identity]") {
  HostFacts facts = user_facts();
  facts.mounts = {{"/sys", "sysfs"}, {"/sys/fs/cgroup", "tmpfs"}, {"/sys/fs/cgroup/memory", "cgroup"}};
  const Plan plan = plan_of(facts);
  CHECK(mounted_at(plan, "sys").empty());
  CHECK(mounted_at(plan, "sys/fs").empty());
  CHECK(mounted_at(plan, "sys/fs/cgroup").empty());
  const MountCall devices = only_mount_at(plan, "sys/devices");
  CHECK((devices.attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(devices.recursion == Recursion::tree);

  facts.mounts = {{"/sys", "sysfs"}, {"/sys/fs/cgroup", "cgroup2"}};
  CHECK(only_mount_at(plan_of(facts), "sys").recursion == Recursion::tree);
  HostFacts root = root_facts();
  root.mounts.push_back({"/sys/fs/cgroup/memory", "cgroup"});
  CHECK(only_mount_at(plan_of(root), "sys").recursion == Recursion::single);
}
