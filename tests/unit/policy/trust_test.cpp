// What a project policy may do: tighten, never widen.
#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

namespace {

constexpr std::string_view kOnlyTighten = "; a project policy may only tighten";

struct Case {
  std::string_view key;
  std::string_view site;     // what the operator says; empty: the built-in default
  std::string_view project;  // what the checkout says
  std::string_view refused;  // the start of what is wrong with it; empty: allowed
};

const Case kCases[] = {
    {"workspace.size", "workspace: {size: 8GiB}", "workspace: {size: 8GiB}", ""},
    {"workspace.size", "workspace: {size: 8GiB}", "workspace: {size: 1GiB}", ""},
    {"workspace.size", "workspace: {size: 8GiB}", "workspace: {size: 9GiB}", "9 GiB is wider than the 8 GiB of "},
    {"workspace.size", "workspace: {size: 8GiB}", "workspace: {size: 40%}", ""},  // of 16 GiB
    {"workspace.size", "workspace: {size: 8GiB}", "workspace: {size: 60%}",
     "60% (9.6 GiB) is wider than the 8 GiB of "},
    {"workspace.size", "", "workspace: {size: 8GiB}", ""},
    {"workspace.size", "", "workspace: {size: 20GiB}", "20 GiB is wider than the 50% (8 GiB) of default:"},
    {"workspace.size", "", "workspace: {size: 51%}", "51% (8.2 GiB) is wider than the 50% (8 GiB) of default:"},
    {"workspace.inodes", "", "workspace: {inodes: 1M}", ""},
    {"workspace.inodes", "", "workspace: {inodes: 1000}", ""},
    {"workspace.inodes", "", "workspace: {inodes: 1000001}", "1000001 is wider than the 1000000 of default:"},
    {"isolation", "", "isolation: full", ""},
    {"isolation", "", "isolation: landlock", "landlock is wider than the full of default:"},
    {"isolation", "isolation: env", "isolation: landlock", ""},
    {"isolation", "isolation: landlock", "isolation: env", "env is wider than the landlock of "},
    {"source.mode", "source: rw", "source: rw", ""},
    {"source.mode", "source: rw", "source: ro", ""},
    {"source.mode", "source: rw", "source: none", ""},
    {"source.mode", "source: ro", "source: none", ""},
    {"source.mode", "source: ro", "source: rw", "rw is wider than the ro of "},
    {"source.mode", "source: none", "source: ro", "ro is wider than the none of "},
    {"home", "home: host", "home: fresh", ""},
    {"home", "home: host", "home: host", ""},
    {"home", "", "home: host", "host is wider than the fresh of default:"},
    {"settings", "settings: show", "settings: hide", ""},
    {"settings", "settings: show", "settings: show", ""},
    {"settings", "", "settings: hide", ""},
    {"settings", "", "settings: show", "show is wider than the hide of default:"},
    {"network", "", "network: loopback", ""},
    {"network", "", "network: none", ""},
    {"network", "network: loopback", "network: none", ""},
    {"network", "network: loopback", "network: host", "host is wider than the loopback of "},
    {"network", "network: none", "network: loopback", "loopback is wider than the none of "},
    {"limits.memory", "", "limits: {memory: 64GiB}", ""},
    {"limits.memory", "limits: {memory: 6GiB}", "limits: {memory: 5GiB}", ""},
    {"limits.memory", "limits: {memory: 6GiB}", "limits: {memory: 7GiB}", "7 GiB is wider than the 6 GiB of "},
    {"limits.memory", "limits: {memory: 6GiB}", "limits: {memory: 50%}", "50% is wider than the 6 GiB of "},  // of 16 GiB
    {"limits.memory", "limits: {memory: 40%}", "limits: {memory: 41%}", "41% is wider than the 40% of "},
    {"limits.processes", "limits: {processes: 100}", "limits: {processes: 101}", "101 is wider than the 100 of "},
    {"limits.cpu", "limits: {cpu: 0.5}", "limits: {cpu: 0.25}", ""},
    {"limits.cpu", "limits: {cpu: 0.5}", "limits: {cpu: 2}", "2 is wider than the 0.5 of "},
    {"limits.open-files", "limits: {open-files: 10}", "limits: {open-files: 9, stack: 1G}", ""},
    {"limits.open-files", "limits: {open-files: 10}", "limits: {open-files: 11}", "11 is wider than the 10 of "},
    {"limits.open-files", "", "limits: {open-files: 64k}", ""},
    {"limits.open-files", "", "limits: {open-files: 100k}", "100000 is wider than the 65536 of default:"},
    {"limits.open-files", "limits: {open-files: 1M}", "limits: {open-files: 100k}", ""},
    {"limits.file-size", "limits: {file-size: 1M}", "limits: {file-size: 2M}", "2097152 is wider than the 1048576 of "},
    {"limits.stack", "limits: {stack: 1M}", "limits: {stack: 2M, open-files: 9}", "2097152 is wider than the 1048576 of "},
    {"limits.address-space", "limits: {address-space: 1G}", "limits: {address-space: 1M}", ""},
    {"limits.locked-memory", "", "limits: {locked-memory: 1M}", ""},
    {"limits.optional", "", "limits: {memory: 1G, optional: [memory]}", ""},
    {"limits.optional", "limits: {memory: 1G}", "limits: {optional: [memory]}", "limits.memory is set by "},
    {"limits.optional", "limits: {memory: 1G, optional: [memory]}", "limits: {optional: [memory]}", ""},
    // What a percentage is of follows the operator's limit.
    {"workspace.size", "limits: {memory: 4GiB}", "workspace: {size: 3GiB}", "3 GiB is wider than the 50% (2 GiB) of "},
    {"nesting", "", "nesting: deny", ""},
    {"nesting", "nesting: deny", "nesting: deny", ""},
    {"nesting", "nesting: deny", "nesting: allow", "allow is wider than the deny of "},
    {"seccomp", "", "seccomp: default", ""},
    {"seccomp", "", "seccomp: strict", ""},
    {"seccomp", "", "seccomp: 'off'", "off is wider than the default of default:"},
    {"seccomp", "", "seccomp: /srv/p.yaml", "'/srv/p.yaml' may refuse less than the 'default' of default:"},
    {"seccomp", "seccomp: 'off'", "seccomp: default", ""},
    {"seccomp", "seccomp: strict", "seccomp: strict", ""},
    {"seccomp", "seccomp: strict", "seccomp: default", "default is wider than the strict of "},
    {"seccomp", "seccomp: /srv/p.yaml", "seccomp: strict", "'strict' may refuse less than the '/srv/p.yaml' of "},
    {"xattr", "", "xattr: deny", ""},
    {"xattr", "", "xattr: allow", "allow is wider than the deny of default:"},
    {"xattr", "xattr: allow", "xattr: deny", ""},
    {"xattr", "xattr: allow", "xattr: allow", ""},
    {"seccomp-log", "", "seccomp-log: true", "true is wider than the false of default:"},
    {"seccomp-log", "seccomp-log: true", "seccomp-log: true", ""},
    {"seccomp-log", "seccomp-log: true", "seccomp-log: false", ""},
    {"diff", "", "diff: true", ""},
    {"diff", "diff: true", "diff: false", "false is wider than the true of "},
    {"environment.clear", "", "environment: {clear: true}", ""},
    {"environment.clear", "environment: {clear: true}", "environment: {clear: false}",
     "false is wider than the true of "},
    {"environment.keep", "", "environment: {keep: ['*']}", "'*' would come through where the environment is cleared"},
    {"environment.keep", "environment: {clear: true}", "environment: {keep: [CI_*]}", "'CI_*' would come through"},
    {"environment.keep", "environment: {keep: [CI_*]}", "environment: {keep: [CI_*]}", ""},
    {"limits.timeout", "", "limits: {timeout: 90d}", ""},
    {"limits.timeout", "limits: {timeout: 30m}", "limits: {timeout: 1800s}", ""},
    {"limits.timeout", "limits: {timeout: 30m}", "limits: {timeout: 30m1s}", "30m1s is wider than the 30m of "},
    {"limits.silence", "", "limits: {silence: 1m}", ""},
    {"limits.silence", "limits: {silence: 1m}", "limits: {silence: 59s}", ""},
    {"limits.silence", "limits: {silence: 1m}", "limits: {silence: 1h}", "1h is wider than the 1m of "},
    {"limits.grace", "", "limits: {grace: 1s}", ""},
    {"limits.grace", "", "limits: {grace: 11s}", "11s is wider than the 10s of default:"},
    {"root", "", "root: ro", ""},
    {"root", "", "root: system", ""},
    {"root", "root: system", "root: system", ""},
    {"root", "root: system", "root: ro", "ro is wider than the system of "},
    {"environment.set", "environment: {set: {A: '1'}}", "environment: {set: {A: '2', CFLAGS: x}}", ""},
    {"environment.unset", "", "environment: {unset: [CFLAGS]}", ""},
    {"environment.redirect", "", "environment: {redirect: {A: cache/a}}", ""},
    {"filesystem.hide", "filesystem: {ro: [/srv]}", "filesystem: {hide: [/srv]}", ""},
    {"labels", "labels: {branch: main}", "labels: {branch: other}", ""},
    {"require", "require: [quota]", "require: [seccomp]", ""},
    // What a project may read of them the plan decides (tests/unit/plan/warm_test.cpp).
    {"warm", "", "warm: [go]", ""},
    {"warm-save", "", "warm-save: true", "a project policy may not set this"},
    {"warm-save", "warm-save: true", "warm-save: true", "a project policy may not set this"},
    {"warm-offer", "warm-offer: [go]", "warm-offer: [go]", "a project policy may not set this"},
    {"outputs", "", "outputs: [dist, {path: /box/out/x, when: always}]", ""},
    {"outputs-to", "", "outputs-to: /srv", "a project policy may not set this"},
    {"outputs-manifest", "", "outputs-manifest: /srv/x", "a project policy may not set this"},
    {"source.path", "", "source: {path: /etc}", "a project policy may not set this"},
    {"filesystem.ro", "", "filesystem: {ro: [~/.ssh]}", "a project policy may not set this"},
    {"filesystem.rw", "filesystem: {rw: [/srv]}", "filesystem: {rw: [/srv]}", "a project policy may not set this"},
};

}  // namespace

TEST_CASE("every key obeys its column in the table of trust", "[policy]") {
  for (const Case& test : kCases) {
    INFO(test.site << " | " << test.project);
    PolicyFixture fixture;
    if (!test.site.empty()) fixture.site(test.site);
    fixture.project(test.project);
    if (test.refused.empty()) {
      fixture.resolved();
      continue;
    }
    const std::string refusal = fixture.refusal();
    INFO(refusal);
    CHECK(refusal.starts_with("ROOT/checkout/.stepbox.yaml:2:"));
    CHECK(refusal.contains(": " + std::string(test.key) + ": " + std::string(test.refused)));
    const bool is_forbidden = test.refused == "a project policy may not set this";
    CHECK(refusal.ends_with(is_forbidden ? test.refused : kOnlyTighten));
  }
}

TEST_CASE("every key is in the test of trust", "[policy]") {
  for (const KeyRow& row : keys()) {
    if (row.shape == Shape::unsupported || row.shape == Shape::group || row.shape == Shape::records) continue;
    INFO(row.key);
    CHECK(std::any_of(std::begin(kCases), std::end(kCases), [&row](const Case& test) { return test.key == row.key; }));
  }
}

TEST_CASE("a refusal names both values, both places and the way out", "[policy]") {
  PolicyFixture fixture;
  fixture.site("workspace:\n  size: 12GiB\n");
  fixture.project("workspace:\n  size: 20GiB\n");
  CHECK(fixture.refusal() ==
        "ROOT/checkout/.stepbox.yaml:3:9: workspace.size: 20 GiB is wider than the 12 GiB of "
        "ROOT/site/policy.yaml:3:9; a project policy may only tighten");
  CHECK(fixture.hint() == "if it is meant, pass --size SIZE, or set workspace.size in ROOT/site/policy.yaml");
  fixture.project("filesystem: {rw: [/]}\n");
  CHECK(fixture.refusal() == "ROOT/checkout/.stepbox.yaml:2:19: filesystem.rw: a project policy may not set this");
  CHECK(fixture.hint() == "if it is meant, pass --rw PATH, or set filesystem.rw in ROOT/site/policy.yaml");
}

TEST_CASE("a project may not touch the variables that act on an operator's programs", "[policy]") {
  PolicyFixture fixture;
  fixture.project("environment: {set: {LD_PRELOAD: ./evil.so}}\n");
  CHECK(fixture.refusal() ==
        "ROOT/checkout/.stepbox.yaml:2:33: environment.set.LD_PRELOAD: a project policy may not touch 'LD_PRELOAD': "
        "the dynamic linker takes libraries from it, for every program");
  CHECK(fixture.hint() == "if it is meant, pass --env NAME=VALUE, or set environment.set in ROOT/site/policy.yaml");
  fixture.project("environment: {unset: [PATH]}\n");
  CHECK(fixture.refusal().contains(":2:23: environment.unset: a project policy may not touch 'PATH': it decides"));
  fixture.project("environment: {redirect: {HOME: cache/home}}\n");
  CHECK(fixture.refusal().contains("environment.redirect.HOME: a project policy may not touch 'HOME': "));
  for (const char* name : {"BASH_ENV", "PYTHONPATH", "NODE_OPTIONS", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GIT_SSH_COMMAND",
                           "GIT_CONFIG_COUNT", "https_proxy", "STEPBOX_RW", "GCONV_PATH", "LD_LIBRARY_PATH", "IFS", "BASH_FUNC_x", "NPM_CONFIG_REGISTRY", "GOFLAGS"}) {
    fixture.project("environment: {set: {" + std::string(name) + ": x}}\n");
    CHECK(fixture.refusal().contains("may not touch '" + std::string(name) + "'"));
  }
  // What the project's own build reads is its own business.
  fixture.project("environment: {set: {CI: 'true', GOFLAGS: -mod=vendor, CFLAGS: -O2, GIT_AUTHOR_NAME: x, PYTHONUNBUFFERED: 1}}\n");
  CHECK(fixture.resolved().environment.size() == 5);
}

TEST_CASE("an operator may set any variable", "[policy]") {
  PolicyFixture fixture;
  fixture.site("environment: {set: {LD_PRELOAD: /usr/lib/x.so}, unset: [BASH_ENV]}\n");
  fixture.option("environment.set", "PATH", "/usr/bin");
  CHECK(fixture.resolved().environment.size() == 3);
}

TEST_CASE("every built-in policy may be extended by a project as far as variables go", "[policy]") {
  for (const BuiltinPolicy& builtin : builtin_policies()) {
    PolicyFixture fixture;
    fixture.project("extends: [" + std::string(builtin.name) + "]\n");
    CHECK(fixture.resolved().names.size() == 3);
  }
}

TEST_CASE("all that a project may not do is told at once", "[policy]") {
  PolicyFixture fixture;
  fixture.project("filesystem: {rw: [/], ro: [/srv]}\nnetwork: nine\n");
  CHECK(fixture.refusal() ==
        "ROOT/checkout/.stepbox.yaml:2:19: filesystem.rw: a project policy may not set this\n"
        "ROOT/checkout/.stepbox.yaml:2:28: filesystem.ro: a project policy may not set this\n"
        "ROOT/checkout/.stepbox.yaml:3:10: network: 'nine' is not host, loopback or none (did you mean 'none'?)");
  CHECK(fixture.hint() == "if they are meant, pass the options, or set the keys in ROOT/site/policy.yaml");
  fixture.site("network: none\nnesting: deny\n");
  fixture.project("network: host\nnesting: allow\n");
  const std::string refusal = fixture.refusal();
  CHECK(refusal.starts_with("ROOT/checkout/.stepbox.yaml:2:10: network: host is wider"));
  CHECK(refusal.contains("\nROOT/checkout/.stepbox.yaml:3:10: nesting: allow is wider"));
}

TEST_CASE("what a project may not set and what it widens is told together, by line", "[policy]") {
  PolicyFixture fixture;
  fixture.project("workspace: {size: 90%, sise: 1}\nfilesystem: {rw: [/]}\nsize: 1\nsize: 2\nseccomp: 'off'\nextends: [strickt]\n");
  const std::string refusal = fixture.refusal();
  INFO(refusal);
  size_t last = 0;
  for (const char* line : {":2:19: workspace.size: 90% (14.4 GiB) is wider", ":2:24: workspace.sise: unknown key",
                           ":3:19: filesystem.rw: a project policy may not set this", ":4:1: size: unknown key",
                           ":5:1: duplicate key 'size' (the first is in line 4)", ":5:1: size: unknown key",
                           ":6:10: seccomp: off is wider", ":7:11: extends: unknown policy 'strickt'"}) {
    INFO(line);
    const size_t at = refusal.find(line);
    REQUIRE(at != std::string::npos);
    CHECK(at >= last);
    last = at;
  }
  CHECK(fixture.hint().starts_with("if they are meant"));
}

TEST_CASE("a hint belongs to the first mistake", "[policy]") {
  PolicyFixture fixture;
  fixture.site("network: nine\nextends: [strickt]\n");
  CHECK(fixture.hint().empty());
  fixture.site("extends: [strickt]\nnetwork: nine\n");
  CHECK(fixture.hint().starts_with("'stepbox policy list' shows"));
}

TEST_CASE("a file that breaks off is checked up to there", "[policy]") {
  PolicyFixture fixture;
  fixture.site("network: nine\nworkspace: {size: 1x, volumes: {\n\tcache: [\n");
  const std::string refusal = fixture.refusal();
  INFO(refusal);
  CHECK(refusal.contains(":2:10: network: 'nine' is not"));
  CHECK(refusal.contains(":3:19: workspace.size: '1x'"));
  CHECK(refusal.contains("\nROOT/site/policy.yaml:5:1: "));
  CHECK_FALSE(refusal.contains("volumes"));
}

TEST_CASE("sizes that cannot be compared count as wider", "[policy]") {
  PolicyFixture fixture;
  fixture.request.memory_bytes = 0;
  fixture.project("workspace: {size: 1GiB}\n");
  CHECK(fixture.refusal().contains("workspace.size: 1 GiB is wider than the 50% of default:"));
  fixture.project("workspace: {size: 49%}\n");
  CHECK(fixture.resolved().size.value == Size{Size::Unit::percent, 49});
}

TEST_CASE("the operator's own layers above may widen again", "[policy]") {
  PolicyFixture fixture;
  fixture.project("network: none\nworkspace: {size: 1GiB}\n");
  fixture.option("network", "", "host");
  fixture.variable("STEPBOX_SIZE=12GiB");
  const Policy policy = fixture.resolved();
  CHECK(policy.network.value == NetworkMode::host);
  CHECK(policy.size.value == Size{Size::Unit::bytes, 12ULL << 30});
}

TEST_CASE("a project may not widen what the layers above it say", "[policy]") {
  PolicyFixture fixture;
  SECTION("a volume beside a smaller workspace") {
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    fixture.option("workspace.size", "", "64MiB");
    CHECK(fixture.refusal() ==
          "ROOT/checkout/.stepbox.yaml:2:37: workspace.volumes.cache: 1 GiB is wider than the 64 MiB of --size; a project "
          "policy may only tighten");
    CHECK(fixture.hint() == "if it is meant, pass --volume NAME=SIZE[,inodes=COUNT], or set workspace.volumes in "
                            "ROOT/site/policy.yaml");
  }
  SECTION("by a variable") {
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    fixture.variable("STEPBOX_SIZE=64MiB");
    CHECK(fixture.refusal().contains("1 GiB is wider than the 64 MiB of STEPBOX_SIZE;"));
  }
  SECTION("by a policy of the command line") {
    fixture.write("cwd/small.yaml", "version: 1\nworkspace: {size: 64MiB}\n");
    fixture.request.names = {"./small.yaml", "strict"};
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    CHECK(fixture.refusal().contains("1 GiB is wider than the 64 MiB of ./small.yaml:2:19;"));
  }
  SECTION("inodes") {
    fixture.project("workspace: {volumes: {cache: {inodes: 5000}}}\n");
    fixture.option("workspace.inodes", "", "100");
    CHECK(fixture.refusal().contains(":2:39: workspace.volumes.cache: 5000 inodes is wider than the 100 of --inodes;"));
  }
  SECTION("inodes of a volume that the operator gave a size") {
    fixture.project("workspace: {volumes: {cache: {inodes: 5000}}}\n");
    fixture.option("workspace.inodes", "", "100");
    fixture.option("workspace.volumes", "cache", "1GiB");
    CHECK(fixture.refusal().contains(".stepbox.yaml:2:39: workspace.volumes.cache: 5000 inodes is wider than the 100 of --inodes;"));
  }
  SECTION("volumes that would leave the workspace next to nothing") {
    fixture.project("workspace: {volumes: {tmp: {size: 32MiB}, shm: {size: 32MiB}}}\n");
    fixture.option("workspace.size", "", "64MiB");
    fixture.option("workspace.volumes", "cache", "1MiB");
    CHECK(fixture.refusal() ==
          "ROOT/checkout/.stepbox.yaml:2:55: workspace.volumes: workspace and volumes together may hold 129 MiB, more than "
          "the 65 MiB without this policy; a project policy may only tighten\n"
          "   64 MiB  workspace (--size)\n"
          "   32 MiB  volume 'tmp' (ROOT/checkout/.stepbox.yaml:2:35)\n"
          "   32 MiB  volume 'shm' (ROOT/checkout/.stepbox.yaml:2:55)\n"
          "    1 MiB  volume 'cache' (--volume)\n"
          "  129 MiB  together");
    CHECK(fixture.hint() == "if it is meant, pass --volume NAME=SIZE[,inodes=COUNT], or set workspace.volumes in "
                            "ROOT/site/policy.yaml");
  }
  SECTION("where the memory is unknown") {
    fixture.request.memory_bytes = 0;
    fixture.project("workspace: {size: 1%, volumes: {tmp: {size: 1%}}}\n");
    fixture.option("workspace.size", "", "50%");
    CHECK(fixture.refusal().contains("together may hold 51%, more than the 50% without this policy"));
  }
  SECTION("a limit that the project makes optional") {
    fixture.project("limits: {optional: [memory]}\n");
    fixture.variable("STEPBOX_LIMIT=memory=100MiB");
    CHECK(fixture.refusal().contains(":2:21: limits.optional: limits.memory is set by STEPBOX_LIMIT memory and must hold;"));
    CHECK(fixture.hint().starts_with("if it is meant, pass --limit optional=LIMIT"));
  }
  SECTION("variables that come through where an option clears the rest") {
    fixture.project("extends: [strict]\n");
    fixture.option("environment.clear", "", "true");
    CHECK(fixture.refusal().contains("environment.keep: 'PATH' would come through"));
  }
}

TEST_CASE("a workspace set above the project gives the project's volumes their room", "[policy]") {
  PolicyFixture fixture;
  SECTION("bytes") {
    fixture.project("workspace: {volumes: {tmp: {size: 32MiB}}}\n");
    fixture.option("workspace.size", "", "64MiB");
    fixture.option("workspace.volumes", "cache", "1MiB");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 32ULL << 20});
  }
  SECTION("percent") {
    fixture.project("workspace: {size: 25%, volumes: {tmp: {size: 1GiB}}}\n");
    fixture.variable("STEPBOX_SIZE=25%");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 3ULL << 30});
  }
  SECTION("percent of a memory that the project limits further") {
    fixture.project("workspace: {volumes: {tmp: {size: 5%}}}\nlimits: {memory: 1000MiB}\n");
    fixture.option("workspace.size", "", "25%");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 200ULL << 20});
  }
  SECTION("inodes, of which a volume has none of its own") {
    fixture.project("workspace: {volumes: {tmp: {size: 5%}}}\n");
    fixture.option("workspace.inodes", "", "1000");
    CHECK(fixture.resolved().inodes.value == 500);
  }
  SECTION("of a volume with a limit for inodes alone") {
    fixture.project("workspace: {volumes: {tmp: {inodes: 10}}}\n");
    fixture.option("workspace.size", "", "64MiB");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 32ULL << 20});
  }
  SECTION("none is needed for a volume that was there before") {
    fixture.site("workspace: {volumes: {cache: {size: 2GiB}}}\n");
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    fixture.option("workspace.size", "", "2GiB");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 2ULL << 30});
  }
  SECTION("none is needed for the operator's volumes") {
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    fixture.option("workspace.size", "", "2GiB");
    fixture.option("workspace.volumes", "cache", "2GiB");
    CHECK(fixture.resolved().size.value == Size{Size::Unit::bytes, 2ULL << 30});
  }
}

TEST_CASE("what the operator chooses above a project is not the project's", "[policy]") {
  PolicyFixture fixture;
  SECTION("a volume of the project") {
    fixture.project("workspace: {size: 6GiB, volumes: {cache: {size: 2GiB}}}\n");
    fixture.option("workspace.volumes", "cache", "3GiB");
    CHECK(fixture.resolved().volumes[0].size == Size{Size::Unit::bytes, 3ULL << 30});
  }
  SECTION("a volume beside the project's") {
    fixture.project("workspace: {size: 7GiB, inodes: 900k, volumes: {tmp: {size: 1GiB, inodes: 100k}}}\n");
    fixture.option("workspace.volumes", "cache", "2GiB,inodes=10k");
    CHECK(fixture.resolved().volumes.size() == 2);
  }
  SECTION("a volume that takes most of the default") {
    fixture.project("workspace: {volumes: {tmp: {size: 1GiB}}}\n");
    fixture.option("workspace.volumes", "cache", "7GiB");
    CHECK(fixture.resolved().volumes.size() == 2);
  }
  SECTION("the project's volume and the workspace") {
    fixture.project("workspace: {volumes: {cache: {size: 1GiB}}}\n");
    fixture.option("workspace.size", "", "64MiB");
    fixture.option("workspace.volumes", "cache", "2GiB");
    CHECK(fixture.resolved().volumes.size() == 1);
  }
  SECTION("a limit that the project has too") {
    fixture.project("limits: {memory: 1GiB, timeout: 1m, optional: [memory]}\n");
    fixture.option("limits.timeout", "", "2h");
    CHECK(fixture.resolved().limits.optional.size() == 1);
  }
  SECTION("the policy that the project extends") {
    fixture.project("extends: [strict]\n");
    fixture.request.names = {"strict"};
    CHECK(fixture.resolved().network.value == NetworkMode::none);
  }
  SECTION("wider modes") {
    fixture.project("network: none\nsource: none\nseccomp: strict\n");
    fixture.option("network", "", "host");
    fixture.option("source.mode", "", "rw");
    fixture.option("seccomp", "", "off");
    CHECK(fixture.resolved().network.value == NetworkMode::host);
  }
}

TEST_CASE("a project's volumes fit into what the operator gave", "[policy]") {
  PolicyFixture fixture;
  fixture.site("workspace: {size: 8GiB, inodes: 1000, volumes: {cache: {size: 4GiB, inodes: 300}}}\n");
  SECTION("smaller ones") {
    fixture.project("workspace: {volumes: {cache: {size: 3GiB, inodes: 200}}}\n");
    CHECK(fixture.resolved().volumes[0].size == Size{Size::Unit::bytes, 3ULL << 30});
  }
  SECTION("a larger one") {
    fixture.project("workspace: {volumes: {cache: {size: 5GiB}}}\n");
    CHECK(fixture.refusal() ==
          "ROOT/checkout/.stepbox.yaml:2:37: workspace.volumes.cache: 5 GiB is wider than the 4 GiB of "
          "ROOT/site/policy.yaml:2:77; a project policy may only tighten");
  }
  SECTION("more inodes") {
    fixture.project("workspace: {volumes: {cache: {inodes: 301}}}\n");
    CHECK(fixture.refusal().contains("workspace.volumes.cache: 301 inodes is wider than the 300 of "));
  }
  SECTION("a new one larger than the workspace") {
    fixture.project("workspace: {size: 1GiB, volumes: {tmp: {size: 9GiB}}}\n");
    CHECK(fixture.refusal().contains("workspace.volumes.tmp: 9 GiB is wider than the 8 GiB of "));
  }
  SECTION("a new one beside a workspace as large as before") {
    fixture.project("workspace: {volumes: {tmp: {size: 1GiB, inodes: 1}}}\n");
    CHECK(fixture.refusal() ==
          "ROOT/checkout/.stepbox.yaml:2:49: workspace.volumes: workspace and volumes together may hold 13 GiB, more "
          "than the 12 GiB without this policy; a project policy may only tighten\n"
          "   8 GiB  workspace (ROOT/site/policy.yaml:2:19)\n"
          "   4 GiB  volume 'cache' (ROOT/site/policy.yaml:2:77)\n"
          "   1 GiB  volume 'tmp' (ROOT/checkout/.stepbox.yaml:2:49)\n"
          "  13 GiB  together");
  }
  SECTION("a new one with no inodes of its own") {
    fixture.project("workspace: {size: 7GiB, volumes: {tmp: {size: 1GiB}}}\n");
    CHECK(fixture.refusal().contains("may hold 2300 inodes, more than the 1300 without this policy"));
    CHECK(fixture.hint().starts_with("lower workspace.inodes so that the volumes have room beside it; if it is meant, "));
  }
  SECTION("a new one carved out of the workspace") {
    fixture.project("workspace: {size: 7GiB, inodes: 900, volumes: {tmp: {size: 1GiB, inodes: 100}}}\n");
    CHECK(fixture.resolved().volumes.size() == 2);
  }
}

TEST_CASE("a project's volumes come out of a default that nobody changed", "[policy]") {
  PolicyFixture fixture;
  SECTION("inodes, beside a size of the project's own") {
    fixture.project("workspace: {size: 25%, volumes: {tmp: {size: 5%, inodes: 50k}}}\n");
    CHECK(fixture.resolved().volumes.size() == 1);
  }
  SECTION("bytes and inodes") {
    fixture.project("workspace: {volumes: {tmp: {size: 1GiB, inodes: 50k}, cache: {size: 10%}}}\n");
    CHECK(fixture.resolved().volumes.size() == 2);
  }
  SECTION("a volume that names one of the two") {
    fixture.project("workspace: {volumes: {tmp: {inodes: 50k}}}\n");
    CHECK(fixture.resolved().volumes.size() == 1);
  }
  SECTION("a volume as large as the default leaves the workspace too little") {
    fixture.project("workspace: {volumes: {tmp: {size: 50%}}}\n");
    CHECK(fixture.refusal().contains("together may hold 10 GiB, more than the 8 GiB without this policy"));
  }
  SECTION("where the memory is unknown, bytes are not taken from a percentage") {
    fixture.request.memory_bytes = 0;
    fixture.project("workspace: {volumes: {tmp: {size: 1%}}}\n");
    CHECK(fixture.refusal().contains("together may hold 51%, more than the 50% without this policy"));
  }
  SECTION("beside what the operator's volumes took already") {
    fixture.site("workspace: {volumes: {cache: {size: 4GiB}}}\n");
    fixture.project("workspace: {volumes: {tmp: {size: 1GiB}}}\n");
    CHECK(fixture.resolved().volumes.size() == 2);
  }
}

TEST_CASE("huge sizes do not wrap around to small ones", "[policy]") {
  PolicyFixture fixture;
  fixture.site("workspace: {size: 8GiB}\n");
  std::string volumes;
  for (const char* name : {"tmp", "cache", "home", "scratch", "out", "shm", "run"})
    volumes += std::string(volumes.empty() ? "" : ", ") + name + ": {size: 8388607T, inodes: 1}";
  fixture.project("workspace: {volumes: {" + volumes + "}}\n");
  CHECK(fixture.refusal().contains(" is wider than the 8 GiB of "));
}

TEST_CASE("what a project extends is judged like its own words", "[policy]") {
  PolicyFixture fixture;
  SECTION("tightening is welcome") {
    fixture.project("extends: [strict]\n");
    CHECK(fixture.resolved().network.value == NetworkMode::none);
  }
  SECTION("only the end counts, so it may take back what it extended") {
    fixture.project("extends: [strict]\nnetwork: host\n");
    CHECK(fixture.resolved().network.value == NetworkMode::host);
  }
  SECTION("widening is refused, with the way it came") {
    fixture.site("source: none\n");
    fixture.project("extends: [strict]\n");
    const std::string refusal = fixture.refusal();
    CHECK(refusal.starts_with("ROOT/checkout/.stepbox.yaml:2:11: extends: strict:"));
    CHECK(
        refusal.ends_with("(built in): source.mode: ro is wider than the none of ROOT/site/policy.yaml:2:9; "
                          "a project policy may only tighten"));
  }
  SECTION("keeping variables that the operator cleared is refused") {
    fixture.site("environment: {clear: true}\n");
    fixture.project("extends: [strict]\n");
    CHECK(fixture.refusal().contains("environment.keep: 'PATH' would come through"));
  }
  SECTION("files are not for strangers") {
    for (const char* name : {"/etc/passwd", "./other.yaml", "../x.yml", "other.yaml"}) {
      fixture.project("extends: [" + std::string(name) + "]\n");
      CHECK(fixture.refusal() == "ROOT/checkout/.stepbox.yaml:2:11: extends: '" + std::string(name) +
                                     "' is a file; a project policy may extend built-in policies only");
    }
  }
}
