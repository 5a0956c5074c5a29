#include "ci/engines.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace stepbox;

namespace {

ci::Lookup in(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace

TEST_CASE("an engine is known by its variable", "[ci][engines]") {
  for (const ci::Engine& engine : ci::engines()) {
    INFO(engine.name);
    const std::string value(engine.value.empty() ? "x" : engine.value);
    const ci::Engine* found = ci::engine_around(in({{std::string(engine.variable), value}}));
    REQUIRE(found != nullptr);
    CHECK(found->name == engine.name);
    if (!engine.value.empty()) CHECK(ci::engine_around(in({{std::string(engine.variable), "something else"}})) == nullptr);
    CHECK(ci::engine_around(in({{std::string(engine.variable), ""}})) == nullptr);
  }
  CHECK(ci::engine_around(in({})) == nullptr);
}

TEST_CASE("an engine that sets another one's variables is itself", "[ci][engines]") {
  const ci::Lookup look_up = in({{"GITHUB_ACTIONS", "true"}, {"FORGEJO_ACTIONS", "true"}, {"GITHUB_RUN_ID", "17"}});
  const ci::Engine* engine = ci::engine_around(look_up);
  REQUIRE(engine != nullptr);
  CHECK(engine->name == "forgejo");
  CHECK(ci::job_of(*engine, look_up) == "17");
  CHECK(engine->log_form == ci::LogForm::workflow_commands);
}

TEST_CASE("a job without a name has none", "[ci][engines]") {
  const ci::Lookup look_up = in({{"GITLAB_CI", "1"}});
  CHECK(ci::job_of(*ci::engine_around(look_up), look_up).empty());
}
