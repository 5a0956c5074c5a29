#include <sys/mount.h>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

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
    CHECK(plan.step.cwd == "/srv/work");
    CHECK(plan.remarks.warnings.empty());
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
  CHECK(plan.step.cwd == "/srv/work/sub/dir");
  CHECK(plan.files.source_path == "/srv/work");
}

TEST_CASE("without a checkout the step starts in its home and the checkout is hidden", "[run][source]") {
  const Plan plan = plan_of(standing_in("/srv/work"), with_source(SourceMode::none));
  CHECK(plan.step.cwd == "/box/home");
  const MountCall call = only_mount_at(plan, "srv/work");
  CHECK(call.act == MountAct::rebind);
  CHECK(call.source == ".empty/directory");
}

TEST_CASE("without a checkout nothing is said about one below a masked place", "[run][source]") {
  const Plan plan = plan_of(standing_in("/home/bob/work"), with_source(SourceMode::none));
  CHECK(mounted_at(plan, "box/home/work").empty());
  CHECK(BoxModel(plan, standing_in("/home/bob/work")).look("/home/bob/work").kind == NodeKind::missing);
}

TEST_CASE("a directory of the system or a home is no checkout by mere presence", "[run][source]") {
  struct Row {
    const char* directory;
    const char* why;
    bool can_be_named;
  };
  const Row rows[] = {{"/home/bob", "it is a home directory", true},
                      {"/home/alice", "it is a home directory", true},
                      {"/etc", "it is a directory of the system", true},
                      {"/opt", "it is a directory of the system", true},
                      {"/tmp", "it is a directory of the system", true},
                      {"/var/tmp", "it is a directory of the system", true},
                      {"/", "it is a directory of the system", false},
                      {"/var", "it is a directory of the system", false},
                      {"/run", "it is a directory of the system", false},
                      {"/dev/shm", "it is a directory of the system", false},
                      {"/usr/local/src", "it lies in /usr, which belongs to the system", true},
                      {"/var/lib/jenkins", "it lies in /var/lib, which belongs to the system", true}};
  for (const Row& row : rows) {
    INFO(row.directory);
    const Error error = refusal_of(standing_in(row.directory), default_policy());
    CHECK(error.message == "cannot use '" + std::string(row.directory) + "' as the checkout: " + row.why +
                               ", and no project is marked there (.git, .hg, .stepbox.yaml, ...)");
    CHECK(error.hint == std::string("change to the project's directory, or ") +
                            (row.can_be_named ? "name this one: --source-path ." : "use --source none"));
    CHECK(refusal_of(standing_in(row.directory), with_source(SourceMode::rw)).message == error.message);
  }
}

TEST_CASE("what the remedy says works", "[run][source]") {
  for (const char* directory : {"/home/bob", "/etc", "/tmp", "/var/tmp", "/usr/local/src", "/opt"}) {
    INFO(directory);
    HostFacts facts = standing_in(directory);
    has_directory(facts, directory);
    const Plan plan = plan_of(facts, with_source_path(directory));
    CHECK(plan.step.cwd == directory);
    const BoxModel box(plan, facts);
    CHECK(box.problems().empty());
    CHECK(box.look(directory).host == directory);
    CHECK(box.look(directory).writable);
  }
  for (const char* directory : {"/", "/var", "/run", "/dev/shm"}) {
    const Plan plan = plan_of(standing_in(directory), with_source(SourceMode::none));
    CHECK(BoxModel(plan, standing_in(directory)).problems().empty());
  }
}

TEST_CASE("a mark makes a project of it", "[run][source]") {
  for (const char* directory : {"/usr/src/linux", "/var/lib/jenkins/workspace/x", "/w"}) {
    INFO(directory);
    HostFacts facts = standing_in(directory);
    facts.passwd_home = "/w";
    facts.checkout_is_marked = true;
    if (directory == std::string("/w")) facts.root_entries.push_back({"w", HostPathKind::directory, {}});
    const BoxModel box(plan_of(facts), facts);
    CHECK(box.look(directory).host == directory);
    CHECK(box.look(directory).writable);
  }
}

TEST_CASE("a mark does not open what the box makes itself", "[run][source]") {
  for (const char* directory : {"/tmp", "/var/tmp", "/run", "/"}) {
    INFO(directory);
    HostFacts facts = standing_in(directory);
    facts.checkout_is_marked = true;
    const Error error = refusal_of(facts, default_policy());
    CHECK(error.message == "cannot use '" + std::string(directory) +
                               "' as the checkout: it holds places that the box replaces (home, /tmp, /run, ...)");
    CHECK(error.hint == "change to the project's directory, or use --source none");
  }
}

TEST_CASE("a CI engine's workspace in a directory of the system needs no mark", "[run][source]") {
  HostFacts facts = standing_in("/var/lib/jenkins/workspace/x/sub");
  facts.environment.push_back("JENKINS_URL=http://ci");
  facts.environment.push_back("WORKSPACE=/var/lib/jenkins/workspace/x");
  CHECK(only_mount_at(plan_of(facts), "var/lib/jenkins/workspace/x/sub").why == "the checkout");
  facts.cwd = facts.checkout = "/var/lib/jenkins";
  CHECK(refusal_of(facts, default_policy()).hint.ends_with("--source-path ."));
}

TEST_CASE("nothing is refused where the step sees and may do no more", "[run][source]") {
  CHECK(plan_of(standing_in("/etc"), with_source(SourceMode::none)).step.cwd == "/box/home");
  CHECK(mounted_at(plan_of(standing_in("/etc"), with_source(SourceMode::none)), "etc").size() == 1);  // the host's own
  CHECK(plan_of(standing_in("/etc"), with_source(SourceMode::ro)).step.cwd == "/etc");
  CHECK(refusal_of(standing_in("/home/bob"), with_source(SourceMode::ro)).message.contains("it is a home directory"));
  Policy with_home = default_policy();
  with_home.home.value = HomeMode::host;
  CHECK(plan_of(standing_in("/home/bob"), with_home).step.cwd == "/home/bob");
}

TEST_CASE("a home in the checkout stays masked", "[run][source]") {
  for (const std::string work : {"/srv/work", "/tmp/a/work", "/var/tmp/work"}) {
    INFO(work);
    HostFacts facts = standing_in(work);
    facts.home = facts.passwd_home = work + "/.home";
    has_directory(facts, work + "/.home/.rustup");
    const BoxModel box(plan_of(facts), facts);
    CHECK(box.problems().empty());
    CHECK(box.look(work).host == work);
    CHECK(box.look(work + "/.home").host.empty());
    CHECK(box.look(work + "/.home").writable);
    CHECK(box.look(work + "/.home/.rustup").host == work + "/.home/.rustup");
    CHECK_FALSE(box.look(work + "/.home/.rustup").writable);
  }
}

TEST_CASE("a source path is the checkout, and the step starts in it", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  facts.paths["/opt/link"] = {"/opt/project", HostPathKind::directory};
  const Plan plan = plan_of(facts, with_source_path("/opt/link"));
  CHECK(plan.files.source_path == "/opt/project");
  CHECK(plan.step.cwd == "/opt/project");
  CHECK(only_mount_at(plan, "opt/project").source == "/opt/project");
}

TEST_CASE("a source path that the caller is in leaves the caller where it is", "[run][source]") {
  HostFacts facts = standing_in("/srv/work/sub");
  has_directory(facts, "/srv/work");
  const Plan plan = plan_of(facts, with_source_path("/srv/work"));
  CHECK(plan.step.cwd == "/srv/work/sub");
}

TEST_CASE("a source path below home is found with ~", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  has_directory(facts, "/home/bob/project");
  CHECK(plan_of(facts, with_source_path("~/project")).step.cwd == "/home/bob/project");
}

TEST_CASE("a source path that is no directory is an error that names its line", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  has_file(facts, "/srv/file");
  CHECK(refusal_of(facts, with_source_path("/srv/missing")).message ==
        "source path '/srv/missing' (.stepbox.yaml:3:9) is not a directory");
  CHECK(refusal_of(facts, with_source_path("/srv/file")).message ==
        "source path '/srv/file' (.stepbox.yaml:3:9) is not a directory");
}

TEST_CASE("a source path that holds masked places is an error", "[run][source]") {
  HostFacts facts = standing_in("/srv/work");
  for (const char* path : {"/var", "/", "/run", "/dev"}) {
    has_directory(facts, path);
    CHECK(refusal_of(facts, with_source_path(path)).message.starts_with("cannot use '" + std::string(path) + "' as the checkout"));
  }
}
