#include "run/failure_hints.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/units.hpp"

namespace stepbox::run {
namespace {

std::string at_most(const std::string& amount) { return "at most " + amount; }

std::string amount_of(const PlannedLimit& limit) {
  if (limit.name == "cpu") return cores_text(limit.amount) + " cores";
  return limit.name == "memory" ? human_bytes(limit.amount) : std::to_string(limit.amount);
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
  void add(std::string name, std::string value) { found_.push_back({std::move(name), std::move(value)}); }

  bool is_in_box() const { return plan_.isolation == Isolation::full; }

  void files() {
    if (policy_.home.value == HomeMode::fresh) add("home", "fresh");
    if (is_in_box()) {
      add("/tmp", "fresh");
      add("/run", "fresh");
    }
    if (plan_.source != SourceMode::rw && plan_.isolation != Isolation::env) add("checkout", name_of(plan_.source));
    if (plan_.isolation == Isolation::env) return;
    if (is_in_box() && plan_.root == RootMode::system) add("host files", "only the system's, ro");
    else add("host files", "ro");
  }

  void reach() {
    if (!is_in_box()) add("isolation", name_of(plan_.isolation));
    if (plan_.network != NetworkMode::host) add("network", name_of(plan_.network));
    if (plan_.identity.isolation == UidIsolation::shifted) add("user ids", "shifted");
    if (facts_.uid != 0) add("sudo", "off");
    if (plan_.deny_nesting) add("nested sandboxes", "denied");
    if (plan_.seccomp->profile != kNoSeccomp && !plan_.seccomp_log) add("seccomp", escaped(plan_.seccomp->profile));
    if (!plan_.unset.empty()) add("environment", missing_names(plan_.unset));
  }

  // Leaves out built-in process limits, which are too wide to matter.
  void limits() {
    for (const PlannedVolume& volume : plan_.volumes)
      add(volume.name == "workspace" ? volume.name : "volume " + volume.name, at_most(human_bytes(volume.bytes)));
    for (const PlannedLimit& limit : plan_.cgroup.limits) add(std::string(limit.name), at_most(amount_of(limit)));
    for (const ProcessLimitSpec& limit : plan_.process_limits)
      if (limit.origin.layer != Layer::built_in) add(std::string(limit.name), at_most(std::to_string(limit.value)));
  }

  const Plan& plan_;
  const Policy& policy_;
  const HostFacts& facts_;
  std::vector<Difference> found_;
};

std::string show_with_ro(const std::string& path) { return "show it with --ro " + escaped(path); }

}  // namespace

std::vector<Difference> differences_of(const Planned& planned) { return Collector(planned).collect(); }

std::string text_of(const std::vector<Difference>& differences) {
  if (differences.empty()) return {};
  std::string out = "the box: ";
  for (size_t i = 0; i < differences.size(); ++i) {
    out += differences[i].name;
    const bool is_shared = i + 1 < differences.size() && differences[i + 1].value == differences[i].value;
    const bool is_last_but_one = is_shared && (i + 2 == differences.size() || differences[i + 2].value != differences[i].value);
    out += is_last_but_one ? " and " : is_shared ? ", " : " " + differences[i].value + "; ";
  }
  return out + "`stepbox explain` says more";
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
    case Finding::Kind::path_hidden_by_rule:
      return path + " exists on the host but is hidden in the box (" + escaped(finding.name) + ")";
    case Finding::Kind::read_only_path:
      return quoted(finding.name) + " is read-only in the box: if the step is meant to write there, --rw " + escaped(finding.path);
    case Finding::Kind::read_only_checkout:
      return quoted(finding.name) + " is read-only in the box, as the whole checkout: if the step is meant to write there, --source rw";
  }
  return {};
}

}  // namespace stepbox::run
