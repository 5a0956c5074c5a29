// Root copies single mounts, so that what is mounted below has to be named by the plan.
#include <sys/mount.h>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

HostFacts with_mounts(std::vector<MountFact> mounts) {
  HostFacts facts = root_facts();
  facts.mounts = std::move(mounts);
  return facts;
}

}  // namespace

TEST_CASE("a mount of the host below the top is copied read-only, where it can be", "[run][submounts]") {
  const MountCall call = only_mount_at(plan_of(with_mounts({{"/var/lib/docker", "xfs"}})), "var/lib/docker");
  CHECK(call.source == "/var/lib/docker");
  CHECK(call.optional);
  CHECK((call.attributes & MOUNT_ATTR_RDONLY) != 0);
}

TEST_CASE("kernel file systems are no part of the rest of the host", "[run][submounts]") {
  for (const char* type : {"proc",     "sysfs",   "devtmpfs", "devpts",   "cgroup",     "cgroup2", "securityfs",
                           "debugfs",  "tracefs", "bpf",      "mqueue",   "hugetlbfs",  "autofs",  "binfmt_misc",
                           "configfs", "fusectl", "pstore",   "efivarfs", "rpc_pipefs", "nsfs"}) {
    INFO(type);
    CHECK(shown_at(plan_of(with_mounts({{"/var/lib/x", type}})), "var/lib/x").empty());
  }
  for (const char* type : {"ext4", "xfs", "btrfs", "nfs4", "overlay", "tmpfs", "fuse.sshfs", "squashfs", "zfs"}) {
    INFO(type);
    CHECK(mounted_at(plan_of(with_mounts({{"/var/lib/x", type}})), "var/lib/x").size() == 1);
  }
}

TEST_CASE("of mounts on top of each other one copy is made", "[run][submounts]") {
  CHECK(mounted_at(plan_of(with_mounts({{"/mnt/a/b", "ext4"}, {"/mnt/a/b", "tmpfs"}, {"/mnt/a/b", "xfs"}})), "mnt/a/b")
            .size() == 1);
}

TEST_CASE("mounts at the top and below a masked or special place are not copied", "[run][submounts]") {
  const Plan plan = plan_of(with_mounts({{"/", "ext4"},
                                         {"/srv", "xfs"},
                                         {"/tmp/x", "ext4"},
                                         {"/run/user/0", "tmpfs"},
                                         {"/dev/shm", "tmpfs"},
                                         {"/dev/x/y", "tmpfs"},
                                         {"/root/nfs", "nfs"},
                                         {"/proc/x", "tmpfs"},
                                         {"/box/x", "tmpfs"}}));
  CHECK(mounted_at(plan, "srv").size() == 1);
  for (const MountCall& call : plan.files.mounts)
    if (call.act == MountAct::bind && call.why == "host") CHECK(call.optional == false);
}

TEST_CASE("what is mounted below the checkout comes with it", "[run][submounts]") {
  const HostFacts facts = with_mounts(
      {{"/srv", "ext4"}, {"/srv/work/out", "tmpfs"}, {"/srv/work/out/deep", "xfs"}, {"/srv/worker", "xfs"}});
  const Plan plan = plan_of(facts);
  const BoxModel box(plan, facts);
  for (const char* path : {"/srv/work", "/srv/work/out", "/srv/work/out/deep"}) CHECK(box.look(path).writable);
  CHECK_FALSE(box.look("/srv/worker").writable);
  const MountCall below = mounted_at(plan, "srv/work/out").back();
  CHECK(below.why == "the checkout, mounted below");
  CHECK(below.optional);
  CHECK(below.id_mapped == IdMapped::preferred);
}

TEST_CASE("what is mounted below a checkout in a masked place comes with it", "[run][submounts]") {
  HostFacts facts = with_mounts({{"/tmp", "tmpfs"}, {"/tmp/work/out", "ext4"}});
  facts.cwd = facts.checkout = "/tmp/work";
  CHECK(BoxModel(plan_of(facts), facts).look("/tmp/work/out").host == "/tmp/work/out");
  CHECK(only_mount_at(plan_of(facts), "box/tmp/work/out").source == "/tmp/work/out");
}

TEST_CASE("what is mounted below a hidden directory is hidden with it", "[run][submounts]") {
  HostFacts facts = with_mounts({{"/srv/secrets/vault", "ext4"}});
  has_directory(facts, "/srv/secrets");
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::hide, "/srv/secrets")};
  CHECK(BoxModel(plan_of(facts, policy), facts).look("/srv/secrets/vault").kind == NodeKind::missing);
}

TEST_CASE("a user's tree brings its mounts along without a word", "[run][submounts]") {
  HostFacts facts = user_facts();
  facts.mounts = {};
  CHECK(mounted_at(plan_of(facts), "box/home/work").size() == 1);
}

TEST_CASE("what covers something of the host's must be reached, or nothing runs", "[run][submounts]") {
  HostFacts degraded = with_mounts({{"/srv/chroot/proc", "proc"}});
  degraded.no_shift_reason = "a file system that cannot";
  for (const HostFacts& facts : {with_mounts({{"/srv/chroot/proc", "proc"}}), degraded})
    for (const MountCall& call : plan_of(facts).files.mounts) {
      INFO(call.target);
      if (call.act == MountAct::rebind && call.optional) CHECK(call.protects);
    }
  // The step of an ordinary user is the same user as its init, whom the kernel refuses the place.
  HostFacts ours = user_facts();
  ours.mounts = {{"/root/chroot/proc", "proc"}};
  CHECK_FALSE(only_mount_at(plan_of(ours), "root/chroot/proc").protects);
  CHECK(only_mount_at(plan_of(ours), "sys/fs/cgroup").protects);
}
