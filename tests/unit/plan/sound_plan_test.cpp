// What holds for every plan, checked by carrying it out in a model of the kernel's mounts.
#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "plan/box_model.hpp"
#include "plan/overlays.hpp"
#include "plan/situations.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string lines(std::vector<std::string> parts) {
  return join(parts, "\n");
}

std::string sorted_lines(std::vector<std::string> parts) {
  std::ranges::sort(parts);
  return lines(std::move(parts));
}

const caches::Redirect* redirect_of(const std::string& variable) {
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Redirect& redirect : tool.redirects)
      if (redirect.variable == variable) return &redirect;
  return nullptr;
}

// What the kernel makes for overlays in the volume of their layers.
uint64_t kernels_inodes_in(const Plan& plan, size_t volume) {
  const bool has_scratch = std::ranges::find(plan.files.volumes, "scratch", &PlannedVolume::name) != plan.files.volumes.end();
  const bool is_of_layers = plan.files.volumes[volume].name == (has_scratch ? "scratch" : "workspace");
  const size_t trials = std::ranges::count(plan.files.mounts, MountAct::try_overlay, &MountCall::act);
  return plan.files.overlays.empty() || !is_of_layers ? 0 : plan::kInodesOfOverlay * (plan.files.overlays.size() + trials);
}

}  // namespace

TEST_CASE("every mount of a plan finds its target and its source", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    for (const auto step : {BoxModel::Step::first, BoxModel::Step::last})
      CHECK(lines(BoxModel(plan_of(s.facts, s.policy), s.facts, step).problems()) == "");
  }
}

TEST_CASE("nothing of the host is writable but the checkout and what was named", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const BoxModel box(plan_of(s.facts, s.policy), s.facts);
    // A masked place shows a mount in it twice: at its own path and below /box.
    std::vector<std::string> seen;
    for (const std::string& tree : box.writable_host_trees())
      if (!tree.starts_with("/box/")) seen.push_back(tree);
    CHECK(lines(seen) == sorted_lines(s.writable));
  }
}

TEST_CASE("outside the workspace only processes and terminals can be written", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    const std::string expected =
        plan.identity.isolation == UidIsolation::degraded ? "/dev/pts = devpts" : "/dev/pts = devpts\n/proc = proc";
    CHECK(lines(BoxModel(plan, s.facts).writable_elsewhere()) == expected);
  }
}

// Init and step work on them at the same time.
TEST_CASE("what init mounts and what the step makes have nothing to do with each other", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    CHECK_FALSE(plan.files.cache_directories.empty());
    for (const MountCall& made : plan.files.cache_directories) {
      CHECK(made.act == MountAct::directory);
      CHECK(made.target.starts_with("box/"));
      for (const MountCall& mount : plan.files.mounts) {
        if (mount.phase == MountPhase::workspace) continue;
        const std::string& target = mount.target;
        INFO(made.target << " and " << target);
        CHECK_FALSE(is_within(target, made.target));
        CHECK_FALSE((target.starts_with("box/") && is_within(made.target, target)));
      }
    }
  }
}

// Init stops at the first call of a later phase, and is finished after the last.
TEST_CASE("the box is made phase after phase, and every phase has something to do", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    CHECK(std::ranges::is_sorted(plan.files.mounts, {}, &MountCall::phase));
    CHECK(plan.files.mounts.back().phase == MountPhase::last);
    for (const MountPhase phase : {MountPhase::workspace, MountPhase::host, MountPhase::shown, MountPhase::seal})
      CHECK(std::ranges::count(plan.files.mounts, phase, &MountCall::phase) > 0);
  }
}

TEST_CASE("the workspace is there before anything of the host", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    for (const MountCall& call : plan.files.mounts) {
      INFO(call.target);
      if (call.act == MountAct::tmpfs) CHECK(call.phase == MountPhase::workspace);
      if (call.act == MountAct::bind) CHECK(call.phase > MountPhase::workspace);
    }
  }
}

TEST_CASE("the root is sealed last", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    CHECK(plan.files.mounts.back().act == MountAct::seal);
    CHECK(plan.files.mounts.back().target.empty());
    CHECK((plan.files.mounts.back().attributes & MOUNT_ATTR_RDONLY) != 0);
  }
}

TEST_CASE("a volume's own inodes are what the plan makes in it and its root", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    for (const auto step : {BoxModel::Step::first, BoxModel::Step::last}) {
      const BoxModel box(plan, s.facts, step);
      for (size_t i = 0; i < plan.files.volumes.size(); ++i) {
        INFO(plan.files.volumes[i].path);
        CHECK(plan.files.volumes[i].own_inodes == box.inodes_in(static_cast<int>(i)) + kernels_inodes_in(plan, i));
      }
    }
  }
}

TEST_CASE("the temporary places and the home lie in the workspace", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    const BoxModel box(plan, s.facts);
    std::vector<std::string> places = {"/tmp", "/dev/shm", "/run", "/box/tmp", "/box/home", "/box/cache", "/box/out"};
    if (!s.facts.var_tmp.empty()) places.push_back(s.facts.var_tmp);
    const plan::Layout layout(s.facts, s.policy.home.value);
    for (const plan::Mask& mask : layout.masks())
      if (mask.box == "box/home") places.push_back(mask.host);
    // The checkout wins over a mask where it was named or marked.
    if (plan.files.source != SourceMode::none) std::erase(places, plan.files.source_path);
    for (const std::string& place : places) {
      INFO(place);
      CHECK(box.look(place).kind == NodeKind::directory);
      CHECK(box.look(place).volume >= 0);
      CHECK(box.look(place).writable);
    }
  }
}

TEST_CASE("a directory that a redirect names is there and writable", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    const BoxModel box(plan, s.facts);
    for (const EnvEntry& entry : plan.step.environment) {
      if (!entry.value.starts_with("/box/") || entry.cause == EnvCause::inherited) continue;
      INFO(entry.name << "=" << entry.value);
      const caches::Redirect* redirect = redirect_of(entry.name);
      const bool tool_makes_it = redirect != nullptr && redirect->create == caches::Create::parent;
      const BoxModel::Seen seen = box.look(tool_makes_it ? entry.value.substr(0, entry.value.rfind('/')) : entry.value);
      CHECK(seen.kind == NodeKind::directory);
      CHECK(seen.writable);
    }
  }
}

TEST_CASE("the directory in which the step starts is there", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    CHECK(BoxModel(plan, s.facts).look(plan.step.cwd).kind == NodeKind::directory);
  }
}

TEST_CASE("the checkout at its own path is the host's", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const Plan plan = plan_of(s.facts, s.policy);
    if (plan.files.source == SourceMode::none) continue;
    const BoxModel::Seen seen = BoxModel(plan, s.facts).look(plan.files.source_path);
    const bool is_overlay = plan.files.source == SourceMode::overlay;
    CHECK((is_overlay ? seen.lower : seen.host) == plan.files.source_path);
    CHECK(seen.writable == (is_overlay || plan.files.source == SourceMode::rw));
  }
}

TEST_CASE("a mount of the host below the top is in the box too", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    const BoxModel box(plan_of(s.facts, s.policy), s.facts);
    for (const char* path : {"/boot/efi", "/var/lib/docker"})
      if (s.facts.privileged && s.policy.root.value == RootMode::ro) CHECK(box.look(path).host == path);
  }
}

TEST_CASE("no mount of the box brings set-user-id programs in", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    for (const MountCall& call : plan_of(s.facts, s.policy).files.mounts) {
      const bool makes = call.act == MountAct::directory || call.act == MountAct::file || call.act == MountAct::symlink;
      if (makes || (call.act == MountAct::seal && call.target == "proc")) continue;
      INFO(call.target);
      CHECK((call.attributes & MOUNT_ATTR_NOSUID) != 0);
    }
  }
}

TEST_CASE("every volume is limited in bytes and in inodes from its first byte", "[run][plan]") {
  for (const Situation& s : situations()) {
    INFO(s.name);
    for (const MountCall& call : plan_of(s.facts, s.policy).files.mounts) {
      if (call.act != MountAct::tmpfs) continue;
      INFO(call.target);
      for (const char* key : {"size", "nr_inodes", "mode"})
        CHECK(std::ranges::count(call.options, key, &std::pair<std::string, std::string>::first) == 1);
    }
  }
}

TEST_CASE("the same input makes the same plan", "[run][plan]") {
  for (const Situation& s : situations()) {
    const Plan once = plan_of(s.facts, s.policy);
    const Plan again = plan_of(s.facts, s.policy);
    REQUIRE(once.files.mounts.size() == again.files.mounts.size());
    for (size_t i = 0; i < once.files.mounts.size(); ++i) REQUIRE(once.files.mounts[i].target == again.files.mounts[i].target);
    REQUIRE(once.step.environment.size() == again.step.environment.size());
  }
}
