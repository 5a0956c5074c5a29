// What ought to hold of a plan and does not yet. Each case is expected to fail: when one passes, take its
//  away and put it beside its kin.
#include <sys/mount.h>

#include "base/text.hpp"
#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string problems_of(const HostFacts& facts, const Policy& policy) {
  const std::vector<std::string> problems = BoxModel(plan_of(facts, policy), facts).problems();
  return join(problems, "\n");
}

HostFacts standing_in(const std::string& directory) {
  HostFacts facts = user_facts();
  facts.cwd = facts.checkout = directory;
  has_directory(facts, directory);
  return facts;
}

HostFacts in_gitlab(const std::string& checkout) {
  HostFacts facts = standing_in(checkout);
  facts.environment.insert(facts.environment.end(), {"GITLAB_CI=true", "CI_PROJECT_DIR=" + checkout});
  return facts;
}

Policy with_source(SourceMode mode) {
  Policy policy = default_policy();
  policy.source = {mode, on_command_line("--source")};
  return policy;
}

Policy with_rules(std::vector<PathRule> rules) {
  Policy policy = default_policy();
  policy.paths = std::move(rules);
  return policy;
}

// A plan, or an error that says why there is none; never one that fails half-way.
void check_sound_or_refused(const HostFacts& facts, const Policy& policy) {
  const Result<Plan> plan = plan::make_plan(policy, {"make"}, facts);
  if (!plan) {
    CHECK_FALSE(plan.error().hint.empty());
    return;
  }
  const std::vector<std::string> problems = BoxModel(*plan, facts).problems();
  CHECK(join(problems, "\n") == "");
}

}  // namespace

TEST_CASE("a read-only checkout stays read-only when a CI announces it", "[run][ci]") {
  for (const char* checkout : {"/srv/work", "/home/bob/work"}) {
    const HostFacts facts = in_gitlab(checkout);
    CHECK_FALSE(BoxModel(plan_of(facts, with_source(SourceMode::ro)), facts).look(checkout).writable);
  }
}

TEST_CASE("a checkout that was refused stays away when a CI announces it", "[run][ci]") {
  for (const char* checkout : {"/srv/work", "/home/bob/work"}) {
    const HostFacts facts = in_gitlab(checkout);
    CHECK(BoxModel(plan_of(facts, with_source(SourceMode::none)), facts).look(checkout).host == "");
  }
}

TEST_CASE("what was hidden by name stays hidden, toolchains and programs too", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.cwd = facts.checkout = "/srv/work";
  for (const char* path : {"/home/bob", "/home/bob/.cargo", "/home/bob/.cargo/bin"}) has_directory(facts, path);
  CHECK(problems_of(facts, with_rules({rule(PathAccess::hide, "~/.cargo")})) == "");
  CHECK(problems_of(facts, with_rules({rule(PathAccess::hide, "~")})) == "");
}

TEST_CASE("what lies below something hidden is shown, or refused before anything is done",
          "[run][paths]") {
  HostFacts facts = user_facts();
  for (const char* path : {"/srv/secrets", "/srv/secrets/public", "/home"}) has_directory(facts, path);
  check_sound_or_refused(
      facts, with_rules({rule(PathAccess::hide, "/srv/secrets"), rule(PathAccess::ro, "/srv/secrets/public")}));
  HostFacts below = standing_in("/srv/secrets/work");
  has_directory(below, "/srv/secrets");
  check_sound_or_refused(below, with_rules({rule(PathAccess::hide, "/srv/secrets")}));
}

TEST_CASE("a directory that holds a masked place can be hidden", "[run][paths]") {
  for (const char* path : {"/var", "/dev"}) {
    INFO(path);
    HostFacts facts = standing_in("/srv/work");
    has_directory(facts, path);
    check_sound_or_refused(facts, with_rules({rule(PathAccess::hide, path)}));
  }
}

TEST_CASE("a checkout on /dev/shm is shown like one in /tmp", "[run][source]") {
  const HostFacts facts = standing_in("/dev/shm/work");
  CHECK(BoxModel(plan_of(facts), facts).look("/dev/shm/work").host == "/dev/shm/work");
}

TEST_CASE("a writable directory on /dev/shm has root's ids and no devices", "[run][paths]") {
  HostFacts facts = root_facts();
  has_directory(facts, "/dev/shm/x");
  const MountCall call = only_mount_at(plan_of(facts, with_rules({rule(PathAccess::rw, "/dev/shm/x")})), "box/shm/x");
  CHECK(call.id_mapped == IdMapped::required);
  CHECK((call.attributes & MOUNT_ATTR_NODEV) != 0);
}

TEST_CASE("a mount of the host is never covered by the one that it lies in", "[run][submounts]") {
  // The kernel lists mounts by age, and mount --move makes an old one lie in a younger.
  HostFacts facts = root_facts();
  facts.mounts = {{"/srv/x/sub", "ext4"}, {"/srv/x", "ext4"}};
  const Plan plan = plan_of(facts);
  size_t outer = 0, inner = 0;
  for (size_t i = 0; i < plan.files.mounts.size(); ++i) {
    if (plan.files.mounts[i].target == "srv/x") outer = i;
    if (plan.files.mounts[i].target == "srv/x/sub") inner = i;
  }
  CHECK(outer < inner);
}

TEST_CASE("the host's /proc in a chroot below the checkout does not come with it", "[run][submounts]") {
  for (const HostFacts& base : {root_facts(), degraded_facts()}) {
    HostFacts facts = base;
    facts.mounts = {{"/srv/work/chroot/proc", "proc"}, {"/srv/work/chroot/sys", "sysfs"}};
    CHECK(shown_at(plan_of(facts), "srv/work/chroot/proc").empty());
    CHECK(shown_at(plan_of(facts), "srv/work/chroot/sys").empty());
  }
}

TEST_CASE("where whole trees are copied, the host's /proc in them is covered", "[run][submounts]") {
  HostFacts facts = user_facts();
  facts.mounts = {{"/srv/work/chroot/proc", "proc"}, {"/srv/nfs", "autofs"}};
  const Plan plan = plan_of(facts);
  const MountCall cover = only_mount_at(plan, "srv/work/chroot/proc");
  CHECK(cover.source == ".empty/directory");
  CHECK(cover.optional);
  CHECK(mounted_at(plan, "srv/nfs").empty());
}

TEST_CASE("the way to a checkout below /var/tmp counts as made in the tmp volume", "[run][volumes]") {
  const HostFacts facts = standing_in("/var/tmp/a/work");
  Policy policy = default_policy();
  policy.volumes = {own_volume("tmp", 64 * kMiB, 1000)};
  const Plan plan = plan_of(facts, policy);
  const BoxModel box(plan, facts);
  CHECK(plan.files.volumes[0].own_inodes == box.inodes_in(0));
  CHECK(plan.files.volumes[1].own_inodes == box.inodes_in(1));
}

TEST_CASE("a /tmp that is a link on the host is a directory in the box", "[run][plan]") {
  HostFacts facts = user_facts();
  for (RootEntry& entry : facts.root_entries)
    if (entry.name == "tmp") entry = {"tmp", HostPathKind::file, "var/tmp"};
  CHECK(problems_of(facts, default_policy()) == "");
}

TEST_CASE("a target below a tree of the host is never taken for stepbox's own", "[run][paths]") {
  HostFacts facts = standing_in("/srv/work");
  has_directory(facts, "/home/bob");
  has_directory(facts, "/home/bob/cache");
  has_directory(facts, "/dev");
  Policy policy = with_rules({rule(PathAccess::rw, "~"), rule(PathAccess::ro, "~/cache")});
  policy.environment = {{EnvAction::redirect, "MINE", "home/cache", {}}};
  CHECK(problems_of(facts, policy) == "");
  CHECK(problems_of(facts, with_rules({rule(PathAccess::ro, "/dev")})) == "");
}

TEST_CASE("a refused checkout in a place of the kernel is nothing to hide", "[run][source]") {
  for (const char* checkout : {"/proc/4711", "/sys/kernel"})
    CHECK(mounted_at(plan_of(standing_in(checkout), with_source(SourceMode::none)), std::string(checkout).substr(1))
              .empty());
}
