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
  CHECK(own_inodes(with_volume, "scratch") > 2 * kInodesOfOverlay);
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
