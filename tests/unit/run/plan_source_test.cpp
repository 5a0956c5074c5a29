#include <sys/mount.h>

#include "run/box_model.hpp"
#include "run/run_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

HostFacts standing_in(const std::string& directory) {
  HostFacts facts = user_facts();
  facts.cwd = facts.checkout = directory;
  return facts;
}

Policy with_source(SourceMode mode, Origin origin = on_command_line("--source")) {
  Policy policy = default_policy();
  policy.source = {mode, std::move(origin)};
  return policy;
}

Policy with_source_path(const std::string& path) {
  Policy policy = default_policy();
  policy.source_path = {path, {Layer::project, ".stepbox.yaml", 3, 9}};
  return policy;
}

}  // namespace

TEST_CASE("the checkout is shown at its own path, writable or not", "[run][source]") {
  for (const SourceMode mode : {SourceMode::rw, SourceMode::ro}) {
    const Plan plan = plan_of(standing_in("/srv/work"), with_source(mode));
    const MountCall call = only_mount_at(plan, "srv/work");
    CHECK(call.act == MountAct::bind);
    CHECK(call.source == "/srv/work");
    CHECK(call.why == "the checkout");
    CHECK(((call.attributes & MOUNT_ATTR_RDONLY) != 0) == (mode == SourceMode::ro));
    CHECK(plan.cwd == "/srv/work");
    CHECK(plan.warnings.empty());
  }
}

TEST_CASE("a checkout below a masked place is mounted into the workspace", "[run][source]") {
  CHECK(only_mount_at(plan_of(standing_in("/home/bob/work")), "box/home/work").source == "/home/bob/work");
  CHECK(only_mount_at(plan_of(standing_in("/tmp/a/work")), "box/tmp/a/work").source == "/tmp/a/work");
  CHECK(only_mount_at(plan_of(standing_in("/var/tmp/work")), "box/var-tmp/work").source == "/var/tmp/work");
}

TEST_CASE("a step below the top of its checkout starts where the caller is", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  facts.cwd = "/srv/work/sub/dir";
  const Plan plan = plan_of(facts);
  CHECK(plan.cwd == "/srv/work/sub/dir");
  CHECK(plan.source_path == "/srv/work");
}

TEST_CASE("without a checkout the step starts in its home and the checkout is hidden", "[run][source]") {
  const Plan plan = plan_of(standing_in("/srv/work"), with_source(SourceMode::none));
  CHECK(plan.cwd == "/box/home");
  const MountCall call = only_mount_at(plan, "srv/work");
  CHECK(call.act == MountAct::rebind);
  CHECK(call.source == ".empty/directory");
}

TEST_CASE("without a checkout nothing is said about one below a masked place", "[run][source]") {
  const Plan plan = plan_of(standing_in("/home/bob/work"), with_source(SourceMode::none));
  CHECK(mounted_at(plan, "box/home/work").empty());
  CHECK(BoxModel(plan, standing_in("/home/bob/work")).look("/home/bob/work").kind == NodeKind::missing);
}

TEST_CASE("a directory that holds masked places is no checkout, and the step is told", "[run][source]") {
  for (const char* directory : {"/home/bob", "/", "/tmp", "/var", "/home", "/run", "/dev/shm", "/var/tmp"}) {
    INFO(directory);
    const Plan plan = plan_of(standing_in(directory));
    CHECK(plan.source == SourceMode::none);
    CHECK(plan.source_path.empty());
    CHECK(plan.cwd == directory);
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0] ==
          "the step does not see '" + std::string(directory) +
              "': it holds places that the box replaces by empty ones; run stepbox from the project's directory");
  }
}

TEST_CASE("a checkout that was asked for and cannot be shown is an error", "[run][source]") {
  const Error error = refusal_of(standing_in("/home/bob"), with_source(SourceMode::rw));
  CHECK(error.message ==
        "cannot use '/home/bob' as the checkout: it holds places that the box replaces (home, /tmp, /run, ...)");
  CHECK(error.hint == "change to the project's directory, or use --source none");
}

TEST_CASE("a source path is the checkout, and the step starts in it", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  facts.paths["/opt/link"] = {"/opt/project", HostPathKind::directory};
  const Plan plan = plan_of(facts, with_source_path("/opt/link"));
  CHECK(plan.source_path == "/opt/project");
  CHECK(plan.cwd == "/opt/project");
  CHECK(only_mount_at(plan, "opt/project").source == "/opt/project");
}

TEST_CASE("a source path that the caller is in leaves the caller where it is", "[run][source]") {
  HostFacts facts = standing_in("/srv/work/sub");
  has_directory(facts, "/srv/work");
  const Plan plan = plan_of(facts, with_source_path("/srv/work"));
  CHECK(plan.cwd == "/srv/work/sub");
}

TEST_CASE("a source path below home is found with ~", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  has_directory(facts, "/home/bob/project");
  CHECK(plan_of(facts, with_source_path("~/project")).cwd == "/home/bob/project");
}

TEST_CASE("a source path that is no directory is an error that names its line", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  has_file(facts, "/srv/file");
  CHECK(refusal_of(facts, with_source_path("/srv/missing")).message ==
        "source path '/srv/missing' (.stepbox.yaml:3:9) is no directory");
  CHECK(refusal_of(facts, with_source_path("/srv/file")).message ==
        "source path '/srv/file' (.stepbox.yaml:3:9) is no directory");
}

TEST_CASE("a source path that holds masked places is an error", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  has_directory(facts, "/home");
  CHECK(refusal_of(facts, with_source_path("/home")).message.starts_with("cannot use '/home' as the checkout"));
}
