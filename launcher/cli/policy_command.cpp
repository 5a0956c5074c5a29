#include <algorithm>

#include "base/listed.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "model/outcome.hpp"
#include "policy/resolve.hpp"
#include "policy/schema.hpp"
#include "policy/show.hpp"
#include "run/run_step.hpp"
#include "sys/files.hpp"
#include "sys/memory.hpp"

namespace stepbox::cli {
namespace {

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

// Runs a word that takes no arguments.
Result<std::string> alone(Arguments arguments, std::string (*text)()) {
  if (arguments.size() == 1) return text();
  if (is_help(arguments[1])) return help_for("policy");
  return fail("policy " + arguments.front() + " takes no argument, but " + quoted(arguments[1]) + " was given",
              "stepbox policy --help");
}

std::string list() {
  std::string text;
  for (const policy::BuiltinPolicy& builtin : policy::builtin_policies())
    text += std::string(builtin.name) + std::string(builtin.name.size() < 12 ? 12 - builtin.name.size() : 1, ' ') +
            std::string(builtin.summary) + "\n";
  return text;
}

Result<std::string> show(Arguments arguments) {
  TRY_ASSIGN(RunOptions options, parse_run_options(arguments, Command::optional));
  if (options.help) return help_for("policy");
  // `policy show go` shows what --policy go would be.
  for (const std::string& name : options.request.argv) options.request.policies.push_back(name);
  options.request.argv = {"COMMAND"};
  TRY_ASSIGN(const Policy policy, run::policy_in_force(options.request));
  return policy::to_yaml(policy);
}

// Checks a project's policy as such: over the site policy of this machine, which it may not widen.
Result<policy::ResolveRequest> check_request(const std::string& file) {
  TRY_ASSIGN(const std::optional<std::string> real, sys::real_path(file));
  // A missing file keeps its name as written, with a slash so that it is not taken for a built-in's name.
  const std::string path = real.value_or(file.find('/') == std::string::npos ? "./" + file : file);
  const size_t slash = path.rfind('/');
  policy::ResolveRequest request;
  request.cwd = path.substr(0, std::max<size_t>(slash, 1));
  TRY_ASSIGN(const sys::Memory memory, sys::usable_memory());
  request.memory_bytes = memory.usable;
  if (path.substr(slash) == "/.stepbox.yaml") {
    request.checkout = request.cwd;
  } else {
    request.names = {path};
    request.site_directory.clear();
  }
  return request;
}

Result<> check_file(const std::string& file) {
  TRY_ASSIGN(const policy::ResolveRequest request, check_request(file));
  TRY(policy::resolve(request));
  return {};
}

Result<std::string> check(Arguments arguments) {
  if (arguments.empty()) return fail("no policy given", "stepbox policy check FILE");
  if (is_help(arguments.front())) return help_for("policy");
  std::vector<Error> errors;
  for (const std::string& file : arguments)
    if (auto checked = check_file(file); !checked) errors.push_back(std::move(checked).error());
  if (!errors.empty()) return std::unexpected(together(std::move(errors)));
  return std::string();
}

// Each takes the words from its own name on.
struct PolicyWord {
  std::string_view name;
  Result<std::string> (*run)(Arguments arguments);
};

constexpr PolicyWord kRows[] = {
    {"list", [](Arguments arguments) { return alone(arguments, list); }},
    {"show", [](Arguments arguments) { return show(arguments.subspan(1)); }},
    {"check", [](Arguments arguments) { return check(arguments.subspan(1)); }},
    {"schema", [](Arguments arguments) { return alone(arguments, policy::json_schema); }},
};
static_assert(std::ranges::equal(kRows, kPolicyWords, {}, &PolicyWord::name), "the help and completions go by kPolicyWords");

constexpr auto kMissingWord = listed(kPolicyWords, ", ", " or ", "policy needs a word: ");

Result<std::string> dispatch_policy(Arguments arguments) {
  const std::string word = arguments.empty() ? "" : arguments.front();
  for (const PolicyWord& row : kRows)
    if (word == row.name) return row.run(arguments);
  if (is_help(word)) return help_for("policy");
  if (word.empty()) return fail(std::string(kMissingWord.view()), "stepbox policy --help");
  return fail("unknown word " + quoted(word) + " after policy", did_you_mean(word, kPolicyWords));
}

}  // namespace

int policy_command(Arguments arguments) {
  const Result<std::string> text = dispatch_policy(arguments);
  if (text) return print(*text);
  log::error(text.error());
  return kExitLauncher;
}

}  // namespace stepbox::cli
