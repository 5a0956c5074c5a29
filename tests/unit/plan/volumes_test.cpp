#include <algorithm>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string option_of(const Plan& plan, int volume, std::string_view key) {
  for (const MountCall& call : plan.files.mounts)
    for (const auto& [name, value] : call.options)
      if (call.volume == volume && name == key) return value;
  return {};
}

Policy with_volumes(std::vector<VolumeSpec> volumes) {
  Policy policy = default_policy();
  policy.volumes = std::move(volumes);
  return policy;
}

}  // namespace

TEST_CASE("the workspace is a share of the memory that may be used, in whole pages", "[run][volumes]") {
  HostFacts facts = user_facts();
  facts.memory_usable = 10'000'000;
  const Plan plan = plan_of(facts);
  REQUIRE(plan.files.volumes.size() == 1);
  CHECK(plan.files.volumes[0].name == "workspace");
  CHECK(plan.files.volumes[0].path == "/box");
  CHECK(plan.files.volumes[0].bytes == 5'000'000 / 4096 * 4096);
  CHECK(option_of(plan, 0, "size") == std::to_string(plan.files.volumes[0].bytes));
}

TEST_CASE("a volume with a size of its own is a tmpfs of its own", "[run][volumes]") {
  const Plan plan = plan_of(user_facts(), with_volumes({own_volume("cache", 64 * kMiB, 500)}));
  REQUIRE(plan.files.volumes.size() == 2);
  CHECK(plan.files.volumes[1].path == "/box/cache");
  CHECK(option_of(plan, 1, "size") == std::to_string(64 * kMiB));
  CHECK(only_mount_at(plan, "box/cache").why == "volume cache");
}

TEST_CASE("what stepbox makes is on top of the inodes that the step may use", "[run][volumes]") {
  const Plan plan = plan_of(user_facts(), with_volumes({own_volume("cache", 64 * kMiB, 500)}));
  for (size_t i = 0; i < plan.files.volumes.size(); ++i)
    CHECK(option_of(plan, static_cast<int>(i), "nr_inodes") ==
          std::to_string(plan.files.volumes[i].inodes + plan.files.volumes[i].own_inodes));
}

TEST_CASE("a volume that names one limit takes the other from the workspace", "[run][volumes]") {
  Policy policy = default_policy();
  policy.size = {{Size::Unit::bytes, kGiB}, on_command_line("--size")};
  policy.inodes = {1234, on_command_line("--inodes")};
  const Origin origin = on_command_line("--volume");
  policy.volumes = {{"cache", Size{Size::Unit::bytes, kMiB}, std::nullopt, origin}, {"out", std::nullopt, 99, origin}};
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(plan.files.volumes[1].bytes == kMiB);
  CHECK(plan.files.volumes[1].inodes == 1234);
  CHECK(plan.files.volumes[1].inodes_origin.place == "--inodes");
  CHECK(plan.files.volumes[2].bytes == kGiB);
  CHECK(plan.files.volumes[2].inodes == 99);
  CHECK(plan.files.volumes[2].inodes_origin.place == "--volume");
}

TEST_CASE("what volumes have of their own comes out of the workspace's default", "[run][volumes]") {
  HostFacts facts = user_facts();
  facts.memory_usable = 1024 * kMiB;
  const Plan plan = plan_of(facts, with_volumes({own_volume("cache", 128 * kMiB, 100'000), own_volume("tmp", 64 * kMiB, 50'000)}));
  CHECK(plan.files.volumes[0].bytes == 320 * kMiB);
  CHECK(plan.files.volumes[0].inodes == 850'000);
  CHECK(plan.files.volumes[1].bytes == 128 * kMiB);
  CHECK(plan.files.volumes[2].inodes == 50'000);
  REQUIRE(plan.remarks.notes.size() == 2);
  CHECK(plan.remarks.notes[0] == "workspace is 320 MiB: the volumes' own share comes out of the default of 512 MiB");
  CHECK(plan.remarks.notes[1] == "workspace has 850000 inodes: the volumes' own share comes out of the default of 1000000");
}

TEST_CASE("volumes that leave a number open share the rest of the default with the workspace", "[run][volumes]") {
  const Origin origin = on_command_line("--volume");
  HostFacts facts = user_facts();
  facts.memory_usable = 1024 * kMiB;
  const Plan plan = plan_of(facts, with_volumes({{"cache", Size{Size::Unit::bytes, 112 * kMiB}, std::nullopt, origin},
                                                 {"out", std::nullopt, 100'000, origin}}));
  CHECK(plan.files.volumes[0].bytes == 200 * kMiB);
  CHECK(plan.files.volumes[2].bytes == 200 * kMiB);
  CHECK(plan.files.volumes[0].inodes == 450'000);
  CHECK(plan.files.volumes[1].inodes == 450'000);
}

TEST_CASE("a large volume leaves the workspace a quarter of its default", "[run][volumes]") {
  HostFacts facts = user_facts();
  facts.memory_usable = 1024 * kMiB;
  const Plan plan = plan_of(facts, with_volumes({own_volume("cache", 600 * kMiB, 2'000'000)}));
  CHECK(plan.files.volumes[0].bytes == 128 * kMiB);
  CHECK(plan.files.volumes[0].inodes == 250'000);
}

TEST_CASE("a number that somebody chose for the workspace stands beside the volumes", "[run][volumes]") {
  Policy policy = with_volumes({own_volume("cache", 64 * kMiB, 500)});
  policy.size = {{Size::Unit::bytes, kGiB}, on_command_line("--size")};
  policy.inodes = {1234, on_command_line("--inodes")};
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(plan.files.volumes[0].bytes == kGiB);
  CHECK(plan.files.volumes[0].inodes == 1234);
  CHECK(plan.remarks.notes.empty());
}

TEST_CASE("a volume's share is of the memory too", "[run][volumes]") {
  Policy policy = with_volumes({{"cache", Size{Size::Unit::percent, 25}, std::nullopt, {}}});
  HostFacts facts = user_facts();
  facts.memory_usable = 400 * kMiB;
  CHECK(plan_of(facts, policy).files.volumes[1].bytes == 100 * kMiB);
}

TEST_CASE("/tmp and /var/tmp of an own tmp volume are two directories of it", "[run][volumes]") {
  const Plan plan = plan_of(user_facts(), with_volumes({own_volume("tmp", 64 * kMiB, 500)}));
  const BoxModel box(plan, user_facts());
  for (const char* path : {"/tmp", "/var/tmp", "/box/tmp", "/box/var-tmp"}) {
    INFO(path);
    CHECK(box.look(path).volume == 1);
    CHECK(box.look(path).writable);
  }
  // Neither is seen in the other.
  CHECK(box.look("/tmp/var-tmp").kind == NodeKind::missing);
  CHECK(box.look("/tmp/tmp").kind == NodeKind::missing);
  CHECK(box.look("/var/tmp/tmp").kind == NodeKind::missing);
}

TEST_CASE("the temporary directories are sticky and open to all, the home is not", "[run][volumes]") {
  for (const Policy& policy : {default_policy(), with_volumes({own_volume("tmp", kMiB, 9), own_volume("shm", kMiB, 9),
                                                               own_volume("home", kMiB, 9)})}) {
    const Plan plan = plan_of(user_facts(), policy);
    const auto mode_of = [&](std::string_view target) {
      uint32_t mode = 0;
      for (const auto* calls : {&plan.files.mounts, &plan.files.cache_directories})
        for (const MountCall& call : *calls)
          if (call.act == MountAct::directory && call.target == target) mode = call.mode;
      return mode;
    };
    const bool own_tmp = plan.files.volumes.size() > 1;
    CHECK(mode_of(own_tmp ? "box/tmp/tmp" : "box/tmp") == 01777);
    CHECK(mode_of(own_tmp ? "box/tmp/var-tmp" : "box/var-tmp") == 01777);
    CHECK(mode_of("box/shm") == 01777);
    CHECK(mode_of("box/home") == 0700);
    CHECK(mode_of("box/run/user/1000") == 0700);
  }
}

TEST_CASE("a volume is mounted before anything is made in it", "[run][volumes]") {
  const Plan plan = plan_of(user_facts(), with_volumes({own_volume("cache", kMiB, 9)}));
  const auto mounted = std::ranges::find_if(plan.files.mounts, [](const MountCall& call) { return call.volume == 1; });
  const auto made = std::ranges::find_if(plan.files.mounts, [](const MountCall& call) {
    return call.act == MountAct::directory && call.target.starts_with("box/cache/");
  });
  CHECK(mounted < made);
  CHECK(mounted->phase == MountPhase::workspace);
}
