#include "policy/document.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace stepbox;
using namespace stepbox::policy;

namespace {

Document read(std::string_view body) {
  auto document = read_document("version: 1\n" + std::string(body), Layer::user, "p.yaml");
  INFO(body);
  if (!document) FAIL(document.error().message);
  for (const Mistake& mistake : document->mistakes) FAIL(mistake.error.message);
  return std::move(*document);
}

std::vector<std::string> mistakes_in(std::string_view text) {
  const auto document = read_document(text, Layer::user, "p.yaml");
  INFO(text);
  if (!document) return {document.error().message};
  std::vector<std::string> messages;
  for (const Mistake& mistake : document->mistakes) messages.push_back(mistake.error.message);
  return messages;
}

std::string refusal_of_file(std::string_view text) {
  const std::vector<std::string> messages = mistakes_in(text);
  INFO(text);
  REQUIRE(messages.size() == 1);
  return messages.front();
}

// Line 1 is the version.
std::string refusal(std::string_view body) {
  return refusal_of_file("version: 1\n" + std::string(body));
}

}  // namespace

TEST_CASE("a file becomes settings in file order, each with its place", "[policy]") {
  const Document document = read(R"(extends: [go, ./more.yaml]
summary: for tests
workspace:
  size: 8GiB
  volumes:
    cache: {size: 4GiB, inodes: 200k}
source: {mode: ro, path: /src}
environment:
  set: {CI: "true"}
  unset: [A, B]
  clear: true
require: [quota]
)");
  CHECK(document.summary == "for tests");
  REQUIRE(document.extends.size() == 2);
  CHECK(document.extends[1].name == "./more.yaml");
  CHECK(document.extends[1].origin.text() == "p.yaml:2:15");
  REQUIRE(document.settings.size() == 10);
  CHECK(document.settings[0].key == "workspace.size");
  CHECK(document.settings[0].value == "8GiB");
  CHECK(document.settings[0].origin.text() == "p.yaml:5:9");
  CHECK(document.settings[0].origin.layer == Layer::user);
  CHECK(document.settings[1].key == "workspace.volumes");
  CHECK(document.settings[1].name == "cache");
  CHECK(document.settings[1].value == "size=4GiB");
  CHECK(document.settings[1].origin.text() == "p.yaml:7:19");
  CHECK(document.settings[2].value == "inodes=200k");
  CHECK(document.settings[2].origin.text() == "p.yaml:7:33");
  CHECK(document.settings[3].key == "source.mode");
  CHECK(document.settings[4].key == "source.path");
  CHECK(document.settings[5].name == "CI");
  CHECK(document.settings[5].value == "true");
  CHECK(document.settings[7].value == "B");
  CHECK(document.settings[8].key == "environment.clear");
  CHECK(document.settings[9].value == "quota");
}

TEST_CASE("source has a short form", "[policy]") {
  const Document document = read("source: ro\n");
  REQUIRE(document.settings.size() == 1);
  CHECK(document.settings[0].key == "source.mode");
  CHECK(document.settings[0].value == "ro");
  CHECK(document.settings[0].origin.text() == "p.yaml:2:9");
}

TEST_CASE("a variable's value is its text as written", "[policy]") {
  const Document document = read("environment:\n  set: {A: 1.50, B: true, C: 0x1F, D: '', E: \"a\\nb\"}\n");
  REQUIRE(document.settings.size() == 5);
  CHECK(document.settings[0].value == "1.50");
  CHECK(document.settings[1].value == "true");
  CHECK(document.settings[2].value == "0x1F");
  CHECK(document.settings[3].value.empty());
  CHECK(document.settings[4].value == "a\nb");
}

TEST_CASE("a policy says its version, and it is 1", "[policy]") {
  CHECK(refusal_of_file("") == "p.yaml:1:1: version: missing (write 'version: 1' first)");
  CHECK(refusal_of_file("network: none\n") == "p.yaml:1:1: version: missing (write 'version: 1' first)");
  CHECK(refusal_of_file("version: 2\n") ==
        "p.yaml:1:10: version: '2' is not 1, the one version that this stepbox reads");
  CHECK(refusal_of_file("version: '1'\n") ==
        "p.yaml:1:10: version: '1' is not 1, the one version that this stepbox reads");
  CHECK(refusal_of_file("version: [1]\n") == "p.yaml:1:10: version: expected 1, not a list");
  CHECK(refusal_of_file("[1]\n") == "p.yaml:1:1: a policy is a map of keys, not a list");
  CHECK(refusal_of_file("hello\n") == "p.yaml:1:1: a policy is a map of keys, not a single value");
}

TEST_CASE("all mistakes of a file are told, in its order", "[policy]") {
  CHECK(mistakes_in("size: 1G\nworkspace: {size: 8GX, sise: 1}\nnetwork: nine\nrequire: [quota, qota]\nversion: 2\n") ==
        std::vector<std::string>{
            "p.yaml:1:1: size: unknown key (did you mean 'workspace.size'?)",
            "p.yaml:2:19: workspace.size: '8GX' is not a size like 8GiB, 512M or 50%",
            "p.yaml:2:24: workspace.sise: unknown key (did you mean 'size'?)",
            "p.yaml:3:10: network: 'nine' is not host, loopback or none (did you mean 'none'?)",
            "p.yaml:4:18: require: 'qota' is not a protection like quota or mount-isolation (did you mean 'quota'?)",
            "p.yaml:5:10: version: '2' is not 1, the one version that this stepbox reads",
        });
}

TEST_CASE("what is right beside a mistake is still read", "[policy]") {
  const auto document = read_document("version: 1\nextends: [go]\nnetwork: none\nsize: 1\n", Layer::user, "p.yaml");
  REQUIRE(document);
  CHECK(document->mistakes.size() == 1);
  CHECK(document->settings.size() == 1);
  CHECK(document->extends.size() == 1);
}

TEST_CASE("of very many mistakes the first are listed", "[policy]") {
  std::string text = "version: 1\n";
  for (int i = 0; i < 50'000; ++i) text += "x" + std::to_string(i) + ": 1\n";
  const std::vector<std::string> messages = mistakes_in(text);
  REQUIRE(messages.size() == 21);
  CHECK(messages[0] == "p.yaml:2:1: x0: unknown key");
  CHECK(messages[20] == "p.yaml: more mistakes than the 20 above");
}

TEST_CASE("a key at the wrong level is pointed to the right one", "[policy]") {
  CHECK(refusal("size: 1G\n") == "p.yaml:2:1: size: unknown key (did you mean 'workspace.size'?)");
  CHECK(refusal("timeuot: 1s\n") == "p.yaml:2:1: timeuot: unknown key (did you mean 'limits.timeout'?)");
  CHECK(refusal("hide: [/x]\n") == "p.yaml:2:1: hide: unknown key (did you mean 'filesystem.hide'?)");
  CHECK(refusal("workspace: {network: none}\n") ==
        "p.yaml:2:13: workspace.network: unknown key (did you mean 'network' at the top?)");
  CHECK(refusal("workspace: {memory: 1G}\n") == "p.yaml:2:13: workspace.memory: unknown key (did you mean 'limits.memory'?)");
  CHECK(refusal("workspace: {cache: {size: 1G}}\n") ==
        "p.yaml:2:13: workspace.cache: unknown key (did you mean 'workspace.volumes.cache'?)");
  CHECK(refusal("tmp: {size: 1G}\n") == "p.yaml:2:1: tmp: unknown key (did you mean 'workspace.volumes.tmp'?)");
}

TEST_CASE("where no key is near, the few there are are listed", "[policy]") {
  CHECK(refusal("workspace: {frobnicate: 1}\n") ==
        "p.yaml:2:13: workspace.frobnicate: unknown key (one of size, inodes and volumes)");
  CHECK(refusal("workspace: {volumes: {tmp: {frobnicate: 1}}}\n") ==
        "p.yaml:2:29: workspace.volumes.tmp.frobnicate: unknown key (one of size and inodes)");
}

TEST_CASE("an unknown key gets the nearest one that may stand there", "[policy]") {
  CHECK(refusal("worksapce: {size: 1G}\n") == "p.yaml:2:1: worksapce: unknown key (did you mean 'workspace'?)");
  CHECK(refusal("workspace:\n  sise: 1G\n") == "p.yaml:3:3: workspace.sise: unknown key (did you mean 'size'?)");
  CHECK(refusal("workspace: {volumes: {cache: {inode: 1}}}\n") ==
        "p.yaml:2:31: workspace.volumes.cache.inode: unknown key (did you mean 'inodes'?)");
  CHECK(refusal("extend: [go]\n") == "p.yaml:2:1: extend: unknown key (did you mean 'extends'?)");
  CHECK(refusal("frobnicate: 1\n") == "p.yaml:2:1: frobnicate: unknown key");
  CHECK(refusal("\"a\\e[2J\": 1\n") == "p.yaml:2:1: a\\x1b[2J: unknown key");
  CHECK(refusal("workspace.size: 1G\n") == "p.yaml:2:1: workspace.size: unknown key (write 'workspace: {size: ...}')");
  CHECK(refusal("network.x: 1\n") == "p.yaml:2:1: network.x: unknown key (did you mean 'network'?)");
}

TEST_CASE("a key of the design that is not there yet says so", "[policy]") {
  CHECK(refusal("user: root\n") == "p.yaml:2:1: user is not supported by this version of stepbox");
  CHECK(refusal("workspace: {backing: disk}\n") ==
        "p.yaml:2:13: workspace.backing is not supported by this version of stepbox");
}

TEST_CASE("limits are a map of keys of their own", "[policy]") {
  CHECK(refusal("limits: 6GiB\n") == "p.yaml:2:9: limits: expected a map, not a single value");
  CHECK(refusal("limits: {memroy: 6GiB}\n") == "p.yaml:2:10: limits.memroy: unknown key (did you mean 'memory'?)");
  CHECK(refusal("limits: {optional: memory}\n") == "p.yaml:2:20: limits.optional: expected a list, not a single value");
}

TEST_CASE("a value of the wrong kind says what was expected", "[policy]") {
  CHECK(refusal("workspace: 8GiB\n") == "p.yaml:2:12: workspace: expected a map, not a single value");
  CHECK(refusal("workspace:\n") == "p.yaml:2:1: workspace: expected a map, not nothing");
  CHECK(refusal("workspace: {size: [1G]}\n") ==
        "p.yaml:2:19: workspace.size: expected a size like 8GiB, 512M or 50%, not a list");
  CHECK(refusal("workspace: {size: }\n") ==
        "p.yaml:2:13: workspace.size: expected a size like 8GiB, 512M or 50%, not nothing");
  CHECK(refusal("workspace: {volumes: [cache]}\n") == "p.yaml:2:22: workspace.volumes: expected a map, not a list");
  CHECK(refusal("workspace: {volumes: {cache: 4GiB}}\n") ==
        "p.yaml:2:30: workspace.volumes.cache: expected a volume's limits like {size: 4GiB, inodes: 200k}, "
        "not a single value");
  CHECK(refusal("workspace: {volumes: {cache: {inodes: {}}}}\n") ==
        "p.yaml:2:39: workspace.volumes.cache.inodes: expected a count like 200000, 200k or 1M, not a map");
  CHECK(refusal("source: [ro]\n") == "p.yaml:2:9: source: expected a map, not a list");
  CHECK(refusal("network: {mode: none}\n") == "p.yaml:2:10: network: expected host, loopback or none, not a map");
  CHECK(refusal("environment: {unset: A}\n") == "p.yaml:2:22: environment.unset: expected a list, not a single value");
  CHECK(refusal("environment: {set: [A=1]}\n") == "p.yaml:2:20: environment.set: expected a map, not a list");
  CHECK(refusal("environment: {set: {A: ~}}\n") ==
        "p.yaml:2:21: environment.set.A: expected a text; write \"\" for an empty one, not nothing");
  CHECK(refusal("environment: {set: {A: [1]}}\n") ==
        "p.yaml:2:24: environment.set.A: expected a text; write \"\" for an empty one, not a list");
  CHECK(refusal("require: [[quota]]\n") ==
        "p.yaml:2:11: require: expected a protection like quota or mount-isolation, not a list");
  CHECK(refusal("extends: go\n") == "p.yaml:2:10: extends: expected a list of policies like [go], not a single value");
  CHECK(refusal("summary: [a]\n") == "p.yaml:2:10: summary: expected a text, not a list");
}

TEST_CASE("a quoted word is no truth value", "[policy]") {
  CHECK(refusal("environment: {clear: 'true'}\n") ==
        "p.yaml:2:22: environment.clear: expected true or false without quotes");
}

TEST_CASE("a volume's size in a file is a size and nothing more", "[policy]") {
  CHECK(refusal("workspace: {volumes: {cache: {size: '4GiB,inodes=5'}}}\n") ==
        "p.yaml:2:37: workspace.volumes.cache.size: '4GiB,inodes=5' is not a size like 8GiB, 512M or 50%");
}
