// Directories of the host that the step can write to, while its changes land in volume scratch.
#include "plan/overlays.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using plan::kInodesOfOverlay;
using plan::overlay_calls;

namespace {

Policy with_overlay_of_source() {
  Policy policy = default_policy();
  policy.source = {SourceMode::overlay, on_command_line("--source")};
  return policy;
}

std::string option_of(const MountCall& call, std::string_view key) {
  for (const auto& [name, value] : call.options)
    if (name == key) return value.empty() ? "set" : value;
  return "";
}

}  // namespace

TEST_CASE("a checkout as an overlay is one lower layer, read-only, and an upper one in volume scratch", "[run][overlay]") {
  const Plan plan = plan_of(root_facts(), with_overlay_of_source());
  REQUIRE(plan.files.overlays.size() == 1);
  const PlannedOverlay& overlay = plan.files.overlays.front();
  CHECK(overlay.of == OverlayOf::source);
  CHECK(overlay.path == "/srv/work");
  CHECK(overlay.lowers == std::vector<std::string>{"/srv/work"});
  CHECK(overlay.upper() == "box/scratch/overlays/0/upper");
  CHECK(overlay.file_system == "ext4");
  const MountCall lower = only_mount_at(plan, "box/scratch/overlays/0/lower0");
  CHECK(lower.act == MountAct::bind);
  CHECK(lower.source == "/srv/work");
  CHECK((lower.attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(lower.id_mapped == IdMapped::required);
  const MountCall view = only_mount_at(plan, "srv/work");
  CHECK(view.act == MountAct::overlay);
  CHECK(view.source == "box/scratch/overlays/0");
  CHECK((view.attributes & MOUNT_ATTR_RDONLY) == 0);
  CHECK((view.attributes & MOUNT_ATTR_NOSUID) != 0);
}

TEST_CASE("every option of an overlay is stated, since kernels are built with other defaults", "[run][overlay]") {
  const MountCall of_root = only_mount_at(plan_of(root_facts(), with_overlay_of_source()), "srv/work");
  for (const char* key : {"index", "metacopy", "redirect_dir", "xino"}) CHECK(option_of(of_root, key) == "on");
  CHECK(option_of(of_root, "nfs_export") == "off");
  CHECK(option_of(of_root, "userxattr").empty());
  const Plan plan = plan_of(user_facts(), with_overlay_of_source());
  const MountCall of_user = only_mount_at(plan, "box/home/work");
  CHECK(option_of(of_user, "userxattr") == "set");
  CHECK(option_of(of_user, "redirect_dir") == "nofollow");
  for (const char* key : {"index", "metacopy", "nfs_export"}) CHECK(option_of(of_user, key) == "off");
  HostFacts container = root_facts();
  container.root_is_mapped_elsewhere = true;
  CHECK(option_of(only_mount_at(plan_of(container, with_overlay_of_source()), "srv/work"), "userxattr") == "set");
}

TEST_CASE("the step finds an empty directory where the layers are", "[run][overlay]") {
  const Plan plan = plan_of(root_facts(), with_overlay_of_source());
  const MountCall cover = only_mount_at(plan, "box/scratch/overlays");
  CHECK(cover.source == ".empty/directory");
  CHECK((cover.attributes & MOUNT_ATTR_RDONLY) != 0);
  const auto place_of = [&](const MountCall& call) {
    return std::ranges::find_if(plan.files.mounts, [&](const MountCall& other) { return other.target == call.target && other.act == call.act; });
  };
  CHECK(place_of(only_mount_at(plan, "srv/work")) < place_of(cover));
}

TEST_CASE("overlays are tried once, before the first", "[run][overlay]") {
  const Plan plan = plan_of(user_facts(), with_overlay_of_source());
  CHECK(std::ranges::count(plan.files.mounts, MountAct::try_overlay, &MountCall::act) == 1);
  const auto trial = std::ranges::find(plan.files.mounts, MountAct::try_overlay, &MountCall::act);
  const auto first = std::ranges::find(plan.files.mounts, MountAct::overlay, &MountCall::act);
  CHECK(trial < first);
  const Plan of_root = plan_of(root_facts(), with_overlay_of_source());
  CHECK(std::ranges::count(of_root.files.mounts, MountAct::try_overlay, &MountCall::act) == 0);
}

TEST_CASE("a box without overlays has nothing of them", "[run][overlay]") {
  for (const HostFacts& facts : {root_facts(), user_facts()}) {
    const Plan plan = plan_of(facts);
    CHECK(plan.files.overlays.empty());
    for (const MountCall& call : plan.files.mounts) CHECK_FALSE(call.target.starts_with("box/scratch"));
  }
}

TEST_CASE("what stepbox makes for overlays takes no inode of the step's", "[run][overlay]") {
  const auto own_inodes = [](const Policy& policy, std::string_view volume) {
    const Plan plan = plan_of(root_facts(), policy);
    const auto found = std::ranges::find(plan.files.volumes, volume, &PlannedVolume::name);
    REQUIRE(found != plan.files.volumes.end());
    return found->own_inodes;
  };
  CHECK(own_inodes(with_overlay_of_source(), "workspace") > own_inodes(default_policy(), "workspace") + kInodesOfOverlay);
  Policy with_volume = with_overlay_of_source();
  with_volume.volumes.push_back(own_volume("scratch", 64 * kMiB, 1000));
  CHECK(own_inodes(with_volume, "scratch") > kInodesOfOverlay);
  // But for the directory that volume scratch is mounted on.
  CHECK(own_inodes(with_volume, "workspace") == own_inodes(default_policy(), "workspace") + 1);
}

TEST_CASE("root's overlay leaves out what is mounted below it, which is shown read-only", "[run][overlay]") {
  HostFacts facts = root_facts();
  facts.mounts.push_back({"/srv/work/data", "xfs"});
  const Plan plan = plan_of(facts, with_overlay_of_source());
  const std::vector<MountCall> shown = shown_at(plan, "srv/work/data");
  REQUIRE_FALSE(shown.empty());
  CHECK(shown.back().act == MountAct::bind);
  CHECK((shown.back().attributes & MOUNT_ATTR_RDONLY) != 0);
}

TEST_CASE("an ordinary user's overlay cannot leave out what is mounted below it", "[run][overlay]") {
  HostFacts facts = user_facts();
  facts.mounts = {{"/", "ext4"}, {"/home/bob/work/data", "fuse.sshfs"}};
  const Error error = refusal_of(facts, with_overlay_of_source());
  CHECK(error.message == "cannot show '/home/bob/work' as an overlay, as the checkout (--source): '/home/bob/work/data' is mounted below "
                         "it, and only root's box can leave it out");
  CHECK(error.hint == "unmount it, or run stepbox as root");
}

TEST_CASE("without a box there is no overlay", "[run][overlay]") {
  Policy policy = with_overlay_of_source();
  policy.isolation.value = Isolation::env;
  CHECK(refusal_of(user_facts(), policy).message.find("source overlay (--source)") != std::string::npos);
}

TEST_CASE("several lower layers stand in their order, each a mount of its own", "[run][overlay]") {
  PlannedOverlay overlay{.of = OverlayOf::warm, .path = "/box/cache/go-build", .lowers = {"/warm/new", "/warm/old"}, .why = "warm cache go"};
  const Plan plan = plan_of(root_facts());
  const std::vector<MountCall> calls = overlay_calls(overlay, 3, "box/cache/go-build", plan.identity, root_facts());
  CHECK(option_of(calls.back(), "lowerdir") == "lower0:lower1");
  const auto second = std::ranges::find(calls, "/warm/old", &MountCall::source);
  REQUIRE(second != calls.end());
  CHECK(second->target == "box/scratch/overlays/3/lower1");
}

TEST_CASE("root: overlay lays one over each directory at the top, but those that the box replaces", "[run][overlay]") {
  Policy policy = default_policy();
  policy.root = {RootMode::overlay, on_command_line("--root")};
  const Plan plan = plan_of(root_facts(), policy);
  for (const char* target : {"usr", "etc", "var", "opt", "srv", "home"}) CHECK(mounted_at(plan, target).front().act == MountAct::overlay);
  for (const char* target : {"tmp", "root", "run"})
    for (const MountCall& call : mounted_at(plan, target)) CHECK(call.act != MountAct::overlay);
  // A disk of its own that was mounted at the top, and what is mounted further down.
  CHECK(mounted_at(plan, "boot").front().act == MountAct::overlay);
  CHECK((only_mount_at(plan, "var/lib/docker").attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(only_mount_at(plan, "srv/work").act == MountAct::bind);
}

TEST_CASE("a top directory that cannot be laid over stays read-only, and a note says so", "[run][overlay]") {
  Policy policy = default_policy();
  policy.root = {RootMode::overlay, on_command_line("--root")};
  HostFacts facts = user_facts();
  facts.mounts = {{"/", "ext4"}, {"/var/lib/docker", "xfs"}};
  const Plan user = plan_of(facts, policy);
  CHECK((mounted_at(user, "var").front().attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(mounted_at(user, "usr").front().act == MountAct::overlay);
  const auto notes_of = [](const Plan& plan) { return plan.remarks.notes; };
  CHECK(std::ranges::count(notes_of(user), "root: overlay leaves /var read-only: /var/lib/docker is mounted below it, and only root's box can "
                                           "leave that out") == 1);
  facts = root_facts();
  facts.mounts.push_back({"/opt", "nfs4"});
  const Plan root = plan_of(facts, policy);
  CHECK((mounted_at(root, "opt").front().attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(std::ranges::count(notes_of(root), "root: overlay leaves /opt read-only: it is a file system of its own (nfs4)") == 1);
}

TEST_CASE("home: overlay shows the home with empty directories in the place of its caches", "[run][overlay]") {
  Policy policy = default_policy();
  policy.home = {HomeMode::overlay, on_command_line("--home")};
  HostFacts facts = user_facts();
  for (const char* path : {"/home/bob/.cache", "/home/bob/.cache/go-build", "/home/bob/go/pkg/mod", "/home/bob/.config"}) has_directory(facts, path);
  const Plan plan = plan_of(facts, policy);
  CHECK(only_mount_at(plan, "home/bob").act == MountAct::overlay);
  for (const char* hidden : {".cache", "go/pkg/mod"}) {
    const MountCall cache = only_mount_at(plan, std::string("home/bob/") + hidden);
    CHECK(cache.act == MountAct::rebind);
    CHECK(cache.source == std::string("box/home/") + hidden);
    CHECK((cache.attributes & MOUNT_ATTR_RDONLY) == 0);
  }
  CHECK(mounted_at(plan, "home/bob/.cache/go-build").empty());
  CHECK(mounted_at(plan, "home/bob/.config").empty());
  CHECK(only_mount_at(plan, "home/bob/work").act == MountAct::bind);
}

TEST_CASE("a checkout of another owner cannot be an ordinary user's overlay, and the owner is named", "[run][overlay]") {
  HostFacts facts = user_facts();
  facts.checkout_uid = 0;
  const Error error = refusal_of(facts, with_overlay_of_source());
  CHECK(error.message.find("it belongs to user 0 and group 1000, and this box has only user 1000 and group 1000") != std::string::npos);
}

TEST_CASE("a git directory outside that belongs to the checkout has the checkout's access", "[run][overlay][git]") {
  HostFacts facts = root_facts();
  facts.git_directory = "/srv/main/.git";
  CHECK((only_mount_at(plan_of(facts), "srv/main/.git").attributes & MOUNT_ATTR_RDONLY) == 0);
  CHECK(only_mount_at(plan_of(facts, with_overlay_of_source()), "srv/main/.git").act == MountAct::overlay);
  Policy policy = default_policy();
  policy.source.value = SourceMode::ro;
  CHECK((only_mount_at(plan_of(facts, policy), "srv/main/.git").attributes & MOUNT_ATTR_RDONLY) != 0);
  facts.git_directory.clear();
  facts.git_directory_problem = "'/srv/x' belongs to the work tree '/srv/y'";
  const Plan plan = plan_of(facts);
  CHECK(mounted_at(plan, "srv/main/.git").empty());
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings.front().find("'/srv/x' belongs to the work tree '/srv/y'; if it is the right one, name it: --rw") != std::string::npos);
}
