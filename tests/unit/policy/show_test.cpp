#include "policy/show.hpp"

#include "base/text.hpp"
#include "policy/builtin.hpp"
#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

namespace {

// What a policy comes to, without where it comes from; but whether anybody chose it.
std::string meaning(const Policy& policy) {
  std::string text;
  for (const KeyRow& row : keys()) {
    if (row.settings == nullptr) continue;
    for (const Setting& setting : row.settings(policy))
      text += std::string(row.key) + " " + setting.name + " " + setting.value +
              (setting.origin.layer == Layer::built_in ? " of " + setting.origin.text() : "") + "\n";
  }
  return text;
}

void check_that_it_loads_again(PolicyFixture& fixture) {
  const Policy policy = fixture.resolved();
  const std::string yaml = to_yaml(policy);
  INFO(yaml);
  fixture.write("cwd/shown.yaml", yaml);
  ResolveRequest request{.names = {fixture.root() + "/cwd/shown.yaml"}, .site_directory = "", .memory_bytes = 16ULL << 30};
  const auto again = resolve(request);
  if (!again) FAIL(again.error().message);
  CHECK(meaning(*again) == meaning(policy));
}

}  // namespace

TEST_CASE("what is shown of a policy is a policy", "[policy][show]") {
  PolicyFixture fixture;
  fixture.site("extends: [go]\nfilesystem: {ro: [/srv/sdk]}\nworkspace: {size: 1536M, volumes: {tmp: {inodes: 5}}}\n");
  fixture.request.settings = {{"environment.set", "A", "a: #b", Origin{Layer::command_line, "--env"}},
                              {"environment.clear", "", "true", Origin{Layer::command_line, "--clear-env"}}};
  const std::string shown = to_yaml(fixture.resolved());
  CHECK(shown.contains("\nversion: 1\nextends: [go]\nworkspace:\n  size: 1536MiB  "));
  CHECK(shown.contains("\n  # inodes: 1000000  "));
  CHECK(shown.contains("\n  volumes:\n    tmp: {inodes: 5}  "));
  CHECK(shown.contains("\n# network: host  "));
  CHECK(shown.contains("\n    A: \"a: #b\"  "));
  CHECK(shown.contains("\n  ro:\n    - /srv/sdk  "));
  CHECK(shown.contains("\n  clear: true  "));
  check_that_it_loads_again(fixture);
}

TEST_CASE("every built-in policy can be shown and read again", "[policy][show]") {
  for (const Builtin& builtin : builtins()) {
    PolicyFixture fixture;
    fixture.request.names = {std::string(builtin.name)};
    check_that_it_loads_again(fixture);
  }
}

TEST_CASE("a policy that sets every key can be shown and read again", "[policy][show]") {
  PolicyFixture fixture;
  fixture.site(R"(extends: [strict]
workspace: {size: 7GiB, inodes: 10k, volumes: {cache: {size: 1GiB, inodes: 2k}, tmp: {size: 50%}, shm: {inodes: 3}}}
isolation: full
source: {mode: ro, path: "/src/with blank"}
root: ro
home: host
environment:
  set: {CI: "true", N: 1, EMPTY: "", ODD: "\x01\t\"\\é\x85 # x", "null": null_}
  unset: [AWS_PROFILE]
  clear: false
  keep: [LC_*, "?X"]
  redirect: {MYTOOL_CACHE: cache/mytool}
filesystem: {ro: [/srv/sdk], rw: [~/x], hide: [/srv/secrets]}
network: loopback
nesting: deny
seccomp: /srv/p.yaml
seccomp-log: true
require: [quota, pid-isolation]
warm: [go, mytool]
warm-save: true
warm-offer: [go]
warm-caches:
  go: {max: 20GiB, keep: 2, refresh: [30d, 8GiB], key: [go.sum, tools/go.sum]}
  mytool: {directories: [cache/mytool], drop: ["*.lock"], merge: newest, refresh: 4G}
outputs: [dist, {path: "a,b # c", required: true, max-size: 1GiB, when: always}]
outputs-to: /srv/out
outputs-manifest: ~/sums
labels: {branch: main, try: "2 #"}
limits: {memory: 40%, processes: 100, cpu: 0.25, open-files: 9, file-size: 1M, stack: 1M, address-space: 3G,
         locked-memory: 4097, optional: [cpu], timeout: 1h30m, silence: 250ms, grace: 1s}
)");
  check_that_it_loads_again(fixture);
  // Nothing of the table was left out above.
  const Policy policy = fixture.resolved();
  for (const KeyRow& row : keys()) {
    INFO(row.key);
    if (row.settings != nullptr) CHECK_FALSE(row.settings(policy).empty());
  }
}

TEST_CASE("of rules that take each other back only the last is shown", "[policy][show]") {
  PolicyFixture fixture;
  fixture.site("environment: {set: {A: '1', B: '1'}, unset: [C]}\nfilesystem: {ro: [/x, /y]}\n");
  fixture.user("environment: {set: {A: '2'}, unset: [B], keep: [A]}\nfilesystem: {hide: [/x]}\n");
  const Policy policy = fixture.resolved();
  const auto set = find_key("environment.set")->settings(policy);
  REQUIRE(set.size() == 1);
  CHECK(set[0].value == "2");
  CHECK(find_key("environment.unset")->settings(policy).size() == 2);
  CHECK(find_key("environment.keep")->settings(policy).size() == 1);
  CHECK(find_key("filesystem.ro")->settings(policy).size() == 1);
  check_that_it_loads_again(fixture);
}

TEST_CASE("a built-in policy that was named again is named again", "[policy][show]") {
  PolicyFixture fixture;
  fixture.site("network: none\n");
  fixture.request.names = {"go", "default"};
  CHECK(to_yaml(fixture.resolved()).contains("\nextends: [go, default]\n"));
}

TEST_CASE("a value that is no UTF-8 is a comment", "[policy][show]") {
  PolicyFixture fixture;
  fixture.request.settings = {{"environment.set", "A", "x\xff", Origin{Layer::command_line, "--env"}}};
  const std::string shown = to_yaml(fixture.resolved());
  CHECK(shown.contains("\n#     A: "));
  CHECK(shown.contains("x\\xff"));
  CHECK(is_utf8(shown));
}

TEST_CASE("policies have the same digest when their values are the same", "[policy][show]") {
  const auto digest_with = [](std::vector<Setting> settings, const std::string& site = {}) {
    PolicyFixture fixture;
    if (!site.empty()) fixture.site(site);
    fixture.request.settings = std::move(settings);
    return digest(fixture.resolved());
  };
  const Origin option{Layer::command_line, "--size"};
  const std::string plain = digest_with({});
  CHECK(plain.starts_with("sha256:"));
  CHECK(plain.size() == 7 + 64);
  const std::string sized = digest_with({{"workspace.size", {}, "4GiB", option}});
  CHECK(sized != plain);
  CHECK(sized == digest_with({}, "workspace: {size: 4GiB}\n"));
  const std::string with_token = digest_with({{"environment.set", "TOKEN", "a", option}});
  CHECK(with_token != plain);
  CHECK(with_token == digest_with({{"environment.set", "TOKEN", "b", option}}));
  CHECK(with_token != digest_with({{"environment.set", "OTHER", "a", option}}));
}
