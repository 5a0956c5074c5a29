// What the tables name is in the manual pages and in the completions of every shell. A row that was added and not
// written down there fails here, by name.
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/subcommands.hpp"
#include "model/box_limits.hpp"
#include "model/outcome.hpp"
#include "model/volumes.hpp"
#include "policy/keys.hpp"

namespace {

using namespace stepbox;
using policy::KeyRow;
using policy::Shape;
using std::string;
using std::string_view;

string packaged(const char* name) {
  std::ifstream file(string(STEPBOX_PACKAGING) + "/" + name);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

// From the first `begin` up to the next `end` behind it; empty where there is none.
string_view part(string_view text, const string& begin, string_view end) {
  const size_t at = text.find(begin);
  if (at == string_view::npos) return {};
  return text.substr(at, text.find(end, at + begin.size()) - at);
}

bool has_word(string_view text, string_view word) {
  const auto continues = [&](size_t at) { return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '-' || text[at] == '_'); };
  for (size_t at = text.find(word); at != string_view::npos; at = text.find(word, at + 1))
    if (!(at > 0 && continues(at - 1)) && !continues(at + word.size())) return true;
  return false;
}

// A page or completion, and what each offers for an option.
struct Page {
  string name;
  string text;
  string (*entry)(string_view text, string_view option);
};

// "--source) ... ;;", "--nesting | --xattr) ... ;;"
string in_bash(string_view text, string_view option) {
  const string_view cases = text.substr(text.find("case $previous in"));
  for (const char* behind : {")", " |"})
    if (const string_view found = part(cases, " " + string(option) + behind, ";;"); !found.empty()) return string(found);
  return {};
}
// Words may stand in a function of their own: ":profile:_stepbox_profiles".
string with_action(string_view text, string_view entry) {
  const size_t at = entry.find(":_stepbox_");
  if (at == string_view::npos) return string(entry);
  const string name(entry.substr(at + 1, entry.find('\'', at) - at - 1));
  return string(entry) + string(part(text, "\n" + name + "() {", "\n}"));
}
string in_zsh(string_view text, string_view option) {
  for (const char* before : {"'", "'*"})
    if (const string_view found = part(text, before + string(option) + "[", "\n"); !found.empty()) return with_action(text, found);
  return {};
}
string in_fish(string_view text, string_view option) { return string(part(text, " -l " + string(option.substr(2)) + " ", "\n")); }
string in_manual(string_view text, string_view option) {
  for (const char* behind : {" ", "\n"})
    if (const string_view found = part(text, ".It Fl " + string(option.substr(1)) + behind, "\n.It "); !found.empty()) return string(found);
  return {};
}

std::vector<Page> pages() {
  return {{"bash", packaged("completions/stepbox.bash"), in_bash},
          {"zsh", packaged("completions/_stepbox"), in_zsh},
          {"fish", packaged("completions/stepbox.fish"), in_fish},
          {"stepbox.1", packaged("man/stepbox.1"), in_manual}};
}

struct Option {
  string_view name;
  bool is_flag;
  std::span<const string_view> words;
};

std::vector<Option> options() {
  std::vector<Option> all;
  for (const KeyRow& row : policy::keys())
    if (!row.option.empty() && row.shape != Shape::unsupported) all.push_back({row.option, row.shape == Shape::flag, row.words});
  for (const cli::PlainOption& plain : cli::plain_options()) all.push_back({plain.name, plain.operand.empty(), plain.words});
  return all;
}

// The entry of a key in stepbox-policy(5).
string key_entry(string_view manual, string_view key) { return string(part(manual, ".It Ic " + string(key) + " :", "\n.It ")); }

}  // namespace

TEST_CASE("manual page and completions have every option with its words", "[cli][pages]") {
  for (const Page& page : pages())
    for (const Option& option : options()) {
      INFO(page.name << ": " << option.name);
      const string entry = page.entry(page.text, option.name);
      if (page.name != "bash") CHECK_FALSE(entry.empty());
      for (const string_view word : option.words) {
        INFO("word " << word);
        CHECK(has_word(entry, word));
      }
    }
}

TEST_CASE("bash knows which options take no operand", "[cli][pages]") {
  const string bash = packaged("completions/stepbox.bash");
  const string_view offered = part(bash, "local options=\"", "\"\n");
  const string_view flags = part(bash, "local flags=\"", "\"\n");
  for (const Option& option : options()) {
    INFO(option.name);
    CHECK(has_word(offered, option.name));
    CHECK(has_word(flags, option.name) == option.is_flag);
  }
}

TEST_CASE("manual pages have every key, with what a project may do and its variable", "[cli][pages]") {
  const string manual = packaged("man/stepbox.1");
  const string keys = packaged("man/stepbox-policy.5");
  for (const KeyRow& row : policy::keys()) {
    if (row.shape == Shape::unsupported) continue;
    INFO(row.key);
    if (!row.variable.empty()) {
      const string_view separator = row.separator == ' ' ? " blanks" : row.separator == ',' ? " commas" : row.separator == ':' ? " colons" : row.separator == '\n' ? " newlines" : "";
      CHECK(manual.contains(".It Ev " + string(row.variable) + " Ta Fl " + string(row.option.substr(1)) + " Ta" + string(separator) + "\n"));
    }
    if (row.shape == Shape::group) continue;
    const string entry = key_entry(keys, row.key);
    const char* trust = row.trust == policy::Trust::free ? "free" : row.trust == policy::Trust::tighten ? "tighten" : "operator";
    CHECK(entry.substr(0, entry.find('\n')).ends_with("Pq Em " + string(trust)));
    for (const string_view word : row.words) {
      INFO("word " << word);
      CHECK(has_word(entry, word));
    }
  }
}

TEST_CASE("manual pages and completions have every volume and every limit", "[cli][pages]") {
  std::vector<string_view> limits;
  for (const KeyRow& row : policy::keys())
    if (row.key.starts_with(kLimitSection) && row.option.empty()) limits.push_back(row.key.substr(kLimitSection.size()));
  REQUIRE(limits.size() == std::size(kBoxLimits) + std::size(kProcessLimits) + 1);
  const string keys = packaged("man/stepbox-policy.5");
  for (const Page& page : pages()) {
    const bool is_bash = page.name == "bash";
    const string volume_words = is_bash ? string(part(page.text, "local volumes=", "\n")) : page.entry(page.text, "--volume");
    const string limit_words = is_bash ? string(part(page.text, "local limits=", "\n")) : page.entry(page.text, "--limit");
    INFO(page.name);
    for (const string_view volume : kVolumeNames) {
      INFO(volume);
      CHECK(has_word(volume_words, volume));
      CHECK(has_word(key_entry(keys, "workspace.volumes"), volume));
    }
    for (const string_view limit : limits) {
      INFO(limit);
      CHECK(has_word(limit_words, limit));
    }
  }
}

TEST_CASE("manual page, completions and helps have every subcommand", "[cli][pages]") {
  const std::vector<Page> all = pages();
  const string& bash = all[0].text;
  const string& zsh = all[1].text;
  const string& fish = all[2].text;
  const string& manual = all[3].text;
  const string_view synopsis = part(manual, ".Sh SYNOPSIS", ".Sh ");
  for (const cli::Subcommand& row : cli::subcommands()) {
    const string name(row.name);
    INFO(name);
    CHECK(has_word(part(bash, "compgen -W \"run ", "\""), name));
    CHECK(part(zsh, "commands=(", ")\n").contains("'" + name + ":"));
    CHECK(fish.contains("-n __fish_use_subcommand -f -a " + name + " -d "));
    CHECK(synopsis.contains(".Cm " + name + "\n"));
    CHECK(manual.contains("\n.It Cm " + name));
    CHECK(cli::general_help().contains(" stepbox " + name + " "));
    CHECK(cli::help_for(name).starts_with("usage: stepbox " + name));
  }
}

TEST_CASE("manual page, completions and help have every word behind policy", "[cli][pages]") {
  const std::vector<Page> all = pages();
  string words;
  for (const string_view word : cli::kPolicyWords) {
    words += (words.empty() ? "" : " ") + string(word);
    INFO(word);
    CHECK(all[3].text.contains("\n.It Cm policy " + string(word) + "\n"));
    CHECK(cli::help_for("policy").contains(" stepbox policy " + string(word)));
  }
  for (size_t shell = 0; shell < 3; ++shell) {
    INFO(all[shell].name);
    CHECK(all[shell].text.contains(words));
  }
}

TEST_CASE("the manual page has every verdict with its meaning", "[cli][pages]") {
  const string manual = packaged("man/stepbox.1");
  for (const VerdictRow& row : kVerdicts) {
    INFO(row.word);
    CHECK(manual.contains(".It Li " + string(row.word) + "\n" + string(row.meaning) + "\n"));
  }
}
