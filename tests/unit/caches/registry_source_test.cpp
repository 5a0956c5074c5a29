#include "caches/registry_source.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace stepbox;
using namespace stepbox::caches;

namespace {

// The error of a file, or "" when it is accepted.
std::string fault_in(std::string_view yaml) {
  const auto tools = source::read(yaml, "x.yaml", "x");
  if (!tools) return tools.error().message;
  const auto together = source::check_together(*tools);
  return together ? "" : together.error().message;
}

}  // namespace

TEST_CASE("an entry is read with all its fields", "[caches]") {
  const auto tools = source::read(R"(
- tool: demo
  shared: true
  redirect:
    DEMO_CACHE: cache/demo
    DEMO_RUN: {path: "run/user/{uid}", mode: 0700}
    DEMO_SOCKET: {path: run/demo.sock, create: parent}
    DEMO_FLAG: {value: "1", when: one-id}
    DEMO_STORE: {path: cache/store, default: ~/.demo-store, any_case: true, yields_to: [DEMO_HOME, DEMO_ALL]}
    DEMO_LOST: {path: cache/lost, default: none}
  default_paths: [~/.cache/demo, <prefix>/demo]
  settings: [~/.demorc, $XDG_CONFIG_HOME/demo/conf.d/]
  in_tree: [.demo/, {name: out/, beside: [demo.toml, demo.json]}]
  programs: [cache/demo/bin]
  toolchains:
    ~/.demo: DEMO_HOME
    ~/.demo-bin:
    ~/.demo-old: {variable: DEMO_OLD, without: [hooks/write, hooks/more]}
  verified: demo 1.0
  note: why
)",
                                  "x.yaml", "demos");
  REQUIRE(tools);
  REQUIRE(tools->size() == 1);
  const source::Tool& tool = tools->front();
  CHECK(tool.name.text == "demo");
  CHECK(tool.name.place == "x.yaml:2:9");
  CHECK(tool.ecosystem == "demos");
  CHECK(tool.shared);
  REQUIRE(tool.redirects.size() == 6);
  CHECK(tool.redirects[0].variable.text == "DEMO_CACHE");
  CHECK(tool.redirects[0].value == "cache/demo");
  CHECK(tool.redirects[0].create == Create::directory);
  CHECK(tool.redirects[0].mode == 0755);
  CHECK(tool.redirects[1].value == "run/user/{uid}");
  CHECK(tool.redirects[1].mode == 0700);
  CHECK(tool.redirects[2].create == Create::parent);
  CHECK(tool.redirects[3].create == Create::none);
  CHECK(tool.redirects[3].value == "1");
  CHECK(tool.redirects[3].when == When::one_id);
  CHECK(tool.redirects[4].when == When::always);
  CHECK(tool.redirects[4].any_case);
  CHECK(tool.redirects[4].defaults == std::vector<std::string>{"~/.demo-store"});
  CHECK(tool.redirects[4].yields_to == std::vector<std::string>{"DEMO_HOME", "DEMO_ALL"});
  CHECK(tool.redirects[5].defaults == std::vector<std::string>{});
  REQUIRE(tool.default_paths.size() == 2);
  CHECK(tool.default_paths[1].text == "<prefix>/demo");
  REQUIRE(tool.settings.size() == 2);
  CHECK(tool.settings[0].text == "~/.demorc");
  CHECK(tool.settings[1].text == "$XDG_CONFIG_HOME/demo/conf.d/");
  REQUIRE(tool.in_tree.size() == 2);
  CHECK(tool.in_tree[0].name == ".demo/");
  CHECK(tool.in_tree[0].beside.empty());
  CHECK(tool.in_tree[1].name == "out/");
  CHECK(tool.in_tree[1].beside == std::vector<std::string>{"demo.toml", "demo.json"});
  CHECK(tool.programs == std::vector<std::string>{"cache/demo/bin"});
  REQUIRE(tool.toolchains.size() == 3);
  CHECK(tool.toolchains[0].path.text == "~/.demo");
  CHECK(tool.toolchains[0].variable.text == "DEMO_HOME");
  CHECK(tool.toolchains[1].variable.text.empty());
  CHECK(tool.toolchains[2].variable.text == "DEMO_OLD");
  CHECK(tool.toolchains[2].without == std::vector<std::string>{"hooks/write", "hooks/more"});
  CHECK(tool.verified == "demo 1.0");
  CHECK(tool.note == "why");
}

TEST_CASE("a tool's first redirect stands for its default paths in the home", "[caches]") {
  using Paths = std::vector<std::string>;
  const auto defaults = [](const char* yaml) {
    auto tools = source::read(yaml, "x.yaml", "x");
    REQUIRE(tools);
    std::vector<Paths> all;
    for (const source::Redirect& redirect : tools->front().redirects) all.push_back(redirect.defaults.value_or(Paths()));
    return all;
  };
  CHECK(defaults("- {tool: a, redirect: {A: cache/a, B: cache/b}, default_paths: [~/.a, /tmp/a, ~/.b/<id>, ~/.c]}") ==
        std::vector<Paths>{{"~/.a", "~/.c"}, {}});
  CHECK(defaults("- {tool: a, redirect: {A: {path: cache/a, default: ~/.x}}, default_paths: [~/.a]}") == std::vector<Paths>{{"~/.x"}});
  CHECK(defaults("- {tool: a, redirect: {A: {path: cache/a, default: none}}, default_paths: [~/.a]}") == std::vector<Paths>{{}});
  CHECK(defaults("- {tool: a, redirect: {A: cache/a}, default_paths: [~/.a], shared: true}") == std::vector<Paths>{{}});
}

TEST_CASE("each mistake in an entry is an error with its place", "[caches]") {
  struct Row {
    const char* yaml;
    const char* error;
  };
  const Row row = GENERATE(values<Row>({
      // the shape of the file
      {"tool: a", "x.yaml:1:1: the file is no list of tools"},
      {"- a", "x.yaml:1:3: an entry is no map"},
      {"- note: b", "x.yaml:1:3: an entry without tool"},
      {"- tool: a\n  note: b", "x.yaml:1:3: a says nothing: no redirect, toolchain, default path, settings file or in-tree name"},
      {"- tool: a\n  redirects:\n    A: cache/a", "x.yaml:2:3: unknown field 'redirects'; did you mean 'redirect'?"},
      {"- tool: a\n  create: parent", "x.yaml:2:3: unknown field 'create'"},
      {"- tool: a\n  tool: b", "x.yaml:2:3: duplicate key 'tool' (the first is in line 1)"},
      {"- tool: A", "x.yaml:1:9: tool 'A' is no tool name (a-z, then a-z 0-9 - . +)"},
      {"- tool: [a]", "x.yaml:1:9: tool is no text"},
      // redirect
      {"- tool: a\n  redirect: [A]", "x.yaml:2:13: redirect is no map of variables to paths"},
      {"- tool: a\n  redirect: {}", "x.yaml:2:13: redirect is no map of variables to paths"},
      {"- tool: a\n  redirect:\n    A-B: cache/a",
       "x.yaml:3:5: variable 'A-B' is no variable name (A-Z a-z _, then also 0-9)"},
      {"- tool: a\n  redirect:\n    A: /cache",
       "x.yaml:3:8: path '/cache' is absolute; it begins with a volume, as in cache/NAME"},
      {"- tool: a\n  redirect:\n    A: cache/../b", "x.yaml:3:8: path 'cache/../b' has a '.' or '..' component"},
      {"- tool: a\n  redirect:\n    A: cache//b", "x.yaml:3:8: path 'cache//b' has an empty component"},
      {"- tool: a\n  redirect:\n    A: scratch/b",
       "x.yaml:3:8: path 'scratch/b' does not begin with a volume (tmp var-tmp cache home out shm run)"},
      {"- tool: a\n  redirect:\n    A: \"cache/\\tb\"", "x.yaml:3:8: path 'cache/\\tb' has a control character"},
      {"- tool: a\n  redirect:\n    A: [b]", "x.yaml:3:8: path is no text"},
      {"- tool: a\n  redirect:\n    A:", "x.yaml:3:5: path is no text"},
      {"- tool: a\n  redirect:\n    A: {create: parent}", "x.yaml:3:17: create without a path"},
      {"- tool: a\n  redirect:\n    A: {mode: 0700, value: b}", "x.yaml:3:15: mode without a path"},
      {"- tool: a\n  redirect:\n    A: {}", "x.yaml:3:8: A needs either a path or a value"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, value: b}", "x.yaml:3:8: A needs either a path or a value"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, create: none}", "x.yaml:3:28: create can only be 'parent'"},
      {"- tool: a\n  redirect:\n    A: {path: tmp/a, create: parent, mode: 0700}",
       "x.yaml:3:44: mode of a directory that the tool makes"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, mode: 999}", "x.yaml:3:26: mode '999' is not of the form 0755"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, mod: 0700}",
       "x.yaml:3:20: unknown field 'mod'; did you mean 'mode'?"},
      {"- tool: a\n  redirect:\n    A: {path: tmp/a, create: parent}",
       "x.yaml:3:5: A names no directory that is made before the step: a note must say why"},
      {"- tool: a\n  redirect:\n    A: {value: \"1\"}",
       "x.yaml:3:5: A names no directory that is made before the step: a note must say why"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, when: never}", "x.yaml:3:26: when can only be 'one-id'"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, any_case: yes}", "x.yaml:3:30: any_case can only be true"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, default: /a}", "x.yaml:3:29: default '/a' is not below ~/"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, default: ~/a<id>}", "x.yaml:3:29: default '~/a<id>' has a part that varies"},
      {"- tool: a\n  redirect:\n    A: {path: tmp, yields_to: B}", "x.yaml:3:31: variable is no list"},
      // the other fields
      {"- tool: a\n  toolchains: {~/.a: {variables: A}}", "x.yaml:2:23: unknown field 'variables'; did you mean 'variable'?"},
      {"- tool: a\n  toolchains: {~/.a: {without: [/x]}}", "x.yaml:2:33: name '/x' is no relative name"},
      {"- tool: a\n  default_paths: ~/.a", "x.yaml:2:18: default path is no list"},
      {"- tool: a\n  default_paths: [.a]", "x.yaml:2:19: default path '.a' does not begin with ~/ or / or <PLACE>"},
      {"- tool: a\n  settings: ~/.a", "x.yaml:2:13: settings file is no list"},
      {"- tool: a\n  settings: [/etc/a]", "x.yaml:2:14: settings file '/etc/a' begins neither with ~/ nor with $XDG_CONFIG_HOME/"},
      {"- tool: a\n  in_tree: [/a]", "x.yaml:2:13: in-tree name '/a' is no relative name"},
      {"- tool: a\n  in_tree: a/", "x.yaml:2:12: in-tree name is no list"},
      {"- tool: a\n  in_tree: [{beside: [b]}]", "x.yaml:2:13: an in-tree name without name"},
      {"- tool: a\n  in_tree: [{name: a/, besides: [b]}]", "x.yaml:2:24: unknown field 'besides'; did you mean 'beside'?"},
      {"- tool: a\n  in_tree: [{name: a/, beside: [/b]}]", "x.yaml:2:33: name '/b' is no relative name"},
      {"- tool: a\n  programs: [bin]",
       "x.yaml:2:14: path 'bin' does not begin with a volume (tmp var-tmp cache home out shm run)"},
      {"- tool: a\n  toolchains: [~/.a]", "x.yaml:2:15: toolchains is no map of paths to variables"},
      {"- tool: a\n  toolchains: {/opt/a: A}", "x.yaml:2:16: toolchain '/opt/a' is not below ~/"},
      {"- tool: a\n  toolchains: {~/.a: A B}",
       "x.yaml:2:22: variable 'A B' is no variable name (A-Z a-z _, then also 0-9)"},
      {"- tool: a\n  shared: no", "x.yaml:2:11: shared can only be true"},
      {"- tool: a\n  note: [b]", "x.yaml:2:9: note is no text"},
      {"- tool: a\n  verified: {b: c}", "x.yaml:2:13: verified is no text"},
      // what two entries must not both say
      {"- {tool: a, in_tree: [a]}\n- {tool: a, in_tree: [a]}", "x.yaml:2:10: duplicate tool 'a'; first at x.yaml:1:10"},
      {"- {tool: a, settings: [~/.a]}\n- {tool: b, settings: [~/.a]}", "x.yaml:2:24: duplicate settings file '~/.a'; first at x.yaml:1:24"},
      {"- {tool: a, redirect: {A: cache/a}}\n- {tool: b, redirect: {A: cache/b}}",
       "x.yaml:2:24: duplicate variable 'A'; first at x.yaml:1:24"},
      {"- {tool: a, redirect: {A: cache/a}}\n- {tool: b, toolchains: {~/.b: A}}",
       "x.yaml:2:32: duplicate variable 'A'; first at x.yaml:1:24"},
      {"- {tool: a, default_paths: [~/.a]}\n- {tool: b, default_paths: [~/.a]}",
       "x.yaml:2:29: duplicate default path '~/.a'; first at x.yaml:1:29"},
      {"- {tool: a, toolchains: {~/.a: A}}\n- {tool: b, toolchains: {~/.a: B}}",
       "x.yaml:2:26: duplicate toolchain '~/.a'; first at x.yaml:1:26"},
      {"- {tool: a, redirect: {A: cache/a}}\n- {tool: b, redirect: {B: cache/a}}",
       "x.yaml:2:24: 'cache/a' belongs to a already"},
  }));
  CHECK(fault_in(row.yaml) == row.error);
}

TEST_CASE("variables may name one directory where nobody needs to know whose it is", "[caches]") {
  CHECK(fault_in("- {tool: a, redirect: {A: cache/a, B: cache/a}}") == "");
  CHECK(fault_in("- {tool: a, redirect: {A: tmp}}\n- {tool: b, redirect: {B: tmp}}") == "");
  CHECK(fault_in("- {tool: a, redirect: {A: cache/x}, shared: true}\n- {tool: b, redirect: {B: cache/x}}") == "");
  CHECK(fault_in("- {tool: b, redirect: {B: cache/x}}\n- {tool: a, redirect: {A: cache/x}, shared: true}") == "");
}

TEST_CASE("an entry without a tool gives the ecosystem other names", "[caches]") {
  const auto tools = source::read("- also: [all]\n- {tool: a, also: [aa], in_tree: [x/]}\n- {tool: b, in_tree: [y/]}\n", "x.yaml", "x");
  REQUIRE(tools);
  REQUIRE(tools->size() == 2);
  REQUIRE(tools->front().also.size() == 2);
  CHECK(tools->front().also[0].text == "aa");
  CHECK(tools->front().also[1].text == "all");
  REQUIRE(tools->back().also.size() == 1);
  CHECK(fault_in("- {tool: a, also: [b], in_tree: [x/]}\n- {tool: b, in_tree: [y/]}\n") == "x.yaml:1:20: 'b' is the name of a tool");
}
