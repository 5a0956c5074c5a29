#include "explain/explain.hpp"

#include <algorithm>

#include "base/columns.hpp"
#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using explain::Detail;

namespace {

std::string explained(const HostFacts& facts, const Policy& policy, Detail detail) {
  return explain::explain({facts, policy, plan_of(facts, policy)}, detail);
}

std::string brief(const Policy& policy = default_policy()) { return explained(root_facts(), policy, Detail::brief); }
std::string whole(const Policy& policy = default_policy()) { return explained(root_facts(), policy, Detail::whole); }

bool has(const std::string& page, std::string_view text) { return page.find(text) != std::string::npos; }

// With each run of blanks as one, as if nothing had been folded.
std::string unfolded(const std::string& page) {
  std::string text = page;
  std::ranges::replace(text, '\n', ' ');
  const auto tail = std::ranges::unique(text, [](char a, char b) { return a == ' ' && b == ' '; });
  text.erase(tail.begin(), tail.end());
  return text;
}

Origin in_file(int line) { return {Layer::project, "ci.yaml", line, 3}; }

}  // namespace

TEST_CASE("a bare run is explained on one screen, without where defaults come from", "[explain]") {
  Policy policy = default_policy();
  policy.size.origin = {Layer::built_in, "default", 12, 9};
  const std::string page = brief(policy);
  CHECK(std::ranges::count(page, '\n') <= 42);
  CHECK_FALSE(has(page, "["));
  CHECK(has(whole(policy), "[default:12:9 (built in)]"));
}

TEST_CASE("the step is told with its command, policies and ids", "[explain]") {
  Policy policy = default_policy();
  policy.names.push_back({"ci.yaml", Layer::project});
  const std::string page = brief(policy);
  CHECK(has(page, "  command       make all\n"));
  CHECK(has(page, "  directory     /srv/work\n"));
  CHECK(has(page, "  policies      default (built in), ci.yaml (project policy)\n"));
  CHECK(has(page, "uid 0, outside 1879048192"));
}

TEST_CASE("the list of discarded changes is told where there is an overlay", "[explain]") {
  Policy policy = default_policy();
  policy.diff = {true, in_file(7)};
  CHECK_FALSE(has(brief(policy), "listed after the step"));
  policy.source.value = SourceMode::overlay;
  CHECK(has(brief(policy), "  changes       listed after the step"));
  CHECK(has(unfolded(whole(policy)), "listed after the step [ci.yaml:7:3"));
  policy.diff.value = false;
  CHECK_FALSE(has(brief(policy), "listed after the step"));
}

TEST_CASE("each volume is told with its limits and where they come from", "[explain]") {
  Policy policy = default_policy();
  policy.size = {Size{Size::Unit::bytes, 4 * kGiB}, in_file(4)};
  policy.volumes = {own_volume("cache", kGiB, 5000)};
  const std::string page = brief(policy);
  CHECK(has(page, "  /box          4 GiB [ci.yaml:4:3] and "));
  CHECK(has(page, "  /box/cache    1 GiB [--volume] and 5000 inodes [--volume]\n"));
}

TEST_CASE("what was named of the file system has a row each, the rest is folded", "[explain]") {
  HostFacts facts = root_facts();
  for (const char* path : {"/srv/sdk", "/srv/secrets", "/srv/out", "/root/.rustup", "/root/.cargo/bin"}) has_directory(facts, path);
  for (const char* path : {".rustup", ".cargo/bin"}) facts.paths[std::string("~/") + path] = {std::string("/root/") + path, HostPathKind::directory};
  Policy policy = default_policy();
  policy.source = {SourceMode::ro, in_file(7)};
  policy.paths = {rule(PathAccess::ro, "/srv/sdk"), rule(PathAccess::hide, "/srv/secrets"), rule(PathAccess::rw, "/srv/out")};
  const std::string page = explained(facts, policy, Detail::brief);
  CHECK(has(page, "  checkout      /srv/work (read-only) [ci.yaml:7:3]\n"));
  CHECK(has(page, "  hidden        /srv/secrets [--hide]\n"));
  CHECK(has(page, "  writable      /srv/out [--rw]\n"));
  CHECK(has(page, "/tmp, /dev/shm, /run, /var/tmp, /root (by the workspace's, empty at first)"));
  CHECK(has(page, "  of the host   everything but the paths covered below"));
  CHECK_FALSE(has(page, "/dev/null"));
  CHECK(has(explained(facts, policy, Detail::whole), "/dev/null (ro): device"));
}

TEST_CASE("a reduced root is told with its sockets and with what stays in reach", "[explain]") {
  Policy policy = default_policy();
  policy.root = {RootMode::system, {Layer::built_in, "strict", 14, 0}};
  policy.network.value = NetworkMode::none;
  const std::string page = unfolded(brief(policy));
  CHECK(has(page, "of the host programs, and the paths named below; read-only and without its sockets [strict:14 (built in)]"));
  CHECK(has(page, "still in reach the kernel is shared"));
  CHECK(has(page, "SCM_RIGHTS"));
  CHECK(has(whole(policy), "/usr (ro, no sockets): host"));
  policy.network.value = NetworkMode::host;
  CHECK_FALSE(has(brief(policy), "without its sockets"));
}

TEST_CASE("variables are counted, and named where they were chosen", "[explain]") {
  HostFacts facts = root_facts();
  facts.environment.push_back("TOKEN=very-secret");
  facts.environment.push_back("OTHER=very-secret");
  Policy policy = default_policy();
  policy.environment = {{EnvAction::set, "A", "b c", in_file(9)}, {EnvAction::unset, "TOKEN", "", on_command_line("--unset-env")}};
  const std::string page = explained(facts, policy, Detail::brief);
  CHECK(has(page, "  set           A [ci.yaml:9:3]\n"));
  CHECK(has(page, "  dropped       TOKEN [--unset-env]\n"));
  CHECK(has(page, "  inherited     1 variable, as they are\n"));
  CHECK(has(page, " variables into /box: "));
  CHECK_FALSE(has(page, "GOCACHE=" ));
  const std::string all = explained(facts, policy, Detail::whole);
  CHECK(has(all, "/box/cache/go-build (redirect of go-build-cache)"));
  CHECK(has(all, "OTHER (as they are)"));
  CHECK_FALSE(has(all, "very-secret"));
}

TEST_CASE("a variable that the step has is not called dropped", "[explain]") {
  HostFacts facts = root_facts();
  facts.environment = {"HOME=/root", "TOKEN=secret"};
  Policy policy = default_policy();
  policy.clear_environment = {true, on_command_line("--clear-env")};
  const std::string page = explained(facts, policy, Detail::brief);
  CHECK(has(page, "  dropped       TOKEN"));
  CHECK_FALSE(has(page, "dropped       HOME"));
}

TEST_CASE("hidden settings share a row", "[explain]") {
  Planned planned;
  planned.settings = {{"npm", "~/.npmrc", "/root/.npmrc", false}, {"git", "~/.gitconfig", "/root/.gitconfig", false}, {"pip", "~/.pip", "/root/.pip", true}};
  CHECK(columns(explain::settings_rows(planned, Detail::brief)) ==
        "  read-only     /root/.pip (pip)\n"
        "  hidden        /root/.npmrc (npm), /root/.gitconfig (git)\n"
        "  to show them  --settings show\n");
}

TEST_CASE("a long PATH is folded between its entries", "[explain]") {
  HostFacts facts = root_facts();
  std::string path = "PATH=/usr/bin";
  for (int i = 0; i < 30; ++i) path += ":/opt/tool" + std::to_string(i) + "/bin";
  facts.environment = {path, "HOME=/root"};
  const std::string page = explained(facts, default_policy(), Detail::whole);
  for (const std::string_view line : split(page, '\n')) CHECK(width_of(line) <= kPageWidth);
  CHECK(has(page, ":/opt/tool7/bin:"));
}

TEST_CASE("the network is told with where it was chosen", "[explain]") {
  Policy policy = default_policy();
  CHECK(has(brief(policy), "network\n  host          the caller's\n"));
  policy.network = {NetworkMode::loopback, on_command_line("--network")};
  CHECK(has(unfolded(brief(policy)), "loopback a loopback interface of its own, and nothing else [--network]"));
}

TEST_CASE("limits and deadlines that are set, and those that are not", "[explain]") {
  Policy policy = default_policy();
  policy.timeout = {std::chrono::minutes(30), in_file(5)};
  const std::string page = brief(policy);
  CHECK(has(page, "  timeout       30m [ci.yaml:5:3]\n"));
  CHECK(has(page, "  grace         10s\n"));
  CHECK(has(page, "  no limit on   memory, processes, cpu, silence\n"));
  CHECK_FALSE(has(brief(), "grace"));
}

TEST_CASE("refused groups are named, and with everything their reasons", "[explain]") {
  static constexpr SeccompGroup kGroups[] = {{"io-uring", "It walks around the kernel's filters. More of it.", "io_uring_setup"}, {"bpf", "It is risky.", "bpf"}};
  HostFacts facts = root_facts();
  facts.seccomp = std::make_shared<const SeccompFilter>(SeccompFilter{.profile = "default", .summary = "a summary", .groups = kGroups, .program = facts.seccomp->program, .bounds_memory = true});
  CHECK(has(explained(facts, default_policy(), Detail::brief), "  profile       default: a summary\n  refused       io-uring, bpf\n"));
  const std::string all = explained(facts, default_policy(), Detail::whole);
  CHECK(has(all, "  io-uring      It walks around the kernel's filters\n"));
}

TEST_CASE("protections that are not plainly active have a row of their own", "[explain]") {
  Policy policy = default_policy();
  policy.require = {{"pid-isolation", in_file(8)}};
  policy.allow_nesting = {false, on_command_line("--nesting")};
  const std::string page = unfolded(brief(policy));
  CHECK(has(page, "off host-files (root: ro), network-isolation (network: host), path-sockets (network: host)"));
  CHECK(has(page, "kernel-memory active: but no kernel counts record locks"));
  CHECK(has(page, "required pid-isolation [ci.yaml:8:3]"));
  CHECK(has(page, "nested sandboxes denied [--nesting]"));
  CHECK(has(page, "active quota, mount-isolation, pid-isolation"));
  HostFacts facts = root_facts();
  facts.memory_usable = facts.memory_total;
  CHECK(has(unfolded(explained(facts, default_policy(), Detail::brief)), "quota degraded: nested sandboxes are allowed and there is no memory limit"));
}

TEST_CASE("without a box what is not protected is told in full", "[explain]") {
  HostFacts facts = user_facts();
  facts.private_directory = "/tmp/stepbox-box-x";
  facts.landlock_abi = 4;
  Policy policy = default_policy();
  policy.isolation = {Isolation::landlock, on_command_line("--isolation")};
  const std::string page = unfolded(explained(facts, policy, Detail::brief));
  CHECK(has(page, "isolation landlock [--isolation]"));
  CHECK(has(page, "workspace /tmp/stepbox-box-x (removed after the step)"));
  CHECK(has(page, "not protected disk space: no quota is enforced"));
  CHECK(has(page, "writable /home/bob/work (the checkout)"));
  CHECK_FALSE(has(page, "hard limits"));
}
