#include "ci/ci_files.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stepbox::ci {
namespace {

enum class Show : uint8_t {
  itself,    // the file or directory of that name
  directory  // the directory that it lies in: the engine replaces the file, or there are siblings
};

struct CiRow {
  std::string_view variable;
  Show show;
  PathAccess access;
  // A variable with a common name counts only beside one that no other program sets.
  std::string_view only_with;
};

constexpr CiRow kCiFiles[] = {
    // GitHub Actions: the step appends to these, the runner reads them after it (write-back must be real).
    {"RUNNER_TEMP", Show::itself, PathAccess::rw, "GITHUB_ACTIONS"},
    {"GITHUB_ENV", Show::directory, PathAccess::rw, ""},
    {"GITHUB_OUTPUT", Show::directory, PathAccess::rw, ""},
    {"GITHUB_PATH", Show::directory, PathAccess::rw, ""},
    {"GITHUB_STATE", Show::directory, PathAccess::rw, ""},
    {"GITHUB_STEP_SUMMARY", Show::directory, PathAccess::rw, ""},
    {"GITHUB_EVENT_PATH", Show::itself, PathAccess::ro, ""},
    {"RUNNER_TOOL_CACHE", Show::itself, PathAccess::ro, "GITHUB_ACTIONS"},
    // LUCI: the context file lies in the outer TMPDIR, which is masked when that is below /tmp.
    {"LUCI_CONTEXT", Show::itself, PathAccess::ro, ""},
    {"LOGDOG_STREAM_SERVER_PATH", Show::itself, PathAccess::ro, ""},
    {"ISOLATED_RESOLVED_PACKAGE_VERSIONS_FILE", Show::itself, PathAccess::ro, ""},
    // GitLab: artifacts are collected from the project directory after the step.
    {"CI_PROJECT_DIR", Show::itself, PathAccess::rw, "GITLAB_CI"},
    {"RUNNER_TEMP_PROJECT_DIR", Show::itself, PathAccess::rw, ""},
    // Buildkite: the job API socket lies below the agent's home.
    {"BUILDKITE_AGENT_JOB_API_SOCKET", Show::itself, PathAccess::ro, ""},
    {"BUILDKITE_SOCKETS_PATH", Show::itself, PathAccess::ro, ""},
    {"BUILDKITE_ENV_FILE", Show::itself, PathAccess::rw, ""},
    {"BUILDKITE_ENV_JSON_FILE", Show::itself, PathAccess::rw, ""},
    {"BUILDKITE_BUILD_CHECKOUT_PATH", Show::itself, PathAccess::rw, ""},
    {"BUILDKITE_BIN_PATH", Show::itself, PathAccess::ro, ""},
    // Jenkins keeps its control directory beside the workspace.
    {"WORKSPACE", Show::itself, PathAccess::rw, "JENKINS_URL"},
    {"WORKSPACE_TMP", Show::itself, PathAccess::rw, "JENKINS_URL"},
    // Laminar.
    {"ARCHIVE", Show::itself, PathAccess::rw, "LAMINAR_HOST"},
    // Slurm's scratch directory, and the directory where MPI ranks meet.
    {"SLURM_TMPDIR", Show::itself, PathAccess::rw, "SLURM_JOB_ID"},
    {"PMIX_SERVER_TMPDIR", Show::itself, PathAccess::rw, ""},
    // systemd's readiness socket.
    {"NOTIFY_SOCKET", Show::itself, PathAccess::ro, ""},
};

// Variables by which a command finds its tools, and a CI finds the command again. Only Swarming's and LUCI's
// prefixes are kept whole: GITHUB_*, CI_* and BUILDKITE_* include tokens. The variables of kCiFiles are kept
// too, since the box shows their files.
constexpr std::string_view kKeptWhenCleared[] = {
    "PATH", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "LC_*", "TZ", "USER", "LOGNAME", "SHELL", "CI",
    "SWARMING_*", "LUCI_CONTEXT", "LOGDOG_*", "CIPD_*", "VPYTHON_*",
    "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "JENKINS_SERVER_COOKIE", "RUNNER_TRACKING_ID",
    "SLURM_JOB_ID", "PMI_*", "PMIX_*", "MAKEFLAGS", "MFLAGS", "LISTEN_*",
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view without_scheme(std::string_view value) {
  for (const std::string_view scheme : {"unix://", "unix:", "fifo:"})
    if (value.starts_with(scheme)) return value.substr(scheme.size());
  return value;
}

// GNU make 4.4 and later name the jobserver's fifo in MAKEFLAGS: "-j8 --jobserver-auth=fifo:/tmp/GMfifo12".
std::string_view jobserver_fifo(std::string_view makeflags) {
  constexpr std::string_view kMark = "--jobserver-auth=fifo:";
  const size_t at = makeflags.rfind(kMark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = makeflags.substr(at + kMark.size());
  return rest.substr(0, rest.find(' '));
}

}  // namespace

std::vector<CiPath> announced_ci_paths(const HostFacts& facts) {
  std::vector<CiPath> found;
  const auto add = [&found](CiPath made) {
    for (const CiPath& known : found)
      if (known.path == made.path && known.access == made.access && known.file == made.file) return;
    found.push_back(std::move(made));
  };
  for (const CiRow& row : kCiFiles) {
    const auto value = facts.variable(row.variable);
    if (!value || (!row.only_with.empty() && !facts.variable(row.only_with))) continue;
    const std::string_view path = without_scheme(*value);
    if (!path.starts_with('/')) continue;
    const std::string normal = lexically_normal(path);
    const std::string variable(row.variable);
    if (row.show == Show::itself) add({normal, row.access, variable});
    else add({parent_of(normal), row.access, variable, normal});
  }
  const std::string makeflags = facts.variable("MAKEFLAGS").value_or("");
  if (const std::string_view fifo = jobserver_fifo(makeflags); fifo.starts_with('/'))
    add({lexically_normal(fifo), PathAccess::ro, "MAKEFLAGS"});
  return found;
}

bool is_kept_when_cleared(std::string_view variable) {
  return std::ranges::any_of(kKeptWhenCleared,
                             [&](std::string_view pattern) { return matches_pattern(pattern, variable); }) ||
         std::ranges::find(kCiFiles, variable, &CiRow::variable) != std::end(kCiFiles);
}

}  // namespace stepbox::ci
