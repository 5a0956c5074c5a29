#include "policy/output_values.hpp"

#include "policy/policy_fixture.hpp"
#include "policy/show.hpp"

namespace stepbox::policy {
namespace {

Policy with_output(std::string_view text, Layer layer = Layer::command_line) {
  Setting setting = output_from_text(text);
  setting.origin = {.layer = layer, .place = "--output"};
  Policy policy;
  const Result<> applied = apply_output(policy, setting);
  INFO(text);
  REQUIRE(applied);
  return policy;
}

std::string refusal(std::string_view text) {
  Policy policy;
  const Result<> applied = apply_output(policy, output_from_text(text));
  return applied ? "" : applied.error().message;
}

}  // namespace

TEST_CASE("an option spells an output with what else is said of it", "[policy]") {
  const OutputSpec spec = with_output("dist/a,b,when=always,max-size=2MiB").outputs.at(0);
  CHECK(spec.text == "dist/a,b");
  CHECK(spec.when == OutputWhen::always);
  CHECK(spec.max_bytes == 2 << 20);
  CHECK(spec.is_required);
  CHECK_FALSE(with_output("dist,required=false").outputs.at(0).is_required);
  CHECK(with_output("a,b").outputs.at(0).text == "a,b");
  // In a file, an output is optional unless it says otherwise.
  CHECK_FALSE(with_output("dist", Layer::project).outputs.at(0).is_required);
  CHECK(refusal("dist,when=never") == "'never' is not success or always");
  CHECK(refusal("dist,max-size=50%") == "'50%' is not a size like 512MiB");
  CHECK(refusal("dist,required=yes") == "'yes' is not true or false");
  CHECK(refusal("bin/app,require=false") == "'require' is nothing that can be said of an output (did you mean 'required'?)");
  CHECK(with_output("a,colour=red").outputs.at(0).text == "a,colour=red");
  CHECK(refusal("../dist") == "'../dist' leaves the checkout with '..'");
}

TEST_CASE("outputs of all layers add up, and policy show writes them so that they can be read again", "[policy]") {
  PolicyFixture fixture;
  fixture.user("outputs: [log]\n");
  fixture.project("outputs:\n  - {path: bin/**, required: true, max-size: 1GiB, when: always}\n  - log\n");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.outputs.size() == 2);
  CHECK(policy.outputs[0].text == "log");
  CHECK(policy.outputs[1].is_required);
  const std::string shown = to_yaml(policy);
  CHECK(shown.find("- {path: \"bin/**\", required: true, max-size: 1GiB, when: always}") != std::string::npos);
  PolicyFixture again;
  again.write("user/policy.yaml", shown);
  CHECK(again.resolved().outputs == policy.outputs);
}

TEST_CASE("mistakes in outputs are told with their places", "[policy]") {
  PolicyFixture fixture;
  const auto refused = [&](std::string_view body) {
    fixture.user(body);
    return fixture.refusal();
  };
  CHECK(refused("outputs: bin\n") == "ROOT/user/policy.yaml:2:10: outputs: expected a list, not a single value");
  CHECK(refused("outputs: [{required: true}]\n") == "ROOT/user/policy.yaml:2:11: outputs: an output needs its path, like {path: bin/**}");
  CHECK(refused("outputs: [{path: x, when: never}]\n") == "ROOT/user/policy.yaml:2:18: outputs.x: 'never' is not success or always");
  CHECK(refused("outputs: [{path: x, wehn: always}]\n") == "ROOT/user/policy.yaml:2:21: outputs.wehn: unknown key (did you mean 'when'?)");
  CHECK(refused("outputs: [/etc/passwd]\n") == "ROOT/user/policy.yaml:2:11: outputs./etc/passwd: '/etc/passwd' is neither relative to the checkout nor below /box/out");
}

TEST_CASE("a project may declare no output of version control, nor where outputs go", "[policy]") {
  PolicyFixture fixture;
  fixture.project("outputs: [.git/hooks/x]\n");
  CHECK(fixture.refusal().find("output '.git/hooks/x' belongs to version control, or is read by stepbox itself") != std::string::npos);
  fixture.project("outputs-to: /srv\n");
  CHECK(fixture.refusal().find("a project policy may not set this") != std::string::npos);
  fixture.project("outputs-manifest: /srv/x\n");
  CHECK(fixture.refusal().find("a project policy may not set this") != std::string::npos);
  fixture.project("outputs: [dist]\n");
  CHECK(fixture.resolved().outputs.size() == 1);
}

}  // namespace stepbox::policy
