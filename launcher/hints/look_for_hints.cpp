#include "hints/look_for_hints.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "base/text.hpp"
#include "host/look_up_settings.hpp"
#include "plan/layout.hpp"
#include "plan/named_programs.hpp"
#include "report/report.hpp"
#include "hints/box_view.hpp"
#include "hints/command_hints.hpp"
#include "hints/command_words.hpp"
#include "hints/failure_hints.hpp"
#include "hints/host_way.hpp"
#include "sys/bounded_child.hpp"
#include "sys/files.hpp"
#include "sys/script.hpp"
#include "sys/write_all.hpp"

namespace stepbox::hints {
namespace {

constexpr size_t kMostPaths = 64;
constexpr size_t kMostPrograms = 32;
constexpr size_t kMostScript = size_t{64} << 10;

bool is_program(mode_t mode) { return S_ISREG(mode) && (mode & 0111) != 0; }

bool is_program(const std::string& path) {
  const auto status = sys::status_of(path);
  return status && *status && is_program((*status)->st_mode);
}

// Programs that are useless without a socket, and the variable that names the socket.
struct SocketRow {
  std::string_view program;
  std::string_view variable;
  std::string_view usual;
};
constexpr SocketRow kSockets[] = {
    {"docker", "DOCKER_HOST", "/var/run/docker.sock"},
    {"docker-compose", "DOCKER_HOST", "/var/run/docker.sock"},
    {"podman", "CONTAINER_HOST", ""},
};

constexpr std::string_view kAsksAgent[] = {"ssh", "scp", "sftp", "ssh-add", "rsync"};
// Which operands a program writes to.
enum class Writes : uint8_t { all, last };
struct WriterRow {
  std::string_view program;
  Writes writes;
};
constexpr WriterRow kWriters[] = {
    {"touch", Writes::all}, {"mkdir", Writes::all}, {"rm", Writes::all},       {"rmdir", Writes::all},
    {"tee", Writes::all},   {"chmod", Writes::all}, {"chown", Writes::all},    {"truncate", Writes::all},
    {"cp", Writes::last},   {"mv", Writes::last},   {"install", Writes::last}, {"ln", Writes::last},
    {"rsync", Writes::last}, {"dd", Writes::all},
};

// Whether the command line shows that the command writes to this word: as a redirection's target, by the command's
// nature, or as the PREFIX=/usr/local of an installation.
bool is_written(const SimpleCommand& command, const Word& word) {
  if (word.is_target) return true;
  if (word.text.contains('='))  // dd if=/a of=/b
    return word.text.starts_with("of=") || std::ranges::any_of(command, [](const Word& other) { return other.text == "install" || other.text == "--install"; });
  const auto* row = std::ranges::find(kWriters, plan::program_name(command.front().text), &WriterRow::program);
  return row != std::end(kWriters) && (row->writes == Writes::all || &word == &command.back());
}

// Commands after which relative words start elsewhere, and options with the same effect.
constexpr std::string_view kChangeDirectory[] = {"cd", "pushd", "popd"};
constexpr std::string_view kInDirectory[] = {"-C", "--chdir", "--directory"};

bool changes_directory(const SimpleCommand& command) {
  const auto is_option = [](const Word& word) { return std::ranges::find(kInDirectory, std::string_view(word.text).substr(0, word.text.find('='))) != std::end(kInDirectory); };
  return std::ranges::find(kChangeDirectory, command.front().text) != std::end(kChangeDirectory) || std::ranges::any_of(command, is_option);
}

// "../.." of "../../go.mod"; empty if the path does not lead up.
std::string way_up(std::string_view typed) {
  size_t end = 0;
  while (typed.substr(end).starts_with("../")) end += 3;
  return std::string(typed.substr(0, end == 0 ? 0 : end - 1));
}

class Search {
 public:
  Search(const Report& report, const Planned& planned, const BoxView& box)
      : report_(report), plan_(planned.plan), facts_(planned.facts), box_(box), line_(read_command_line(plan_.step.argv)) {}

  // The surest and most helpful findings first.
  std::optional<Finding> find() {
    if (report_.verdict == Verdict::not_executable) return not_executable();
    if (plan_.confinement.isolation != Isolation::full) return std::nullopt;
    if (report_.verdict == Verdict::not_found) return not_found();
    if (!report::has_unknown_cause(report_)) return std::nullopt;
    if (auto found = hidden_command(line_.commands)) return found;
    if (auto found = missing_command_of_script()) return found;
    if (auto found = hidden_socket()) return found;
    if (auto found = agent()) return found;
    if (auto found = hidden_safe_directory()) return found;
    if (auto found = first_path(&Search::hidden_path)) return found;
    return first_path(&Search::read_only_path);
  }

 private:
  std::optional<std::string> variable_in_box(std::string_view name) const {
    const auto found = std::ranges::find(plan_.step.environment, name, &EnvEntry::name);
    return found == plan_.step.environment.end() ? std::nullopt : std::optional(found->value);
  }

  bool is_absent(const std::string& path) const { return box_.look(path).state == BoxView::State::absent; }

  // The file on the host, links resolved; nothing if the project or the step could have laid the way to it.
  std::optional<std::string> on_host(const std::string& path) const { return host_way(plan_, path).real; }

  // The path to name with --ro. If the box shows a link to something hidden, nothing can be mounted in the link's
  // place, so --ro needs the link's target.
  std::string to_be_shown(const std::string& path) const {
    const BoxView::Seen directory = box_.look(path.substr(0, std::max<size_t>(path.rfind('/'), 1)));
    return directory.host.empty() ? path : on_host(path).value_or(path);
  }

  std::optional<std::string> program_on_host(std::string_view name) const {
    const std::string search_path = facts_.variable("PATH").value_or("");
    for (const std::string_view entry : split(search_path, ':')) {
      if (!entry.starts_with('/')) continue;
      const std::string path = lexically_normal(std::string(entry) + "/" + std::string(name));
      const auto real = on_host(path);
      if (real && is_program(*real)) return path;
    }
    return std::nullopt;
  }

  // Whether the name is in no directory of the step's PATH; false when unsure.
  bool is_missing_in_box(std::string_view name) const {
    const std::string search_path = variable_in_box("PATH").value_or("/bin:/usr/bin");
    for (const std::string_view entry : split(search_path, ':')) {
      if (!entry.starts_with('/')) return false;
      const BoxView::Seen seen = box_.look(std::string(entry) + "/" + std::string(name));
      if (seen.state != BoxView::State::absent) return false;
    }
    return true;
  }

  std::optional<Finding> hidden_program(std::string_view name) const {
    const std::optional<std::string> path = program_on_host(name);
    if (!path || !is_missing_in_box(name)) return std::nullopt;
    const BoxView::Seen seen = box_.look(*path);
    if (seen.state == BoxView::State::present) return Finding{Finding::Kind::command_not_on_path, std::string(name), *path};
    if (seen.state == BoxView::State::unknown) return std::nullopt;
    if (seen.by != nullptr) return Finding{Finding::Kind::path_hidden_by_rule, name_of_rule(*seen.by), *path};
    return Finding{Finding::Kind::hidden_command, std::string(name), to_be_shown(*path)};
  }

  std::optional<Finding> hidden_command(const std::vector<SimpleCommand>& commands) {
    for (const SimpleCommand& command : commands) {
      const Word& name = command.front();
      if (!name.is_literal || name.text.empty() || name.text.contains('/')) continue;
      if (std::ranges::find(tried_, name.text) != tried_.end()) continue;
      if (tried_.size() == kMostPrograms) return std::nullopt;
      tried_.push_back(name.text);
      if (auto found = hidden_program(name.text)) return found;
    }
    return std::nullopt;
  }

  // Only a file of the project is meant to become executable.
  std::optional<Finding> not_executable() const {
    const std::string& name = plan_.step.argv.front();
    const std::string& project = plan_.files.source_path.empty() ? plan_.step.cwd : plan_.files.source_path;
    const std::string path = absolute(name);
    if (!name.contains('/') || !is_within(path, project)) return std::nullopt;
    const auto status = sys::status_of(path, sys::Links::themselves);
    if (!status || !*status || !S_ISREG((*status)->st_mode) || ((*status)->st_mode & 0111) != 0) return std::nullopt;
    return Finding{Finding::Kind::not_executable, name, {}};
  }

  std::optional<Finding> not_found() const {
    const std::string& name = plan_.step.argv.front();
    const NotStarted* refused = std::get_if<NotStarted>(&report_.outcome);
    // The command exists, and its interpreter does not.
    if (refused == nullptr || refused->program >= 0) return std::nullopt;
    if (name.contains('/')) return hidden_path({name, absolute(name), absolute(name), false, !name.starts_with('/')}, {.text = name});
    if (auto found = hidden_program(name)) return found;
    for (const std::string& program : plan_.step.programs) {
      const HostWay way = host_way(plan_, absolute(program));
      if (way.is_projects) return std::nullopt;
      if (way.real && is_program(*way.real)) return Finding{Finding::Kind::hidden_path, name, *way.real};
    }
    if (name.empty() || name.contains(' ') || program_on_host(name)) return std::nullopt;
    return Finding{Finding::Kind::unknown_command, name, {}};
  }

  // The name comes from the project, so the host is not searched for it. Only after the exit code of a shell that did
  // not find a command.
  std::optional<Finding> missing_command_of_script() const {
    if (report_.outcome != Outcome{Exited{kExitNotFound}} || !line_.script) return std::nullopt;
    const BoxView::Seen seen = box_.look(absolute(*line_.script));
    if (seen.host.empty() || !S_ISREG(seen.mode)) return std::nullopt;
    const auto text = sys::read_file(seen.host, kMostScript);
    if (!text || (!text->starts_with("#!") && line_.script == plan_.step.argv.front())) return std::nullopt;
    for (const std::string& name : programs_of_script(*text))
      if (is_missing_in_box(name)) return Finding{Finding::Kind::script_command, name, *line_.script};
    return std::nullopt;
  }

  std::string absolute(const std::string& path) const {
    return lexically_normal(path.starts_with('/') ? path : plan_.step.cwd + "/" + path);
  }

  template <class Predicate>
  bool runs(Predicate is_meant) const {
    return std::ranges::any_of(line_.commands, [&](const SimpleCommand& command) { return is_meant(plan::program_name(command.front().text)); });
  }

  std::optional<Finding> hidden_socket() const {
    for (const SocketRow& row : kSockets) {
      if (!runs([&](std::string_view name) { return name == row.program; })) continue;
      std::string path = variable_in_box(row.variable).value_or(std::string(row.usual));
      if (path.starts_with("unix://")) path.erase(0, 7);
      if (path.starts_with('/') && on_host(path) && is_absent(path)) return Finding{Finding::Kind::hidden_socket, std::string(row.program), path};
    }
    return std::nullopt;
  }

  bool asks_agent() const {
    const auto is_remote = [](const Word& word) { return word.text.contains("git@") || word.text.starts_with("ssh://"); };
    return runs([](std::string_view name) { return std::ranges::find(kAsksAgent, name) != std::end(kAsksAgent); }) ||
           std::ranges::any_of(line_.commands, [&](const SimpleCommand& command) { return std::ranges::any_of(command, is_remote); });
  }

  std::optional<Finding> agent() const {
    const std::optional<std::string> path = variable_in_box("SSH_AUTH_SOCK");
    if (!path || !path->starts_with('/')) return std::nullopt;
    const auto real = on_host(*path);
    const auto status = sys::status_of(real.value_or(""));
    if (!real || !status || !*status || !S_ISSOCK((*status)->st_mode)) return std::nullopt;
    const BoxView::Seen seen = box_.look(*path);
    const bool is_shifted = plan_.identity.isolation == UidIsolation::shifted;
    // Even if shown, the agent would not answer.
    if (is_shifted && seen.state != BoxView::State::unknown && (!seen.host.empty() || asks_agent()))
      return Finding{Finding::Kind::refusing_agent, {}, *path};
    if (seen.state == BoxView::State::absent && asks_agent()) return Finding{Finding::Kind::hidden_agent, {}, *path};
    return std::nullopt;
  }

  // Whether a file of the caller's home shown by --ro appears in the step's home: not if that home lies in another
  // masked place.
  bool has_home_in_place() const {
    const Place place = place_in_box(plan_, facts_.tilde().empty() ? std::string() : facts_.tilde().substr(1) + "/x");
    return place.from == Place::From::volume && place.path.starts_with(plan::kBoxHome);
  }

  // git checks the owner of the checkout. Root's git also accepts the user who called sudo(8).
  bool is_dubious_to_git() const {
    if (plan_.files.source == SourceMode::none || facts_.checkout_uid == plan_.identity.uid) return false;
    return !(plan_.identity.uid == 0 && variable_in_box("SUDO_UID") == std::to_string(facts_.checkout_uid));
  }

  std::optional<Finding> hidden_safe_directory() const {
    if (!runs([](std::string_view name) { return name == "git"; }) || !is_dubious_to_git()) return std::nullopt;
    if (variable_in_box("GIT_CONFIG_GLOBAL") || !has_home_in_place()) return std::nullopt;
    for (const char* name : {"/.gitconfig", "/.config/git/config"}) {
      const std::string path = facts_.tilde() + name;
      const auto real = on_host(path);
      if (!real) continue;
      const auto text = sys::read_file(*real, kMostScript);
      if (!text || !text->contains("[safe]") || !text->contains("directory")) continue;
      if (is_absent(variable_in_box("HOME").value_or(facts_.tilde()) + name)) return Finding{Finding::Kind::hidden_safe_directory, {}, path};
    }
    return std::nullopt;
  }

  // A path named by a word: the whole word, or the part after "=" (PREFIX=/usr/local, --config=~/x).
  struct Named {
    std::string typed;
    std::string path;      // on the host
    std::string in_box;    // differs below "~"
    bool is_written;       // as far as is_written() can tell
    bool is_relative;      // to the step's directory
  };

  std::optional<Named> named_by(const SimpleCommand& command, const Word& word) const {
    if (!word.is_literal) return std::nullopt;
    const size_t equals = word.text.find('=');
    const bool is_value = equals != std::string::npos && word.text.find('/') > equals;
    const std::string text = is_value ? word.text.substr(equals + 1) : word.text;
    const bool is_in_home = text.starts_with("~/");
    const bool writes = is_written(command, word);
    if (is_in_home && !has_home_in_place()) return std::nullopt;
    const bool is_relative = !text.starts_with('/') && !is_in_home;
    // A bare word may be anything, but as the operand of touch(1) it is a file.
    const bool is_bare_file = word.is_target || (writes && &word != &command.front() && (!is_value || word.text.starts_with("of=")));
    if (is_relative && !is_relative_path(command, text, is_bare_file)) return std::nullopt;
    const std::string path = is_in_home ? lexically_normal(facts_.tilde() + text.substr(1)) : absolute(text);
    const std::string in_box = is_in_home ? lexically_normal(variable_in_box("HOME").value_or(facts_.tilde()) + text.substr(1)) : path;
    return Named{text, path, in_box, writes, is_relative};
  }

  bool is_relative_path(const SimpleCommand& command, const std::string& text, bool is_bare_file) const {
    if (text.empty() || text.starts_with('-') || text.contains("://")) return false;
    if (!text.contains('/') && !is_bare_file) return false;
    return !changes_directory(command) && std::ranges::none_of(line_.commands, changes_directory);
  }

  using Question = std::optional<Finding> (Search::*)(const Named&, const Word&) const;
  std::optional<Finding> first_path(Question question) const {
    size_t count = 0;
    for (const SimpleCommand& command : line_.commands) {
      for (const Word& word : command) {
        const std::optional<Named> named = named_by(command, word);
        if (!named) continue;
        if (++count > kMostPaths) return std::nullopt;
        if (auto found = (this->*question)(*named, word)) return found;
      }
    }
    return std::nullopt;
  }

  static std::string name_of_rule(const MountCall& call) {
    return call.origin.place.empty() ? call.why : call.origin.text();
  }

  std::optional<Finding> hidden_path(const Named& named, const Word& word) const {
    // The shell creates redirection targets itself.
    if (word.is_target) return std::nullopt;
    const BoxView::Seen seen = box_.look(named.in_box);
    if (seen.state != BoxView::State::absent || !is_absent(named.path)) return std::nullopt;
    const HostWay way = host_way(plan_, named.path);
    if (way.is_projects) return Finding{Finding::Kind::not_in_box, named.typed, {}};
    if (!way.real) return std::nullopt;
    if (seen.by != nullptr) return Finding{Finding::Kind::path_hidden_by_rule, name_of_rule(*seen.by), named.path};
    if (const std::string up = way_up(named.typed); named.is_relative && is_rest_of_tree(up, *way.real))
      return Finding{Finding::Kind::hidden_parent, named.typed, up};
    return Finding{Finding::Kind::hidden_path, named.typed, to_be_shown(named.path)};
  }

  // Whether the file belongs to a tree of which the checkout is a part, so that the whole tree may be meant. Not if
  // that tree were the home, or a directory of the system.
  bool is_rest_of_tree(const std::string& up, const std::string& file) const {
    if (up.empty() || plan_.files.source == SourceMode::none || plan_.files.source_path.empty()) return false;
    const std::string top = absolute(up);
    if (top.rfind('/') == 0 || is_within(facts_.tilde(), top)) return false;
    return is_within(plan_.files.source_path, top) && is_within(file, top);
  }

  std::optional<Finding> read_only_path(const Named& named, const Word&) const {
    if (!named.is_written) return std::nullopt;
    std::string path = named.in_box;
    BoxView::Seen seen = box_.look(path);
    if (seen.state == BoxView::State::absent && path.rfind('/') > 0) seen = box_.look(path = path.substr(0, path.rfind('/')));
    if (seen.state != BoxView::State::present || seen.host.empty() || !seen.is_read_only) return std::nullopt;
    if (!S_ISDIR(seen.mode) && !S_ISREG(seen.mode)) return std::nullopt;
    if (::faccessat(AT_FDCWD, seen.host.c_str(), W_OK, AT_EACCESS) != 0) return std::nullopt;
    if (plan_.files.source == SourceMode::ro && is_within(seen.host, plan_.files.source_path)) return Finding{Finding::Kind::read_only_checkout, path, seen.host};
    // No advice to open a directory that a link of the project's leads to.
    if (host_way(plan_, path).is_projects) return std::nullopt;
    return Finding{Finding::Kind::read_only_path, path, seen.host};
  }

  const Report& report_;
  const Plan& plan_;
  const HostFacts& facts_;
  const BoxView& box_;
  const CommandLine line_;
  std::vector<std::string> tried_;
};

// The child's findings as texts that each end in a NUL, after a text that says what follows: so a child that is cut off
// loses no finding that it has written.
constexpr std::string_view kInterpreter = "interpreter";
constexpr std::string_view kHint = "hint";
constexpr std::string_view kSettings = "settings";

void write_texts(int out, std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) (all += text) += '\0';
  static_cast<void>(sys::write_all(out, all));
}

void take_findings(Report& report, std::string_view output) {
  std::vector<std::string_view> texts = split(output, '\0');
  texts.pop_back();  // what no NUL follows
  for (size_t i = 0; i + 1 < texts.size();) {
    const std::string_view what = texts[i];
    const size_t count = what == kSettings ? 4 : 1;
    if (i + count >= texts.size()) return;
    const std::string first(texts[i + 1]);
    if (what == kInterpreter) report.interpreter = first;
    if (what == kHint) report.hint = first;
    if (what == kSettings)
      report.settings.push_back({.tool = first, .written = std::string(texts[i + 2]), .path = std::string(texts[i + 3]), .is_shown = texts[i + 4] == "shown"});
    i += 1 + count;
  }
}

// The command is there, and so at the same path of the host: the workspace is empty before the step.
std::string missing_interpreter(const Report& report, const Plan& plan) {
  const NotStarted* refused = std::get_if<NotStarted>(&report.outcome);
  if (refused == nullptr || refused->program < 0 || static_cast<size_t>(refused->program) >= plan.step.programs.size()) return {};
  const std::string& program = plan.step.programs[static_cast<size_t>(refused->program)];
  const std::string found = sys::interpreter_of(program.starts_with('/') ? program : plan.step.cwd + "/" + program).value_or("");
  return found.substr(0, found.find('\0'));
}

void write_hint(int out, const Report& report, const Planned& planned, const BoxView& view) {
  if (const std::string interpreter = missing_interpreter(report, planned.plan); !interpreter.empty())
    write_texts(out, {kInterpreter, interpreter, kHint, interpreter_hint(interpreter)});
  else if (const std::optional<Finding> found = Search(report, planned, view).find())
    write_texts(out, {kHint, text_of(*found)});
}

void write_settings(int out, const Planned& planned) {
  for (const SettingsFile& file : host::settings_of_home(planned.plan, planned.policy, planned.facts))
    write_texts(out, {kSettings, file.tool, file.written, file.path, file.is_shown ? "shown" : "hidden"});
}

bool may_get_hint(const Report& report) {
  return report::has_unknown_cause(report) || report.verdict == Verdict::not_found || report.verdict == Verdict::not_executable;
}

// Settings explain neither a signal nor a deadline, nor a command that the shell did not find.
bool may_miss_settings(const Report& report) {
  return report.verdict == Verdict::failure && report.outcome != Outcome{Exited{kExitNotFound}};
}

}  // namespace

void look_after_step(Report& report, const Planned& planned, const sandbox::Box& box, NameSettings settings) {
  constexpr std::chrono::milliseconds kPatience{500};
  constexpr size_t kLongest = size_t{64} << 10;
  const bool wants_hint = may_get_hint(report);
  const bool wants_settings = settings == NameSettings::always || (may_miss_settings(report) && runs_tool_with_settings(planned.plan.step.argv));
  if (report::has_unknown_cause(report)) report.differences = differences_of(planned);
  if (!wants_hint && !wants_settings) return;
  std::vector<int> kept;
  for (const sys::Fd& volume : box.volumes()) kept.push_back(volume.get());
  const auto look = [&](int out) {
    if (wants_hint) write_hint(out, report, planned, BoxView(planned.plan, box.volumes(), box.views()));
    if (wants_settings) write_settings(out, planned);
  };
  take_findings(report, sys::run_bounded(look, kept, kPatience, kLongest).text);
  if (report.hint.empty() && report.verdict == Verdict::not_found && report.argv.size() == 1) report.hint = quoting_hint(report.argv.front());
  if (report.hint.empty() && may_miss_settings(report)) report.hint = settings_hint(planned, report.settings);
}

}  // namespace stepbox::hints
