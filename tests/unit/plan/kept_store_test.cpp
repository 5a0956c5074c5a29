// The warm store, which steps neither read nor change.
#include <sys/mount.h>

#include <algorithm>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

constexpr const char* kInHome = "/home/bob/.local/share/stepbox/warm";
constexpr const char* kOfRoot = "/var/lib/stepbox/warm";

HostFacts with_store(HostFacts facts, const std::string& store) {
  facts.kept_store = store;
  has_directory(facts, store);
  has_directory(facts, store + "/go");
  return facts;
}

Policy with_home(HomeMode home) {
  Policy policy = default_policy();
  policy.home = {home, on_command_line("--home")};
  return policy;
}

Policy with_rule(PathAccess access, const std::string& path, HomeMode home = HomeMode::fresh) {
  Policy policy = with_home(home);
  policy.paths = {rule(access, path)};
  return policy;
}

// The store is an empty directory there, and nothing went wrong.
void check_hidden(const HostFacts& facts, const Policy& policy, const std::string& place) {
  const Plan plan = plan_of(facts, policy);
  for (const BoxModel::Step step : {BoxModel::Step::first, BoxModel::Step::last}) {
    const BoxModel box(plan, facts, step);
    CHECK(box.problems() == std::vector<std::string>());
    CHECK(box.look(place).kind == NodeKind::directory);
    CHECK(box.look(place).host.empty());
    CHECK(box.look(place).lower.empty());
    CHECK_FALSE(box.look(place).writable);
    CHECK(box.look(place + "/go").kind == NodeKind::missing);
  }
}

}  // namespace

TEST_CASE("the store is hidden where the root or the home shows it", "[run][warm][store]") {
  check_hidden(with_store(root_facts(), kOfRoot), default_policy(), kOfRoot);
  check_hidden(with_store(degraded_facts(), kOfRoot), default_policy(), kOfRoot);
  Policy overlay = default_policy();
  overlay.root = {RootMode::overlay, on_command_line("--root")};
  check_hidden(with_store(root_facts(), kOfRoot), overlay, kOfRoot);
  check_hidden(with_store(user_facts(), kInHome), with_home(HomeMode::host), kInHome);
  check_hidden(with_store(user_facts(), kInHome), with_home(HomeMode::overlay), kInHome);
}

TEST_CASE("the store is hidden in the checkout, in what a rule shows, and at a second place", "[run][warm][store]") {
  HostFacts facts = with_store(user_facts(), kInHome);
  has_directory(facts, "/home/bob/.local");
  for (const PathAccess access : {PathAccess::ro, PathAccess::rw}) {
    check_hidden(facts, with_rule(access, "/home/bob/.local"), kInHome);
    check_hidden(facts, with_rule(access, "/home/bob/.local", HomeMode::host), kInHome);
  }
  check_hidden(with_store(user_facts(), "/home/bob/work/store"), default_policy(), "/home/bob/work/store");
  HostFacts linked = with_store(user_facts(), "/data/share/warm");
  linked.root_entries.push_back({"data", HostPathKind::directory, {}});
  linked.paths["/home/bob/link"] = {"/data/share", HostPathKind::directory};
  check_hidden(linked, with_rule(PathAccess::rw, "/home/bob/link"), "/home/bob/link/warm");
  check_hidden(linked, with_rule(PathAccess::rw, "/home/bob/link"), "/data/share/warm");
}

TEST_CASE("a store that is not there or not shown costs no mount", "[run][warm][store]") {
  const auto mounts = [](const HostFacts& facts, const Policy& policy) { return plan_of(facts, policy).files.mounts.size(); };
  HostFacts store_in_home = user_facts();
  store_in_home.kept_store = kInHome;
  CHECK(mounts(store_in_home, default_policy()) == mounts(user_facts(), default_policy()));
  Policy reduced = default_policy();
  reduced.root = {RootMode::system, on_command_line("--root")};
  HostFacts of_root = root_facts();
  of_root.kept_store = kOfRoot;
  CHECK(mounts(of_root, reduced) == mounts(root_facts(), reduced));
}

TEST_CASE("a rule that names the store shows it, and one that names a part of it opens no more", "[run][warm][store]") {
  const HostFacts facts = with_store(user_facts(), kInHome);
  const auto look = [&](PathAccess access, const std::string& path, const std::string& place) {
    const Plan plan = plan_of(facts, with_rule(access, path, HomeMode::host));
    const BoxModel box(plan, facts);
    CHECK(box.problems() == std::vector<std::string>());
    return box.look(place);
  };
  const std::string part = std::string(kInHome) + "/go";
  CHECK(look(PathAccess::ro, kInHome, part).host == part);
  CHECK_FALSE(look(PathAccess::ro, kInHome, part).writable);
  CHECK(look(PathAccess::rw, kInHome, part).writable);
  CHECK(look(PathAccess::rw, part, part).writable);
  CHECK_FALSE(look(PathAccess::rw, part, kInHome).writable);
  CHECK_FALSE(look(PathAccess::ro, part, kInHome).writable);
}

TEST_CASE("a checkout in the store is refused", "[run][warm][store]") {
  HostFacts facts = with_store(user_facts(), kInHome);
  facts.cwd = facts.checkout = std::string(kInHome) + "/go";
  facts.checkout_is_marked = true;
  const Error refused = refusal_of(facts, default_policy());
  CHECK(refused.message.contains("it lies in the warm store '" + std::string(kInHome) + "'"));
  CHECK(refused.hint.contains("--ro " + std::string(kInHome) + "/go"));
}

TEST_CASE("the store is hidden after the layers of warm caches were mounted from it", "[run][warm][store]") {
  HostFacts facts = with_store(root_facts(), kOfRoot);
  HostFacts::Warm warm{.name = "go"};
  warm.generation = WarmGeneration{};
  warm.tree = std::string(kOfRoot) + "/go/generations/1/tree";
  warm.directories = {"cache/go-build"};
  facts.warm = {warm};
  Policy policy = default_policy();
  policy.warm = {{"go", on_command_line("--warm")}};
  const Plan plan = plan_of(facts, policy);
  const auto layer = std::ranges::find(plan.files.mounts, warm.tree + "/cache/go-build", &MountCall::source);
  const auto cover = std::ranges::find(plan.files.mounts, std::string(kOfRoot).substr(1), &MountCall::target);
  REQUIRE(layer != plan.files.mounts.end());
  REQUIRE(cover != plan.files.mounts.end());
  CHECK(layer < cover);
  CHECK(cover->phase == MountPhase::shown);
}

TEST_CASE("Landlock does not open a place that holds the store", "[run][warm][store]") {
  HostFacts facts = with_store(user_facts(), kInHome);
  facts.landlock_abi = 6;
  facts.private_directory = "/tmp/stepbox-1";
  Policy policy = with_home(HomeMode::host);
  policy.isolation = {Isolation::landlock, on_command_line("--isolation")};
  policy.home.origin = on_command_line("--home");
  const Error refused = refusal_of(facts, policy);
  CHECK(refused.message.contains("the warm store '" + std::string(kInHome) + "' in a place that is writable, '/home/bob'"));
  policy.paths = {rule(PathAccess::ro, kInHome)};
  CHECK(refusal_of(facts, policy).message.contains("the warm store"));
  policy.paths = {rule(PathAccess::rw, kInHome)};
  (void)plan_of(facts, policy);
  policy.paths.clear();
  policy.home = {HomeMode::fresh, {}};
  (void)plan_of(facts, policy);
}
