#include "hints/failure_hints.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "model/dropped_variables.hpp"
#include "model/box_limits.hpp"
#include "model/units.hpp"
#include "plan/named_programs.hpp"
#include "hints/command_words.hpp"

namespace stepbox::hints {
namespace {

// Built-in policies other than the default one are chosen by name.
std::string at_most(const std::string& amount) { return "at most " + amount; }

std::string amount_of(const PlannedLimit& limit) {
  const LimitUnit unit = find_box_limit(limit.name)->unit;
  return amount_text(unit, limit.amount) + (unit == LimitUnit::cores ? " cores" : "");
}

std::string amount_of(const ProcessLimitSpec& limit) {
  return amount_text(std::ranges::find(kProcessLimits, limit.name, &ProcessLimit::name)->unit, limit.value);
}

// "without A, B and 3 more".
std::string missing_names(const std::vector<std::string>& names) {
  constexpr size_t kNamed = 3;
  std::string out = "without ";
  for (size_t i = 0; i < std::min(names.size(), kNamed); ++i) out += (i == 0 ? "" : ", ") + escaped(names[i]);
  return names.size() > kNamed ? out + " and " + std::to_string(names.size() - kNamed) + " more" : out;
}

class Collector {
 public:
  explicit Collector(const Planned& planned) : plan_(planned.plan), policy_(planned.policy), facts_(planned.facts) {}

  std::vector<Difference> collect() && {
    files();
    reach();
    limits();
    return std::move(found_);
  }

 private:
  // Only a choice has an origin here: a default is nothing that a user can take back.
  void add(std::string name, std::string value, const Origin& origin = {}) {
    found_.push_back({std::move(name), std::move(value), origin.is_choice() ? origin.place : std::string()});
  }

  bool is_in_box() const { return plan_.confinement.isolation == Isolation::full; }

  void files() {
    if (policy_.home.value == HomeMode::fresh) add("home", "fresh", policy_.home.origin);
    if (is_in_box()) {
      add("/tmp", "fresh");
      add("/run", "fresh");
    }
    if (plan_.files.source != SourceMode::rw && plan_.confinement.isolation != Isolation::env) add("checkout", name_of(plan_.files.source), policy_.source.origin);
    if (plan_.confinement.isolation == Isolation::env) return;
    if (is_in_box() && plan_.files.root == RootMode::system) add("host files", "only the system's, ro", policy_.root.origin);
    else add("host files", plan_.files.root == RootMode::overlay ? "overlay" : "ro", policy_.root.origin);
  }

  void reach() {
    if (!is_in_box()) add("isolation", name_of(plan_.confinement.isolation), policy_.isolation.origin);
    if (plan_.confinement.network != NetworkMode::host) add("network", name_of(plan_.confinement.network), policy_.network.origin);
    if (plan_.identity.isolation == UidIsolation::shifted) add("user ids", "shifted");
    if (facts_.uid != 0) add("sudo", "off");
    if (plan_.confinement.deny_nesting) add("nested sandboxes", "denied", policy_.allow_nesting.origin);
    if (plan_.confinement.seccomp->profile != kNoSeccomp && !plan_.confinement.seccomp_log) add("seccomp", escaped(plan_.confinement.seccomp->profile), policy_.seccomp.origin);
    if (const auto names = dropped_variables(plan_); !names.empty()) add("environment", missing_names(names), origin_of_dropping());
  }

  Origin origin_of_dropping() const {
    if (policy_.clear_environment.value) return policy_.clear_environment.origin;
    const auto rule = std::ranges::find(policy_.environment, EnvAction::unset, &EnvRule::action);
    return rule == policy_.environment.end() ? Origin() : rule->origin;
  }

  // Leaves out built-in process limits, which are too wide to matter.
  void limits() {
    for (const PlannedVolume& volume : plan_.files.volumes)
      add(volume.name == "workspace" ? volume.name : "volume " + volume.name, at_most(human_bytes(volume.bytes)), volume.size_origin);
    for (const PlannedLimit& limit : plan_.limits.cgroup.limits) add(std::string(limit.name), at_most(amount_of(limit)), limit.origin);
    for (const ProcessLimitSpec& limit : plan_.limits.process_limits)
      if (limit.origin.layer != Layer::built_in) add(std::string(limit.name), at_most(amount_of(limit)), limit.origin);
  }

  const Plan& plan_;
  const Policy& policy_;
  const HostFacts& facts_;
  std::vector<Difference> found_;
};

std::string show_with_ro(const std::string& path) { return "show it with --ro " + shell_word(path); }

// The programs that read a tool's settings, where the registry's name of the tool is another one, or one of several.
struct ProgramRow {
  std::string_view program;
  std::string_view tool;
};
constexpr ProgramRow kPrograms[] = {
    {"npx", "npm"},        {"pnpm", "npm"},        {"yarn", "yarn-berry"}, {"yarn", "npm"},      {"bunx", "bun"},
    {"pip3", "pip"},       {"pipx", "pip"},        {"twine", "python"},    {"uvx", "uv"},        {"mvn", "maven"},
    {"mvnw", "maven"},     {"gradlew", "gradle"},  {"go", "go-env"},       {"go", "netrc"},      {"git", "netrc"},
    {"git", "openssh"},    {"ssh", "openssh"},     {"scp", "openssh"},     {"sftp", "openssh"},  {"rsync", "openssh"},
    {"curl", "netrc"},     {"dotnet", "nuget"},    {"gem", "rubygems"},    {"bundle", "bundler"}, {"lein", "leiningen"},
    {"clj", "clojure"},    {"clojure", "maven"},   {"cs", "coursier"},     {"R", "r"},           {"Rscript", "r"},
    {"swift", "swiftpm"},  {"mix", "hex"},         {"flutter", "dart"},    {"luarocks", "lua"},  {"ansible-playbook", "ansible"},
    {"docker-compose", "docker"}, {"buck", "buck2"}, {"micromamba", "mamba"}, {"nix-build", "nix"}, {"nix-shell", "nix"},
};
// Python runs some tools as modules: python3 -m pip.
constexpr std::string_view kPythonModules[] = {"pip", "pipx", "twine"};

bool has_settings(const caches::Tool& tool) { return !tool.settings.empty(); }

std::string_view program_of(const SimpleCommand& command) {
  const std::string_view name = plan::program_name(command.front().text);
  if (!name.starts_with("python")) return name;
  for (const Word& word : command)
    if (const auto* module = std::ranges::find(kPythonModules, word.text); module != std::end(kPythonModules)) return *module;
  return name;
}

// Whether the program reads the settings of this tool of the registry.
bool reads_settings(std::string_view program, std::string_view tool) {
  return program == tool || std::ranges::any_of(kPrograms, [&](const ProgramRow& row) { return row.program == program && row.tool == tool; });
}

// "~/.npmrc"; the whole path if one of the caller's variables has moved it.
std::string settings_name(const SettingsFile& file) {
  constexpr std::string_view kConfigHome = "$XDG_CONFIG_HOME/";
  std::string usual(file.written);
  if (usual.starts_with(kConfigHome)) usual = "~/.config/" + usual.substr(kConfigHome.size());
  const std::string_view below_home = std::string_view(usual).substr(1, usual.size() - (usual.ends_with('/') ? 2 : 1));
  return file.path.ends_with(below_home) ? usual : escaped(file.path);
}

// The hidden files that the program reads, "~/.npmrc, ~/.yarnrc.yml".
std::string hidden_settings_of(std::string_view program, const std::vector<SettingsFile>& settings) {
  constexpr size_t kNamed = 4;
  std::vector<std::string> names;
  for (const SettingsFile& file : settings)
    if (!file.is_shown && names.size() < kNamed && reads_settings(program, file.tool)) names.push_back(settings_name(file));
  return join(names, ", ");
}

}  // namespace

std::vector<Difference> differences_of(const Planned& planned) { return Collector(planned).collect(); }

std::string chosen_text(const std::vector<Difference>& differences) {
  std::vector<std::string> chosen;
  for (const Difference& difference : differences)
    if (!difference.origin.empty()) chosen.push_back(difference.name + " " + difference.value + " [" + escaped(difference.origin) + "]");
  return chosen.empty() ? std::string() : "chosen for this step: " + join(chosen, ", ");
}

bool runs_tool_with_settings(const std::vector<std::string>& argv) {
  return std::ranges::any_of(read_command_line(argv).commands, [](const SimpleCommand& command) {
    return std::ranges::any_of(caches::tools(), [&](const caches::Tool& tool) {
      return has_settings(tool) && reads_settings(program_of(command), tool.name);
    });
  });
}

std::string settings_hint(const Planned& planned, const std::vector<SettingsFile>& settings) {
  // A policy that hides settings on purpose, or that reduces the host to the system, does not trust the step with
  // tokens.
  if (planned.plan.files.root == RootMode::system || planned.policy.settings.origin.is_choice()) return {};
  for (const SimpleCommand& command : read_command_line(planned.plan.step.argv).commands) {
    const std::string_view program = program_of(command);
    const std::string names = hidden_settings_of(program, settings);
    if (names.empty()) continue;
    const bool is_in_box = planned.plan.confinement.isolation == Isolation::full;
    return escaped(program) + "'s settings (" + names + ") are hidden " + (is_in_box ? "in the box: --settings show" : "from the step: --home host");
  }
  return {};
}

std::string text_of(const Finding& finding) {
  const std::string path = quoted(finding.path);
  switch (finding.kind) {
    case Finding::Kind::hidden_command:
      return "command " + quoted(finding.name) + " is " + path + " on the host, which is hidden in the box: " + show_with_ro(finding.path);
    case Finding::Kind::command_not_on_path:
      return "command " + quoted(finding.name) + " is " + path + ", which the box shows, but the step's PATH does not lead there";
    case Finding::Kind::hidden_socket:
      return quoted(finding.name) + " talks to " + path + ", which is hidden in the box: " + show_with_ro(finding.path) +
             " (the step can then have the service do anything)";
    case Finding::Kind::refusing_agent:
      return "an ssh-agent answers only its own user and root, and the step's user ids are shifted: run stepbox as an ordinary user "
             "with an agent of its own, or start one in the step (ssh-agent sh -c 'ssh-add KEY && ...', with --ro KEY)";
    case Finding::Kind::hidden_agent:
      return "the ssh-agent at " + path + " (SSH_AUTH_SOCK) is hidden in the box: " + show_with_ro(finding.path);
    case Finding::Kind::hidden_safe_directory:
      return "the checkout belongs to another user, and git's safe.directory is in " + path + ", which is hidden in the box: " +
             show_with_ro(finding.path);
    case Finding::Kind::hidden_path:
      return quoted(finding.name) + " exists on the host but is hidden in the box: " + show_with_ro(finding.path);
    case Finding::Kind::hidden_parent:
      return quoted(finding.name) + " lies above the checkout and is hidden in the box: show the whole tree with --source-path " + shell_word(finding.path);
    case Finding::Kind::not_in_box:
      return "a link on the way to " + quoted(finding.name) + " leads to a path that is not in the box";
    case Finding::Kind::script_command:
      return "command " + quoted(finding.name) + " of script " + path + " is not in the box";
    case Finding::Kind::unknown_command:
      return "command " + quoted(finding.name) + " is not on the host either: correct its name, or install it";
    case Finding::Kind::not_executable:
      return "make it executable: chmod +x " + shell_word(finding.name);
    case Finding::Kind::path_hidden_by_rule:
      return path + " exists on the host but is hidden in the box (" + escaped(finding.name) + ")";
    case Finding::Kind::read_only_path:
      return quoted(finding.name) + " is read-only in the box: if the step is meant to write there, --rw " + shell_word(finding.path);
    case Finding::Kind::read_only_checkout:
      return quoted(finding.name) + " is read-only in the box, as the whole checkout: if the step is meant to write there, --source rw";
  }
  return {};
}

}  // namespace stepbox::hints
