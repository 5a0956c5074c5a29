#include "cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include <CLI/CLI.hpp>

#include "base/listed.hpp"
#include "base/text.hpp"
#include "policy/keys.hpp"
#include "policy/settings.hpp"

namespace stepbox::cli {
namespace {

using policy::KeyRow;
using policy::Shape;

constexpr Word<SummaryWhen> kSummaryWhens[] = {
    {"auto", SummaryWhen::automatic}, {"always", SummaryWhen::always}, {"never", SummaryWhen::never}};
constexpr auto kSummaryWords = column_of(kSummaryWhens, &Word<SummaryWhen>::word);
constexpr auto kSummaryForm = listed(kSummaryWords, ", ", " or ");
constexpr auto kSummaryHelp = listed(kSummaryWords, ", ", " or ", "prints a line about the run: ");

Result<SummaryWhen> parse_summary(const std::string& text, const std::string& place) {
  for (const Word<SummaryWhen>& known : kSummaryWhens)
    if (text == known.word) return known.mode;
  return fail(place + ": " + stepbox::quoted(text) + " is not " + std::string(kSummaryForm.view()), did_you_mean(text, kSummaryWords));
}

Result<int> parse_fd(const std::string& text) {
  int fd = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
  if (error != std::errc() || end != text.data() + text.size() || fd < 0)
    return fail("--pass-fd: " + stepbox::quoted(text) + " is not a descriptor's number");
  return fd;
}

Result<> take_policy(RunOptions& options, const std::string& text) {
  options.request.policies.push_back(text);
  return {};
}
Result<> take_report(RunOptions& options, const std::string& text) {
  options.report = text;
  return {};
}
Result<> take_summary(RunOptions& options, const std::string& text) {
  TRY_ASSIGN(options.summary, parse_summary(text, "--summary"));
  return {};
}
Result<> take_fd(RunOptions& options, const std::string& text) {
  TRY_ASSIGN(const int fd, parse_fd(text));
  options.request.pass_fds.push_back(fd);
  return {};
}
Result<> take_verbose(RunOptions& options, const std::string&) {
  options.verbose = true;
  return {};
}
Result<> take_help(RunOptions& options, const std::string&) {
  options.help = true;
  return {};
}

constexpr PlainOption kPlain[] = {
    {"--policy", "NAME|FILE", "applies a built-in policy or a file; repeatable, later ones win", take_policy},
    {"--report", "FILE", "writes the record of the run as JSON", take_report},
    {"--summary", "WHEN", kSummaryHelp.view(), take_summary, kSummaryWords},
    {"--pass-fd", "N", "leaves descriptor N open for the step; repeatable", take_fd},
    {"--verbose", "", "says what stepbox does", take_verbose},
    {"--help", "", "prints this help", take_help},
};
static_assert(std::size(kPlain) == 6, "`run --help` and stepbox(1) say that the last six options are no keys");

Result<> take_all(RunOptions& options, const std::string&) {
  options.all = true;
  return {};
}
Result<> take_json(RunOptions& options, const std::string&) {
  options.json = true;
  return {};
}

// Only for `explain`.
constexpr PlainOption kOfExplain[] = {
    {"--all", "", "prints the whole plan", take_all},
    {"--json", "", "prints the plan as JSON", take_json},
};

const PlainOption* find_plain(std::string_view name) {
  for (const std::span<const PlainOption> table : {std::span<const PlainOption>(kPlain), std::span<const PlainOption>(kOfExplain)})
    for (const PlainOption& option : table)
      if (option.name == name) return &option;
  return nullptr;
}

bool takes_operand(std::string_view option) {
  for (const PlainOption& plain : kPlain)
    if (plain.name == option) return !plain.operand.empty();
  for (const KeyRow& row : policy::keys())
    if (row.option == option) return row.shape != Shape::flag;
  return false;
}

// The number of words before `--` or the command.
size_t length_of_options(std::span<const std::string> arguments) {
  size_t at = 0;
  while (at < arguments.size()) {
    const std::string& word = arguments[at];
    if (word == "--") return at;
    if (word.size() < 2 || word[0] != '-') return at;
    at += takes_operand(word) ? 2 : 1;
  }
  return std::min(at, arguments.size());
}

// The options as CLI11 sees them. Reads its results back in command-line order, since `--ro a --hide a` and `--hide a
// --ro a` differ.
class Parser {
 public:
  // Registers only the options on this command line: CLI11 compares every new option with every other, and forty of
  // them cost more than the rest of the planning.
  Parser(std::span<const std::string> words, Command command) : command_(command) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const PlainOption& plain : kPlain)
      if (is_used(plain.name, words)) add(plain.name, plain.operand.empty());
    for (const KeyRow& row : policy::keys())
      if (!row.option.empty() && is_used(row.option, words)) add(row.option, row.shape == Shape::flag);
    for (const PlainOption& option : own_options())
      if (is_used(option.name, words)) add(option.name, option.operand.empty());
  }

  Result<RunOptions> parse(std::vector<std::string> words) {
    std::ranges::reverse(words);  // the order that CLI11 wants for a vector
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ArgumentMismatch& mismatch) {
      // CLI11's text begins with the option's name.
      const std::string text = mismatch.what();
      return fail("option " + stepbox::quoted(text.substr(0, text.find(':'))) + " needs a value", "see `stepbox run --help`");
    } catch (const CLI::Error& error) {
      return fail(error.what(), "see `stepbox run --help`");
    }
    if (const auto extras = app_.remaining(); !extras.empty()) return unknown(extras.front());
    return collect();
  }

 private:
  static bool is_used(std::string_view name, std::span<const std::string> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return word.substr(0, word.find('=')) == name; });
  }

  void add(std::string_view name, bool is_flag) {
    const std::string text(name);
    CLI::Option* option = is_flag ? app_.add_flag(text) : app_.add_option(text)->take_all()->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  std::span<const PlainOption> own_options() const {
    return command_ == Command::explained ? std::span<const PlainOption>(kOfExplain) : std::span<const PlainOption>();
  }

  std::unexpected<Error> unknown(const std::string& word) const {
    std::vector<std::string_view> names = option_names();
    for (const PlainOption& option : own_options()) names.push_back(option.name);
    const std::string name = word.substr(0, word.find('='));
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = "see `stepbox run --help`; put `--` before a command that begins with '-'";
    return fail("unknown option " + stepbox::quoted(name), hint);
  }

  Result<RunOptions> collect() {
    RunOptions options;
    std::map<const CLI::Option*, size_t> seen;
    for (const CLI::Option* option : app_.parse_order()) {
      const std::string& text = option->results().at(seen[option]++);
      TRY(take(options, option->get_name(), text));
    }
    return options;
  }

  static Result<> take(RunOptions& options, const std::string& name, const std::string& text) {
    if (const PlainOption* plain = find_plain(name)) {
      if (plain->operand.empty() && text != "true")
        return fail("option " + stepbox::quoted(name) + " takes no value, but " + stepbox::quoted(text) + " was given");
      return plain->take(options, text);
    }
    const auto row = std::ranges::find(policy::keys(), name, &KeyRow::option);
    if (row->shape == Shape::unsupported) return std::unexpected(policy::unsupported_error(row->option));
    const Origin origin{.layer = Layer::command_line, .place = name};
    TRY_ASSIGN(policy::Setting setting, policy::setting_from_text(*row, text, origin));
    options.request.settings.push_back(std::move(setting));
    return {};
  }

  Command command_;
  CLI::App app_;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// STEPBOX_POLICY counts only if the command line names no policy.
Result<> fill_from_environment(RunOptions& options, bool summary_given) {
  if (const std::string names = variable("STEPBOX_POLICY"); !names.empty() && options.request.policies.empty())
    for (const std::string_view name : split(names, ',')) options.request.policies.emplace_back(name);
  if (options.report.empty()) options.report = variable("STEPBOX_REPORT");
  if (const std::string when = variable("STEPBOX_SUMMARY"); !when.empty() && !summary_given) {
    TRY_ASSIGN(options.summary, parse_summary(when, "STEPBOX_SUMMARY"));
  }
  if (const std::string verbose = variable("STEPBOX_VERBOSE"); !verbose.empty() && verbose != "0") options.verbose = true;
  return {};
}

}  // namespace

Result<RunOptions> parse_run_options(std::span<const std::string> arguments, Command command) {
  const size_t length = length_of_options(arguments);
  std::vector<std::string> words(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(length));
  const bool summary_given = std::ranges::any_of(words, [](const std::string& word) { return word.starts_with("--summary"); });
  TRY_ASSIGN(RunOptions options, Parser(words, command).parse(words));
  if (options.help) return options;
  TRY(fill_from_environment(options, summary_given));
  size_t at = length;
  if (at < arguments.size() && arguments[at] == "--") ++at;
  options.request.argv.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  if (options.request.argv.empty() && command == Command::required)
    return fail("no command given", "stepbox run [OPTIONS] -- COMMAND [ARG...]");
  return options;
}

std::string report_named_by(std::span<const std::string> arguments) {
  constexpr std::string_view kOption = "--report";
  constexpr std::string_view kWithValue = "--report=";
  const size_t length = length_of_options(arguments);
  std::string path;
  for (size_t at = 0; at < length; at += takes_operand(arguments[at]) ? 2 : 1) {
    const std::string& word = arguments[at];
    if (word == kOption && at + 1 < length) path = arguments[at + 1];
    if (word.starts_with(kWithValue)) path = word.substr(kWithValue.size());
  }
  return path.empty() ? variable("STEPBOX_REPORT") : path;
}

std::span<const PlainOption> plain_options() { return kPlain; }

std::string options_help() {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view operand, std::string_view help) {
    std::string left = "  " + std::string(name) + (operand.empty() ? "" : " " + std::string(operand));
    if (left.size() > 30) text += left + "\n" + std::string(32, ' ');
    else text += left + std::string(32 - left.size(), ' ');
    text += std::string(help) + "\n";
  };
  for (const KeyRow& row : policy::keys())
    if (!row.option.empty() && row.shape != Shape::unsupported) line(row.option, row.operand, row.help);
  for (const PlainOption& plain : kPlain) line(plain.name, plain.operand, plain.help);
  return text;
}

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  for (const PlainOption& plain : kPlain) names.push_back(plain.name);
  for (const KeyRow& row : policy::keys())
    if (!row.option.empty() && row.shape != Shape::unsupported) names.push_back(row.option);
  return names;
}

}  // namespace stepbox::cli
