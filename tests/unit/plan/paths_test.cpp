#include <sys/mount.h>

#include <algorithm>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

size_t index_of(const Plan& plan, std::string_view target) {
  const auto found = std::ranges::find_if(plan.files.mounts, [&](const MountCall& call) {
    return call.target == target && (call.act == MountAct::bind || call.act == MountAct::rebind);
  });
  INFO(target);
  REQUIRE(found != plan.files.mounts.end());
  return static_cast<size_t>(found - plan.files.mounts.begin());
}

Policy with_rules(std::vector<PathRule> rules) {
  Policy policy = default_policy();
  policy.paths = std::move(rules);
  return policy;
}

}  // namespace

TEST_CASE("a shallow rule is carried out before a deep one, in whatever order they were named", "[run][paths]") {
  HostFacts facts = user_facts();
  for (const char* path : {"/srv/a", "/srv/a/b", "/srv/a/b/c"}) has_directory(facts, path);
  std::vector<PathRule> rules = {rule(PathAccess::rw, "/srv/a/b/c"), rule(PathAccess::ro, "/srv/a/b"),
                                 rule(PathAccess::rw, "/srv/a")};
  for (int turn = 0; turn < 2; ++turn) {
    const Plan plan = plan_of(facts, with_rules(rules));
    CHECK(index_of(plan, "srv/a") < index_of(plan, "srv/a/b"));
    CHECK(index_of(plan, "srv/a/b") < index_of(plan, "srv/a/b/c"));
    std::ranges::reverse(rules);
  }
}

TEST_CASE("of rules for the same path the last one holds", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/a");
  const auto is_writable = [&](std::vector<PathRule> rules) {
    return BoxModel(plan_of(facts, with_rules(std::move(rules))), facts).look("/srv/a").writable;
  };
  CHECK(is_writable({rule(PathAccess::ro, "/srv/a"), rule(PathAccess::rw, "/srv/a")}));
  CHECK_FALSE(is_writable({rule(PathAccess::rw, "/srv/a"), rule(PathAccess::ro, "/srv/a")}));
  CHECK_FALSE(is_writable({rule(PathAccess::rw, "/srv/a"), rule(PathAccess::hide, "/srv/a")}));
}

TEST_CASE("a rule for the checkout itself outdoes the source mode", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/work");
  const BoxModel box(plan_of(facts, with_rules({rule(PathAccess::ro, "/home/bob/work")})), facts);
  CHECK_FALSE(box.look("/home/bob/work").writable);
}

TEST_CASE("what a rule opens or hides in the checkout is opened or hidden there", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/work/out");
  has_file(facts, "/home/bob/work/.env");
  Policy policy =
      with_rules({rule(PathAccess::rw, "/home/bob/work/out"), rule(PathAccess::hide, "/home/bob/work/.env")});
  policy.source.value = SourceMode::ro;
  const BoxModel box(plan_of(facts, policy), facts);
  CHECK_FALSE(box.look("/home/bob/work").writable);
  CHECK(box.look("/home/bob/work/out").writable);
  CHECK(box.look("/home/bob/work/.env").host.empty());
  CHECK(box.look("/home/bob/work/.env").kind == NodeKind::file);
}

TEST_CASE("a hidden directory is an empty one that cannot be written", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/secrets");
  const BoxModel box(plan_of(facts, with_rules({rule(PathAccess::hide, "/srv/secrets")})), facts);
  CHECK(box.look("/srv/secrets").kind == NodeKind::directory);
  CHECK(box.look("/srv/secrets").host.empty());
  CHECK_FALSE(box.look("/srv/secrets").writable);
}

TEST_CASE("a rule by way of a link acts on what the link leads to", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.paths["/srv/link"] = {"/opt/real", HostPathKind::directory};
  CHECK(only_mount_at(plan_of(facts, with_rules({rule(PathAccess::rw, "/srv/link")})), "opt/real").source ==
        "/opt/real");
}

TEST_CASE("a link below a masked place is shown under its own name", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.paths["/home/bob/mine"] = {"/opt/sdk", HostPathKind::directory};
  CHECK(only_mount_at(plan_of(facts, with_rules({rule(PathAccess::ro, "~/mine")})), "box/home/mine").source ==
        "/opt/sdk");
}

TEST_CASE("a path that does not exist cannot be shown, and the error names it and its rule", "[run][paths]") {
  for (const PathAccess access : {PathAccess::ro, PathAccess::rw}) {
    const Error error = refusal_of(user_facts(), with_rules({rule(access, "/srv/missing")}));
    CHECK(error.message == "cannot show '/srv/missing' (--" + std::string(name_of(access)) + "): it does not exist");
    CHECK(error.hint == "make it before the run, or take it out of the policy");
  }
}

TEST_CASE("hiding nothing is a mistake of an operator, and none of a project", "[run][paths]") {
  for (const Layer layer : {Layer::site, Layer::user, Layer::named, Layer::environment, Layer::command_line}) {
    const Error error = refusal_of(user_facts(), with_rules({{PathAccess::hide, "/srv/missing", {layer, "here", 3, 9}}}));
    CHECK(error.message == "cannot hide '/srv/missing' (here:3:9): it does not exist");
    CHECK(error.hint == "correct the path, or take it out where there is nothing to hide");
  }
  for (const Layer layer : {Layer::project, Layer::built_in}) {
    const Policy policy = with_rules({{PathAccess::hide, "/srv/missing", {layer, ".stepbox.yaml", 3, 9}}});
    CHECK(mounted_at(plan_of(user_facts(), policy), "srv/missing").empty());
  }
}

TEST_CASE("what a user named has to be looked at, what only shows more may be passed over", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.environment.push_back("PATH=/home/bob/bin");
  std::erase_if(facts.environment, [](const std::string& entry) { return entry.starts_with("PATH=/usr"); });
  Policy policy = with_rules({rule(PathAccess::hide, "/srv/secret"), rule(PathAccess::ro, "~/mine")});
  policy.source_path = {"/srv/work", on_command_line("--source-path")};
  size_t named = 0;
  for (const plan::PathOfInterest& path : plan::paths_of_interest(policy, facts)) {
    INFO(path.path);
    const bool is_rule = path.path == "/srv/secret" || path.path == "/home/bob/mine" || path.path == "/srv/work";
    CHECK((path.named_by != nullptr) == is_rule);
    named += is_rule ? 1 : 0;
  }
  CHECK(named == 3);
}

TEST_CASE("a path below home without a home cannot be shown", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.home.clear();
  facts.passwd_home.clear();
  CHECK(refusal_of(facts, with_rules({rule(PathAccess::ro, "~/sdk")})).message ==
        "cannot show '~/sdk' (--ro): it does not exist");
}

TEST_CASE("the root directory is no path for a rule", "[run][paths]") {
  for (const PathAccess access : {PathAccess::ro, PathAccess::rw, PathAccess::hide}) {
    HostFacts facts = user_facts();
    has_directory(facts, "/");
    facts.paths["/srv/link"] = {"/", HostPathKind::directory};
    for (const char* path : {"/", "/srv/link"}) {
      const Error error = refusal_of(facts, with_rules({rule(access, path)}));
      CHECK(error.message == "cannot use '/' with " + std::string(name_of(access)) + " (--" + name_of(access) + ")");
    }
  }
}

TEST_CASE("a device that was named works as a device", "[run][paths]") {
  HostFacts facts = user_facts();
  has_file(facts, "/dev/kvm");
  const MountCall call = only_mount_at(plan_of(facts, with_rules({rule(PathAccess::rw, "/dev/kvm")})), "dev/kvm");
  CHECK((call.attributes & MOUNT_ATTR_NODEV) == 0);
  CHECK(call.onto_file);
}

TEST_CASE("what was named elsewhere brings no devices in", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/a");
  CHECK((only_mount_at(plan_of(facts, with_rules({rule(PathAccess::rw, "/srv/a")})), "srv/a").attributes &
         MOUNT_ATTR_NODEV) != 0);
}

TEST_CASE("a socket of the host in /run is seen only where it was named", "[run][paths]") {
  HostFacts facts = user_facts();
  has_file(facts, "/run/docker.sock");
  CHECK(BoxModel(plan_of(facts), facts).look("/run/docker.sock").kind == NodeKind::missing);
  const BoxModel box(plan_of(facts, with_rules({rule(PathAccess::rw, "/run/docker.sock")})), facts);
  CHECK(box.look("/run/docker.sock").host == "/run/docker.sock");
}

TEST_CASE("resolv.conf keeps working when it is a link into /run", "[run][paths]") {
  HostFacts facts = user_facts();
  facts.resolv_conf = "/run/systemd/resolve/stub-resolv.conf";
  has_file(facts, facts.resolv_conf);
  const BoxModel box(plan_of(facts), facts);
  CHECK(box.look(facts.resolv_conf).host == facts.resolv_conf);
  CHECK_FALSE(box.look(facts.resolv_conf).writable);
}

TEST_CASE("the home of the host is shown writable when asked for", "[run][paths]") {
  Policy policy = default_policy();
  policy.home = {HomeMode::host, on_command_line("--home")};
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(only_mount_at(plan, "home/bob").why == "home");
  const plan::Layout layout(user_facts(), HomeMode::host);
  CHECK(std::ranges::none_of(layout.masks(), [](const plan::Mask& mask) { return mask.box == "box/home"; }));
  CHECK(BoxModel(plan, user_facts()).look("/home/bob").writable);
}

TEST_CASE("what holds a place that the box replaces can be named, for reading or for writing", "[run][paths]") {
  for (const char* path : {"/home", "/var", "/root", "/usr", "/proc", "/sys", "/etc"})
    for (const PathAccess access : {PathAccess::ro, PathAccess::rw})
      for (HostFacts facts : {user_facts(), root_facts(), degraded_facts()}) {
        if (path == facts.home) continue;
        INFO(name_of(access) << " " << path << " as " << facts.uid);
        has_directory(facts, path);
        CHECK(BoxModel(plan_of(facts, with_rules({rule(access, path)})), facts).problems().empty());
      }
}

TEST_CASE("a place that the step writes to in the box cannot be shown instead, but what is in it can", "[run][paths]") {
  for (const std::string path : {"/tmp", "/var/tmp", "/run", "/dev/shm"})
    for (const PathAccess access : {PathAccess::ro, PathAccess::rw}) {
      HostFacts facts = user_facts();
      has_directory(facts, path);
      facts.paths["/srv/link"] = {path, HostPathKind::directory};
      has_file(facts, path + "/file");
      const std::string option = std::string("--") + name_of(access);
      const Error error = refusal_of(facts, with_rules({rule(access, path)}));
      CHECK(error.message == "cannot show '" + path + "' (" + option + "): the box has its own there, for the step to write to");
      CHECK(error.hint == "name the file or directory in it that the step needs: " + option + " " + path + "/NAME");
      CHECK(refusal_of(facts, with_rules({rule(access, "/srv/link")})).message.starts_with("cannot show '/srv/link'"));
      CHECK(BoxModel(plan_of(facts, with_rules({rule(access, path + "/file")})), facts).look(path + "/file").host == path + "/file");
    }
}

TEST_CASE("the home is shown by --home or for writing, and not read-only in the place of the step's own", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob");
  const Error error = refusal_of(facts, with_rules({rule(PathAccess::ro, "/home/bob")}));
  CHECK(error.hint == "name the file or directory in it that the step needs: --ro ~/NAME, or use --home host");
  CHECK(BoxModel(plan_of(facts, with_rules({rule(PathAccess::rw, "/home/bob")})), facts).look("/home/bob").writable);
}

TEST_CASE("the caller's terminal is shown under its own name", "[run][paths]") {
  HostFacts facts = user_facts();
  const auto terminals = [&](const char* path) {
    facts.terminal = path;
    std::string found;
    for (const MountCall& call : plan_of(facts).files.mounts)
      if (call.source == path) found += (call.act == MountAct::terminal ? "terminal " : "bind ") + call.target + "\n";
    return found;
  };
  CHECK(terminals("/dev/pts/3") == "bind dev/console\nterminal dev/pts/3\n");
  CHECK(terminals("/dev/pts/63") == "bind dev/console\nterminal dev/pts/63\n");
  // As many terminals would have to be opened first.
  CHECK(terminals("/dev/pts/64") == "bind dev/console\n");
  CHECK(terminals("/dev/ttyS0") == "bind dev/ttyS0\n");
  CHECK(terminals("/dev/console") == "bind dev/console\n");
  CHECK(terminals("/dev/vc/1") == "bind dev/console\n");
}

TEST_CASE("what a rule hides is hidden wherever else its tree is shown", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/data/sub");
  has_file(facts, "/srv/data/token");
  facts.paths["/home/bob/sdk"] = {.real = "/srv/data", .kind = HostPathKind::directory, .links = {{"/home/bob/sdk", "/srv/data"}}};
  const std::vector<PathRule> hides = {rule(PathAccess::hide, "/srv/data/sub"), rule(PathAccess::hide, "/srv/data/token")};
  std::vector<PathRule> shown_first = {rule(PathAccess::ro, "/home/bob/sdk")};
  shown_first.insert(shown_first.end(), hides.begin(), hides.end());
  std::vector<PathRule> shown_last = hides;
  shown_last.push_back(rule(PathAccess::rw, "/home/bob/sdk"));
  HostFacts on_path = facts;
  on_path.environment[0] = "PATH=/home/bob/sdk:/usr/bin";
  for (const auto& [known, rules] : {std::pair{facts, shown_first}, std::pair{facts, shown_last}, std::pair{on_path, hides}})
    for (const RootMode root : {RootMode::ro, RootMode::system}) {
      Policy policy = with_rules(rules);
      policy.root.value = root;
      const BoxModel box(plan_of(known, policy), known);
      CHECK(box.problems().empty());
      CHECK(box.look("/home/bob/sdk").host == "/srv/data");
      for (const char* path : {"/home/bob/sdk/sub", "/home/bob/sdk/token"}) {
        CHECK(box.look(path).host.empty());
        CHECK_FALSE(box.look(path).writable);
      }
    }
}

TEST_CASE("of a rule that shows and one that hides the same place under two names, the last one wins", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/data");
  facts.paths["/home/bob/sdk"] = {.real = "/srv/data", .kind = HostPathKind::directory, .links = {{"/home/bob/sdk", "/srv/data"}}};
  const PathRule show = rule(PathAccess::ro, "/home/bob/sdk");
  const PathRule hide = rule(PathAccess::hide, "/srv/data");
  CHECK(BoxModel(plan_of(facts, with_rules({show, hide})), facts).look("/home/bob/sdk").host.empty());
  CHECK(BoxModel(plan_of(facts, with_rules({hide, show})), facts).look("/home/bob/sdk").host == "/srv/data");
}

TEST_CASE("a rule hides what a link in a masked place leads to", "[run][paths]") {
  HostFacts facts = user_facts();
  has_file(facts, "/srv/data/key");
  facts.paths["/home/bob/key"] = {.real = "/srv/data/key", .kind = HostPathKind::file, .links = {{"/home/bob/key", "/srv/data/key"}}};
  CHECK(BoxModel(plan_of(facts, with_rules({rule(PathAccess::hide, "/home/bob/key")})), facts).look("/srv/data/key").host.empty());
}

TEST_CASE("a hidden file of shown settings is hidden where their tool looks for it", "[run][paths]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/.gradle/init.d");
  has_file(facts, "/home/bob/.gradle/init.d/secret.gradle");
  facts.settings = {"/home/bob/.gradle/init.d"};
  const BoxModel shown(plan_of(facts), facts);
  REQUIRE(shown.look("/box/cache/gradle/init.d/secret.gradle").host == "/home/bob/.gradle/init.d/secret.gradle");
  const BoxModel box(plan_of(facts, with_rules({rule(PathAccess::hide, "/home/bob/.gradle/init.d/secret.gradle")})), facts);
  CHECK(box.look("/box/cache/gradle/init.d").host == "/home/bob/.gradle/init.d");
  CHECK(box.look("/box/cache/gradle/init.d/secret.gradle").host.empty());
}
