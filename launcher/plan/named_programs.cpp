#include "plan/named_programs.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace stepbox::plan {
namespace {

enum class Kind : uint8_t {
  interpreter,  // the first operand is a script
  starter       // after `operands` words comes another command
};

enum class Dialect : uint8_t {
  getopt,  // -xVALUE and -x VALUE, --long VALUE and --long=VALUE
  shell,   // -eo pipefail: the argument is the next word, wherever the letter stands; + as -
  words    // -File: one dash, no clusters, letters of any case
};

// How to read a program's command line up to its operands. Letters are short options; lists of words are separated by
// blanks.
struct Grammar {
  std::string_view names;  // base names; a version may follow (python3.11)
  Kind kind;
  Dialect dialect = Dialect::getopt;
  std::string_view taking = {};        // with an argument
  std::string_view taking_words = {};
  std::string_view rest = {};          // letters whose argument is the rest of the word, if anything
  std::string_view ending = {};        // no file is executed after these: -c COMMAND
  std::string_view ending_words = {};
  std::string_view naming_words = {};  // whose argument is the script: -File
  int operands = 0;                    // of a starter, before its command
  bool assignments = false;            // NAME=VALUE may come before the command
};

constexpr Grammar kGrammars[] = {
    {.names = "sh bash dash ash ksh mksh zsh", .kind = Kind::interpreter, .dialect = Dialect::shell, .taking = "oO",
     .taking_words = "--rcfile --init-file", .ending = "cs"},
    {.names = "python pypy", .kind = Kind::interpreter, .taking = "WXQ", .taking_words = "--check-hash-based-pycs", .ending = "cm"},
    {.names = "perl", .kind = Kind::interpreter, .taking = "I", .rest = "MmiF0CDxdV", .ending = "eE"},
    {.names = "ruby", .kind = Kind::interpreter, .taking = "IrEC", .rest = "WKFxiT0", .ending = "e"},
    {.names = "node nodejs", .kind = Kind::interpreter, .taking = "rC",
     .taking_words = "--require --import --loader --experimental-loader --conditions --env-file --title --input-type "
                     "--stack-trace-limit --max-http-header-size --diagnostic-dir --redirect-warnings --icu-data-dir",
     .ending = "ep", .ending_words = "--eval --print"},
    {.names = "php", .kind = Kind::interpreter, .taking = "cdz", .ending = "rRBESs", .naming_words = "-f --file"},
    {.names = "lua luajit", .kind = Kind::interpreter, .taking = "el"},
    {.names = "Rscript", .kind = Kind::interpreter, .taking = "g", .ending = "e"},
    {.names = "tclsh wish", .kind = Kind::interpreter, .dialect = Dialect::words, .taking_words = "-encoding"},
    {.names = "java", .kind = Kind::interpreter, .dialect = Dialect::words,
     .taking_words = "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-reads "
                     "--add-exports --add-opens --limit-modules --source",
     .ending_words = "-m --module", .naming_words = "-jar"},
    {.names = "pwsh powershell", .kind = Kind::interpreter, .dialect = Dialect::words,
     .taking_words = "-executionpolicy -ep -ex -workingdirectory -wd -wo -configurationname -config -settingsfile -settings "
                     "-inputformat -inp -if -outputformat -o -of -custompipename -windowstyle -w -version -v",
     .ending_words = "-command -c -encodedcommand -e -ec -commandwithargs -cwa", .naming_words = "-file -f"},
    {.names = "env", .kind = Kind::starter, .taking = "uC", .taking_words = "--unset --chdir", .ending = "S",
     .ending_words = "--split-string", .assignments = true},
    {.names = "timeout", .kind = Kind::starter, .taking = "ks", .taking_words = "--kill-after --signal", .operands = 1},
    {.names = "nice", .kind = Kind::starter, .taking = "n", .taking_words = "--adjustment"},
    {.names = "ionice", .kind = Kind::starter, .taking = "cn", .taking_words = "--class --classdata", .ending = "pPu"},
    {.names = "taskset chrt", .kind = Kind::starter, .ending = "p", .operands = 1},
    {.names = "stdbuf", .kind = Kind::starter, .taking = "ioe", .taking_words = "--input --output --error"},
    {.names = "time", .kind = Kind::starter, .taking = "fo", .taking_words = "--format --output"},
    {.names = "nohup setsid busybox", .kind = Kind::starter},
    {.names = "fakeroot", .kind = Kind::starter, .taking = "lfsib", .taking_words = "--lib --faked"},
    {.names = "xvfb-run", .kind = Kind::starter, .taking = "efnpsw",
     .taking_words = "--error-file --auth-file --server-num --xauth-protocol --server-args --wait"},
    {.names = "tini", .kind = Kind::starter, .taking = "pe"},
};

bool is_one_of(std::string_view word, std::string_view list) {
  for (const std::string_view entry : split(list, ' '))
    if (word == entry) return !word.empty();
  return false;
}

// "/usr/bin/python3.11" is "python".
std::string_view name_without_version(std::string_view program) {
  const std::string_view name = program_name(program);
  const size_t end = name.find_last_not_of("0123456789.");
  return end == std::string_view::npos ? name : name.substr(0, end + 1);
}

const Grammar* grammar_of(std::string_view program) {
  const std::string_view name = name_without_version(program);
  const auto* found = std::ranges::find_if(kGrammars, [&](const Grammar& grammar) { return is_one_of(name, grammar.names); });
  return found == std::end(kGrammars) ? nullptr : found;
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

class Reader {
 public:
  Reader(const Grammar& grammar, std::span<const std::string> words) : grammar_(grammar), words_(words) {}

  // The index of the word that names the next file, if any.
  std::optional<size_t> find() {
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (word == "--") return operand(at_ + 1);
      if (grammar_.assignments && (word == "-" || (word[0] != '-' && word.contains('=')))) continue;
      if (!is_option(word)) return word == "-" ? after_dash() : operand(at_);
      if (!take(word)) return named_ ? existing(*named_) : std::nullopt;
    }
    return std::nullopt;
  }

 private:
  bool is_option(const std::string& word) const {
    return word.size() > 1 && (word[0] == '-' || (word[0] == '+' && grammar_.dialect == Dialect::shell));
  }
  std::optional<size_t> existing(size_t at) const { return at < words_.size() ? std::optional(at) : std::nullopt; }
  std::optional<size_t> operand(size_t at) const { return existing(at + static_cast<size_t>(grammar_.operands)); }
  // For a shell "-" means "--", for others standard input.
  std::optional<size_t> after_dash() const {
    return grammar_.dialect == Dialect::shell ? existing(at_ + 1) : std::nullopt;
  }

  // Skips an option and its argument. False if the option ends the search, with or without naming a file.
  bool take(const std::string& word) {
    const std::string text = grammar_.dialect == Dialect::words ? in_small_letters(word) : word;
    const std::string_view key = std::string_view(text).substr(0, text.find('='));
    const bool has_value = key.size() < text.size();
    if (is_one_of(key, grammar_.ending_words)) return false;
    if (is_one_of(key, grammar_.naming_words)) {
      if (!has_value) named_ = at_ + 1;
      return false;
    }
    if (is_one_of(key, grammar_.taking_words)) {
      if (!has_value) ++at_;
      return true;
    }
    if (text.starts_with("--") || grammar_.dialect == Dialect::words) return true;
    return take_letters(std::string_view(text).substr(1));
  }

  bool take_letters(std::string_view letters) {
    for (size_t i = 0; i < letters.size(); ++i) {
      const char c = letters[i];
      if (grammar_.ending.contains(c)) return false;
      if (grammar_.rest.contains(c)) return true;
      if (!grammar_.taking.contains(c)) continue;
      if (grammar_.dialect == Dialect::shell) {
        ++at_;
      } else {
        if (i + 1 == letters.size()) ++at_;
        return true;
      }
    }
    return true;
  }

  const Grammar& grammar_;
  std::span<const std::string> words_;
  size_t at_ = 1;
  std::optional<size_t> named_;
};

}  // namespace

std::vector<NamedProgram> named_programs(std::span<const std::string> argv) {
  std::vector<NamedProgram> found;
  while (!argv.empty()) {
    found.push_back({argv.front(), NamedAs::program});
    const Grammar* grammar = grammar_of(argv.front());
    if (grammar == nullptr) break;
    const std::optional<size_t> next = Reader(*grammar, argv).find();
    if (!next) break;
    argv = argv.subspan(*next);
    if (grammar->kind == Kind::starter) continue;
    found.push_back({argv.front(), NamedAs::script});
    break;
  }
  return found;
}

}  // namespace stepbox::plan
