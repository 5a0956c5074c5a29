// Which warm caches a step reads through, where, and which are saved.
#include "plan/warm.hpp"

#include <algorithm>

#include "plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

const Origin kProject{Layer::project, ".stepbox.yaml", 3, 8};

Policy with_warm(std::string name, Origin origin = on_command_line("--warm")) {
  Policy policy = default_policy();
  policy.warm.push_back({std::move(name), std::move(origin)});
  return policy;
}

// A store that has generation 7 of the warm cache.
HostFacts& has_generation(HostFacts& facts, const std::string& name, std::vector<std::string> directories) {
  facts.warm_store = "/store";
  facts.now = 1'800'000'000.5;
  WarmGeneration generation;
  generation.name = name;
  generation.id = "000007-abc";
  generation.began = generation.saved = std::chrono::sys_seconds(std::chrono::seconds(1'799'000'000));
  facts.warm.push_back({.name = name, .generation = generation, .newest = "000007-abc", .tree = "/store/" + name + "/tree", .directories = std::move(directories)});
  return facts;
}

HostFacts with_go(HostFacts facts) { return has_generation(facts, "go", {"cache/go-build", "cache/go-mod"}); }

const PlannedWarm& only_warm(const Plan& plan) {
  REQUIRE(plan.warm.size() == 1);
  return plan.warm.front();
}

const PlannedWarmDirectory& directory_of(const PlannedWarm& warm, std::string_view path) {
  const auto found = std::ranges::find(warm.directories, path, &PlannedWarmDirectory::path);
  INFO(path);
  REQUIRE(found != warm.directories.end());
  return *found;
}

std::string value_of(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  return found == plan.step.environment.end() ? "(unset)" : found->value;
}

bool has_note(const Plan& plan, std::string_view text) {
  return std::ranges::any_of(plan.remarks.notes, [&](const std::string& note) { return note.contains(text); });
}

const MountCall* start_file(const Plan& plan) {
  const auto found = std::ranges::find(plan.files.cache_directories, "box/cache/go-build/trim.txt", &MountCall::target);
  return found == plan.files.cache_directories.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("a warm cache's generation lies under each directory that it covers", "[plan][warm]") {
  for (const bool is_root : {true, false}) {
    CAPTURE(is_root);
    const Plan plan = plan_of(with_go(is_root ? root_facts() : user_facts()), with_warm("go"));
    const PlannedWarm& go = only_warm(plan);
    CHECK(go.generation->id == "000007-abc");
    CHECK(go.why_cold.empty());
    CHECK(go.degraded.empty() == is_root);
    CHECK_FALSE(go.save);
    REQUIRE(plan.files.overlays.size() == 2);
    const PlannedOverlay& build = plan.files.overlays[static_cast<size_t>(directory_of(go, "cache/go-build").overlay)];
    CHECK(build.of == OverlayOf::warm);
    CHECK(build.path == "/box/cache/go-build");
    CHECK(build.lowers == std::vector<std::string>{"/store/go/tree/cache/go-build"});
    const MountCall view = only_mount_at(plan, "box/cache/go-build");
    CHECK(view.act == MountAct::overlay);
    // Before the step makes directories of its own there.
    CHECK(view.phase == MountPhase::workspace);
    for (const MountCall& call : plan.files.cache_directories) CHECK(call.target != "box/cache/go-build");
  }
}

TEST_CASE("only root's overlays can touch files without copying them", "[plan][warm]") {
  const auto has_option = [](const MountCall& call, const char* key, const char* value) {
    return std::ranges::find(call.options, std::pair<std::string, std::string>(key, value)) != call.options.end();
  };
  const MountCall of_root = only_mount_at(plan_of(with_go(root_facts()), with_warm("go")), "box/cache/go-build");
  CHECK(has_option(of_root, "metacopy", "on"));
  CHECK(has_option(of_root, "index", "on"));
  const MountCall of_user = only_mount_at(plan_of(with_go(user_facts()), with_warm("go")), "box/cache/go-build");
  CHECK(has_option(of_user, "userxattr", ""));
  CHECK_FALSE(has_option(of_user, "metacopy", "on"));
}

TEST_CASE("go starts with the time of its last trim", "[plan][warm]") {
  const Plan plan = plan_of(with_go(root_facts()), with_warm("go"));
  const MountCall* file = start_file(plan);
  REQUIRE(file != nullptr);
  CHECK(file->act == MountAct::file);
  CHECK(file->source == "1800000000");
  // In an empty directory go needs none.
  HostFacts empty = root_facts();
  empty.warm_store = "/store";
  empty.warm.push_back({.name = "go"});
  CHECK(start_file(plan_of(empty, with_warm("go"))) == nullptr);
}

TEST_CASE("only directories that the generation has get an overlay", "[plan][warm]") {
  HostFacts facts = root_facts();
  has_generation(facts, "go", {"cache/go-build"});
  const Plan plan = plan_of(facts, with_warm("go"));
  CHECK(plan.files.overlays.size() == 1);
  CHECK(directory_of(only_warm(plan), "cache/go-mod").overlay == -1);
}

TEST_CASE("without a generation the step starts cold, with a note", "[plan][warm]") {
  HostFacts facts = root_facts();
  facts.warm_store = "/store";
  facts.warm.push_back({.name = "go"});
  const Plan plan = plan_of(facts, with_warm("go"));
  CHECK(only_warm(plan).why_cold == "nothing has been saved yet");
  CHECK(plan.files.overlays.empty());
  CHECK(has_note(plan, "warm cache 'go' starts cold: nothing has been saved yet"));
  HostFacts without_store = root_facts();
  without_store.no_warm_store = "HOME is not set";
  CHECK(only_warm(plan_of(without_store, with_warm("go"))).why_cold == "HOME is not set");
}

TEST_CASE("a run without warm caches has nothing of them", "[plan][warm]") {
  const Plan plan = plan_of(root_facts());
  CHECK(plan.warm.empty());
  CHECK(plan.files.overlays.empty());
  CHECK(plan.warm_store.empty());
}

TEST_CASE("a project reads only what the machine's owner offers, and saves nothing", "[plan][warm]") {
  Policy policy = with_warm("go", kProject);
  const Plan refused = plan_of(with_go(root_facts()), policy);
  CHECK(only_warm(refused).why_cold == "the machine does not offer it to projects (warm-offer)");
  CHECK_FALSE(only_warm(refused).generation);
  CHECK(refused.files.overlays.empty());
  policy.warm_offer.push_back({"go", {Layer::site, "/etc/stepbox/policy.yaml", 2, 1}});
  CHECK(only_warm(plan_of(with_go(root_facts()), policy)).generation);
  policy.warm_save = {true, {Layer::user, "policy.yaml", 1, 1}};
  const Plan saving = plan_of(with_go(root_facts()), policy);
  CHECK_FALSE(only_warm(saving).save);
  CHECK(only_warm(saving).why_unsaved == "only the project's policy names it");
  CHECK(has_note(saving, "warm cache 'go' is not saved: only the project's policy names it"));
  // A name that this machine does not know is no mistake of the project's.
  CHECK_FALSE(plan_of(root_facts(), with_warm("elsewhere", kProject)).warm.front().why_cold.empty());
}

TEST_CASE("what the operator names is saved where saving is asked for", "[plan][warm]") {
  Policy policy = with_warm("go");
  policy.warm_save.value = true;
  policy.warm_caches.push_back({.name = "go", .max = Size{Size::Unit::bytes, kGiB}, .keep = 5});
  HostFacts facts = with_go(root_facts());
  facts.warm[0].key = "k1";
  const PlannedWarm go = only_warm(plan_of(facts, policy));
  CHECK(go.save);
  CHECK(go.why_unsaved.empty());
  CHECK(go.seen == "000007-abc");
  CHECK(go.key == "k1");
  CHECK(go.bounds.max_bytes == kGiB);
  CHECK(go.bounds.keep == 5);
  const std::vector<WarmRule>& rules = directory_of(go, "cache/go-build").rules;
  CHECK(std::ranges::any_of(rules, [](const WarmRule& rule) { return rule.pattern == "cache/go-build/trim.txt" && rule.merge == WarmMerge::drop; }));
}

TEST_CASE("a save that is due for a refresh starts from an empty cache, a mere read does not", "[plan][warm]") {
  Policy policy = with_warm("go");
  policy.warm_caches.push_back({.name = "go", .refresh_age = std::chrono::hours(24)});
  CHECK(only_warm(plan_of(with_go(root_facts()), policy)).generation);
  policy.warm_save.value = true;
  const Plan plan = plan_of(with_go(root_facts()), policy);
  CHECK_FALSE(only_warm(plan).generation);
  CHECK(only_warm(plan).save);
  CHECK(only_warm(plan).seen == "000007-abc");
  CHECK(plan.files.overlays.empty());
  CHECK(has_note(plan, "a refresh is due"));
}

TEST_CASE("a warm cache does not take the place of what the user chose for a tool", "[plan][warm]") {
  HostFacts facts = with_go(root_facts());
  has_directory(facts, "/srv/gc");
  Policy policy = with_warm("go");
  policy.environment.push_back({EnvAction::set, "GOCACHE", "/srv/gc", on_command_line("--env")});
  policy.paths.push_back(rule(PathAccess::ro, "/srv/gc"));
  policy.warm_save.value = true;
  const Plan plan = plan_of(facts, policy);
  const PlannedWarmDirectory& build = directory_of(only_warm(plan), "cache/go-build");
  CHECK(build.unused == "a rule of the policy decides on GOCACHE");
  CHECK(build.overlay == -1);
  // A save keeps what the generation has.
  CHECK(build.stored == "/store/go/tree/cache/go-build");
  CHECK(directory_of(only_warm(plan), "cache/go-mod").overlay == 0);
  CHECK(value_of(plan, "GOCACHE") == "/srv/gc");
}

TEST_CASE("a repository in the home is warm in a fresh home only", "[plan][warm]") {
  HostFacts facts = user_facts();
  has_generation(facts, "java", {"home/.m2/repository"});
  CHECK(only_mount_at(plan_of(facts, with_warm("java")), "box/home/.m2/repository").act == MountAct::overlay);
  Policy in_real_home = with_warm("java");
  in_real_home.home.value = HomeMode::host;
  CHECK(plan_of(facts, in_real_home).files.overlays.empty());
  Policy shown = with_warm("java");
  has_directory(facts, "/home/bob/.m2");
  shown.paths.push_back(rule(PathAccess::rw, "/home/bob/.m2"));
  const Plan plan = plan_of(facts, shown);
  CHECK(plan.files.overlays.empty());
  CHECK(directory_of(only_warm(plan), "home/.m2/repository").unused == "a path rule shows '/home/bob/.m2/repository'");
}

TEST_CASE("ccache reads where a hit costs no memory", "[plan][warm]") {
  HostFacts root = root_facts();
  has_generation(root, "cpp", {"cache/ccache", "cache/ccache-files"});
  const Plan of_root = plan_of(root, with_warm("cpp"));
  CHECK(value_of(of_root, "CCACHE_NOSTATS") == "1");
  CHECK(value_of(of_root, "CCACHE_REMOTE_STORAGE") == "(unset)");
  CHECK(directory_of(only_warm(of_root), "cache/ccache").overlay == 0);
  CHECK(directory_of(only_warm(of_root), "cache/ccache-files").unused == "it is for ordinary users");
  HostFacts user = user_facts();
  has_generation(user, "cpp", {"cache/ccache", "cache/ccache-files"});
  const Plan of_user = plan_of(user, with_warm("cpp"));
  CHECK(value_of(of_user, "CCACHE_REMOTE_STORAGE") == "file:/box/cache/ccache-files");
  CHECK(value_of(of_user, "CCACHE_REMOTE_ONLY") == "1");
  CHECK(directory_of(only_warm(of_user), "cache/ccache-files").overlay == 0);
}

TEST_CASE("settings of a warm cache give way to the caller's and the policy's", "[plan][warm]") {
  HostFacts facts = root_facts();
  facts.environment.emplace_back("npm_config_logs_max=7");
  has_generation(facts, "node", {"cache/npm"});
  Policy policy = with_warm("node");
  policy.environment.push_back({EnvAction::set, "npm_config_prefer_offline", "false", on_command_line("--env")});
  const Plan plan = plan_of(facts, policy);
  CHECK(value_of(plan, "npm_config_logs_max") == "7");
  CHECK(value_of(plan, "npm_config_prefer_offline") == "false");
  CHECK(value_of(plan, "npm_config_update_notifier") == "false");
  // A step that starts cold and is not saved keeps its tools' own settings.
  HostFacts cold = root_facts();
  cold.warm_store = "/store";
  cold.warm.push_back({.name = "node"});
  CHECK(value_of(plan_of(cold, with_warm("node")), "npm_config_prefer_offline") == "(unset)");
}

TEST_CASE("an unknown name is refused with the nearest one and the way to make it", "[plan][warm]") {
  const Error error = refusal_of(root_facts(), with_warm("rsut"));
  CHECK(error.message == "there is no warm cache 'rsut' (--warm); did you mean 'rust'?");
  CHECK(error.hint == "define it in your policy: warm-caches: {rsut: {directories: [cache/rsut]}}");
}

TEST_CASE("an owner's own warm cache covers the directories of the policy", "[plan][warm]") {
  HostFacts facts = root_facts();
  has_generation(facts, "mytool", {"cache/mytool"});
  Policy policy = with_warm("mytool");
  policy.warm_caches.push_back({.name = "mytool", .directories = {"cache/mytool"}, .drop = {"*.lock"}, .merge = WarmMerge::unite});
  const Plan plan = plan_of(facts, policy);
  CHECK(only_mount_at(plan, "box/cache/mytool").act == MountAct::overlay);
  const std::vector<WarmRule>& rules = directory_of(only_warm(plan), "cache/mytool").rules;
  REQUIRE(rules.size() == 2);
  CHECK(rules[0] == WarmRule{"cache/mytool/*.lock", WarmMerge::drop, WarmTimes::kept});
  CHECK(rules[1] == WarmRule{"cache/mytool/*", WarmMerge::unite, WarmTimes::kept});
}

TEST_CASE("a built-in warm cache is not defined again, and no directory belongs to two", "[plan][warm]") {
  Policy again = with_warm("go");
  again.warm_caches.push_back({.name = "go", .directories = {"cache/x"}, .origin = on_command_line("--warm-cache")});
  CHECK(refusal_of(root_facts(), again).message.contains("the warm cache 'go' is built in"));
  Policy twice = with_warm("go");
  twice.warm.push_back({"mine", on_command_line("--warm")});
  twice.warm_caches.push_back({.name = "mine", .directories = {"cache/go-build/sub"}});
  CHECK(refusal_of(root_facts(), twice).message == "the warm caches 'mine' and 'go' both cover 'cache/go-build/sub'");
}

TEST_CASE("a generation that was changed ends the operator's run, and leaves a project's cold", "[plan][warm]") {
  HostFacts facts = root_facts();
  facts.warm_store = "/store";
  facts.warm.push_back({.name = "go", .problem = "generation 7 was changed", .remedy = "verify it"});
  const Error error = refusal_of(facts, with_warm("go"));
  CHECK(error.message == "generation 7 was changed");
  CHECK(error.hint == "verify it");
  Policy projects = with_warm("go", kProject);
  projects.warm_offer.push_back({"go", {}});
  CHECK(only_warm(plan_of(facts, projects)).why_cold == "generation 7 was changed");
}

TEST_CASE("without a box there is no warm cache", "[plan][warm]") {
  Policy policy = with_warm("go");
  policy.isolation = {Isolation::env, on_command_line("--isolation")};
  policy.warm_save.value = true;
  HostFacts facts = with_go(user_facts());
  facts.private_directory = "/tmp/stepbox-x";
  const Plan plan = plan_of(facts, policy);
  CHECK(only_warm(plan).why_cold == "without a box there are no overlays");
  CHECK(only_warm(plan).why_unsaved == "the step has no box");
  CHECK(plan.files.overlays.empty());
}

TEST_CASE("with a home that is an overlay, a warm cache still takes its tools along", "[plan][warm]") {
  Policy policy = with_warm("go");
  policy.home.value = HomeMode::overlay;
  const Plan plan = plan_of(with_go(root_facts()), policy);
  CHECK(directory_of(only_warm(plan), "cache/go-build").unused.empty());
  CHECK(value_of(plan, "GOCACHE") == "/box/cache/go-build");
  CHECK(value_of(plan, "CCACHE_DIR") == "(unset)");
}

TEST_CASE("a warm cache that no tool would look into is warned of", "[plan][warm]") {
  Policy policy = with_warm("go");
  for (const char* name : {"GOCACHE", "GOMODCACHE"}) policy.environment.push_back({EnvAction::set, name, "/srv/go", on_command_line("--env")});
  const Plan plan = plan_of(with_go(root_facts()), policy);
  CHECK(std::ranges::any_of(plan.remarks.warnings, [](const std::string& text) { return text.starts_with("warm cache 'go' (--warm) has no effect: "); }));
  CHECK(plan_of(with_go(root_facts()), with_warm("go")).remarks.warnings.empty());
}

TEST_CASE("--warm-save without a warm cache is a mistake", "[plan][warm]") {
  Policy policy = default_policy();
  policy.warm_save = {true, on_command_line("--warm-save")};
  CHECK(refusal_of(root_facts(), policy).message == "--warm-save saves warm caches, and none is named");
}
