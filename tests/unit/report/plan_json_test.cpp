#include "report/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using Json = nlohmann::json;

namespace {

Json json_of(const HostFacts& facts, const Policy& policy) { return Json::parse(report::plan_to_json(plan_of(facts, policy), policy)); }

Json named(const Json& list, std::string_view name) {
  for (const Json& record : list)
    if (record["name"] == name) return record;
  return nullptr;
}

Policy chosen() {
  Policy policy = default_policy();
  policy.size = {Size{Size::Unit::bytes, 4 * kGiB}, {Layer::project, "ci.yaml", 4, 3}};
  policy.volumes = {own_volume("cache", kGiB, 5000)};
  policy.timeout = {std::chrono::minutes(30), on_command_line("--timeout")};
  policy.network = {NetworkMode::none, on_command_line("--network")};
  policy.environment = {{EnvAction::set, "TOKEN", "very-secret", on_command_line("--env")}};
  return policy;
}

}  // namespace

TEST_CASE("a scheduler finds its requests in the plan", "[report][plan-json]") {
  const Json plan = json_of(root_facts(), chosen());
  const Json& requests = plan["requests"];
  CHECK(requests["memory_bytes"].is_null());
  CHECK(requests["cpus"].is_null());
  CHECK(requests["disk_bytes"] == 0);
  CHECK(requests["workspace_bytes"] == 5 * kGiB);
  CHECK(requests["seconds"] == 1800.0);
}

TEST_CASE("limits are requests, with cores as people write them", "[report][plan-json]") {
  Plan plan = plan_of(root_facts());
  plan.limits.cgroup.limits = {{"memory", 2 * kGiB, on_command_line("--limit memory")}, {"cpu", 1500, on_command_line("--limit cpu")}};
  const Json json = Json::parse(report::plan_to_json(plan, default_policy()));
  CHECK(json["requests"]["memory_bytes"] == 2 * kGiB);
  CHECK(json["requests"]["cpus"] == 1.5);
  CHECK(named(json["limits"], "cpu")["limit"] == 1.5);
  CHECK(named(json["limits"], "memory")["from"]["place"] == "--limit memory");
  CHECK(named(json["limits"], "open-files")["of"] == "process");
}

TEST_CASE("each value of the plan says where it comes from", "[report][plan-json]") {
  const Json plan = json_of(root_facts(), chosen());
  CHECK(plan["schema_version"] == 1);
  CHECK(named(plan["workspace"]["volumes"], "workspace")["from"] == Json({{"layer", "project policy"}, {"place", "ci.yaml"}, {"line", 4}}));
  CHECK(named(plan["workspace"]["volumes"], "cache")["inodes"] == 5000);
  CHECK(named(plan["deadlines"], "timeout")["from"]["line"].is_null());
  CHECK(plan["network"] == Json({{"mode", "none"}, {"from", {{"layer", "command line"}, {"place", "--network"}, {"line", nullptr}}}}));
  CHECK(named(plan["deadlines"], "silence") == Json({{"name", "silence"}, {"seconds", nullptr}, {"from", nullptr}}));
}

TEST_CASE("only stepbox's own variables have their value in the plan", "[report][plan-json]") {
  HostFacts facts = root_facts();
  facts.environment.push_back("INHERITED=very-secret");
  const std::string text = report::plan_to_json(plan_of(facts, chosen()), chosen());
  CHECK(text.find("very-secret") == std::string::npos);
  const Json variables = Json::parse(text)["environment"]["variables"];
  CHECK(named(variables, "TOKEN")["cause"] == "policy");
  CHECK(named(variables, "INHERITED")["value"].is_null());
  CHECK(named(variables, "GOCACHE")["value"] == "/box/cache/go-build");
  CHECK(named(variables, "GOCACHE")["tool"] == "go-build-cache");
}

TEST_CASE("mounts are records with what they show and how", "[report][plan-json]") {
  const Json plan = json_of(root_facts(), default_policy());
  const auto mount_at = [&](std::string_view path) {
    for (const Json& mount : plan["mounts"])
      if (mount["path"] == path) return mount;
    return Json();
  };
  CHECK(mount_at("/usr")["kind"] == "host");
  CHECK(mount_at("/usr")["writable"] == false);
  CHECK(mount_at("/srv/work")["writable"] == true);
  CHECK(mount_at("/tmp")["kind"] == "workspace");
  CHECK(mount_at("/tmp")["source"] == "/box/tmp");
  CHECK(mount_at("/sys/fs/cgroup")["kind"] == "hidden");
  CHECK(named(plan["protections"], "pid-isolation")["state"] == "active");
}
