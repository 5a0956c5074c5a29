#include "ci/ci_files.hpp"

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::vector<ci::CiPath> announced(std::vector<std::string> environment) {
  HostFacts facts;
  facts.environment = std::move(environment);
  return ci::announced_ci_paths(facts);
}

struct Row {
  const char* variable;
  const char* path;  // what is shown for the value /ci/dir/file
  PathAccess access;
  const char* only_with;
};

constexpr auto rw = PathAccess::rw;
constexpr auto ro = PathAccess::ro;

// Written down a second time on purpose: a row that changes has to be meant.
constexpr Row kRows[] = {
    {"RUNNER_TEMP", "/ci/dir/file", rw, "GITHUB_ACTIONS"},
    {"GITHUB_ENV", "/ci/dir", rw, ""},
    {"GITHUB_OUTPUT", "/ci/dir", rw, ""},
    {"GITHUB_PATH", "/ci/dir", rw, ""},
    {"GITHUB_STATE", "/ci/dir", rw, ""},
    {"GITHUB_STEP_SUMMARY", "/ci/dir", rw, ""},
    {"GITHUB_EVENT_PATH", "/ci/dir/file", ro, ""},
    {"RUNNER_TOOL_CACHE", "/ci/dir/file", ro, "GITHUB_ACTIONS"},
    {"LUCI_CONTEXT", "/ci/dir/file", ro, ""},
    {"LOGDOG_STREAM_SERVER_PATH", "/ci/dir/file", ro, ""},
    {"ISOLATED_RESOLVED_PACKAGE_VERSIONS_FILE", "/ci/dir/file", ro, ""},
    {"CI_PROJECT_DIR", "/ci/dir/file", rw, "GITLAB_CI"},
    {"RUNNER_TEMP_PROJECT_DIR", "/ci/dir/file", rw, ""},
    {"BUILDKITE_AGENT_JOB_API_SOCKET", "/ci/dir/file", ro, ""},
    {"BUILDKITE_SOCKETS_PATH", "/ci/dir/file", ro, ""},
    {"BUILDKITE_ENV_FILE", "/ci/dir/file", rw, ""},
    {"BUILDKITE_ENV_JSON_FILE", "/ci/dir/file", rw, ""},
    {"BUILDKITE_BUILD_CHECKOUT_PATH", "/ci/dir/file", rw, ""},
    {"BUILDKITE_BIN_PATH", "/ci/dir/file", ro, ""},
    {"WORKSPACE", "/ci/dir/file", rw, "JENKINS_URL"},
    {"WORKSPACE_TMP", "/ci/dir/file", rw, "JENKINS_URL"},
    {"ARCHIVE", "/ci/dir/file", rw, "LAMINAR_HOST"},
    {"SLURM_TMPDIR", "/ci/dir/file", rw, "SLURM_JOB_ID"},
    {"PMIX_SERVER_TMPDIR", "/ci/dir/file", rw, ""},
    {"NOTIFY_SOCKET", "/ci/dir/file", ro, ""},
};

}  // namespace

TEST_CASE("each variable of a CI shows what it names, with its access", "[run][ci]") {
  for (const Row& row : kRows) {
    INFO(row.variable);
    const std::string assignment = std::string(row.variable) + "=/ci/dir/file";
    const auto found = announced({assignment, std::string(row.only_with) + "=1"});
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == row.path);
    CHECK(found[0].access == row.access);
    CHECK(found[0].variable == row.variable);
  }
}

TEST_CASE("a common word is believed only beside the engine's own variable", "[run][ci]") {
  for (const Row& row : kRows) {
    INFO(row.variable);
    CHECK(announced({std::string(row.variable) + "=/ci/dir/file"}).size() == (row.only_with[0] == '\0' ? 1 : 0));
  }
}

TEST_CASE("a value that is no absolute path is passed over", "[run][ci]") {
  for (const Row& row : kRows)
    for (const char* value :
         {"", "relative/file", "./x", "~/x", "unix:relative", "@abstract", "http://host/x", "C:\\x"}) {
      INFO(row.variable << "=" << value);
      CHECK(announced({std::string(row.variable) + "=" + value, std::string(row.only_with) + "=1"}).empty());
    }
}

TEST_CASE("the scheme before a socket's path is taken off", "[run][ci]") {
  for (const char* value : {"unix:/run/x/sock", "unix:///run/x/sock", "/run/x/sock", "/run//x/./sock/"}) {
    INFO(value);
    const auto found = announced({std::string("LOGDOG_STREAM_SERVER_PATH=") + value});
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "/run/x/sock");
  }
}

TEST_CASE("an abstract or remote socket is nothing that could be shown", "[run][ci]") {
  CHECK(announced({"NOTIFY_SOCKET=@/org/freedesktop/systemd1/notify"}).empty());
  CHECK(announced({"LOGDOG_STREAM_SERVER_PATH=net.pipe:x"}).empty());
}

TEST_CASE("a file at the top of the root shows no more than the root's name", "[run][ci]") {
  const auto found = announced({"GITHUB_ENV=/env"});
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == "/");  // which no plan lets through
}

TEST_CASE("the same path by two variables is announced once", "[run][ci]") {
  CHECK(announced({"GITHUB_ENV=/t/a", "GITHUB_OUTPUT=/t/a"}).size() == 1);
  // Files of one directory, each of which is shown alone where the directory is masked.
  const auto found = announced({"GITHUB_ENV=/t/a", "GITHUB_OUTPUT=/t/b"});
  REQUIRE(found.size() == 2);
  CHECK(found[0].path == found[1].path);
  CHECK(found[1].file == "/t/b");
  CHECK(announced({"GITHUB_ENV=/t/a", "GITHUB_EVENT_PATH=/t"}).size() == 2);  // other access
}

TEST_CASE("the jobserver's fifo in MAKEFLAGS is shown", "[run][ci]") {
  struct Case {
    const char* flags;
    const char* path;
  };
  for (const Case& c : {Case{"-j8 --jobserver-auth=fifo:/tmp/GMfifo12", "/tmp/GMfifo12"},
                        Case{"rR -j2 --jobserver-auth=fifo:/tmp/GMfifo12 --no-print-directory", "/tmp/GMfifo12"},
                        Case{" --jobserver-auth=fifo:/tmp/a -j --jobserver-auth=fifo:/tmp/b", "/tmp/b"}}) {
    INFO(c.flags);
    const auto found = announced({std::string("MAKEFLAGS=") + c.flags});
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == c.path);
    CHECK(found[0].variable == "MAKEFLAGS");
  }
}

TEST_CASE("a jobserver of descriptors, or none, announces no path", "[run][ci]") {
  for (const char* flags :
       {"", "-j8", "--jobserver-auth=3,4", "--jobserver-fds=3,4", "--jobserver-auth=fifo:", "--jobserver-auth=fifo:x"})
    CHECK(announced({std::string("MAKEFLAGS=") + flags}).empty());
}

TEST_CASE("a cleared environment keeps what finds tools and the CI", "[run][ci]") {
  for (const char* kept : {"PATH", "TERM", "LANG", "LC_ALL", "TZ", "CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE",
                           "JENKINS_URL", "SWARMING_TASK_ID", "LUCI_CONTEXT", "SLURM_JOB_ID", "PMI_FD", "MAKEFLAGS",
                           "LISTEN_FDS", "RUNNER_TRACKING_ID"}) {
    INFO(kept);
    CHECK(ci::is_kept_when_cleared(kept));
  }
}

TEST_CASE("a cleared environment keeps the names of the files that are shown", "[run][ci]") {
  for (const Row& row : kRows) CHECK(ci::is_kept_when_cleared(row.variable));
}

TEST_CASE("a cleared environment keeps no token", "[run][ci]") {
  for (const char* cleared :
       {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_JOB_JWT", "BUILDKITE_AGENT_ACCESS_TOKEN",
        "BUILDKITE_AGENT_JOB_API_TOKEN", "JENKINS_API_TOKEN", "GITLAB_TOKEN", "RUNNER_TOKEN", "SLURM_JWT", "NPM_TOKEN",
        "SSH_AUTH_SOCK", "LD_PRELOAD"}) {
    INFO(cleared);
    CHECK_FALSE(ci::is_kept_when_cleared(cleared));
  }
  for (const char* other : {"HOME", "PWD", "PATHS", "XPATH", ""}) CHECK_FALSE(ci::is_kept_when_cleared(other));
}
