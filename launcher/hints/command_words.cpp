#include "hints/command_words.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "plan/named_programs.hpp"

namespace stepbox::hints {
namespace {

constexpr size_t kLongestText = size_t{64} << 10;
constexpr size_t kMostCommands = 256;

constexpr std::string_view kShells[] = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"};
// Words that a command's name follows.
constexpr std::string_view kBeforeCommands[] = {"{",  "!",    "if",   "then", "elif",    "else",   "while",
                                                "do", "time", "exec", "until", "command", "builtin"};
// Words that are no commands, and whose operands are not opened as paths.
constexpr std::string_view kNoCommands[] = {"for", "case", "select", "function", "fi", "done", "esac", "}", "[", "[[", "test"};

// Commands of the shell itself.
constexpr std::string_view kBuiltins[] = {
    ":",       "[",       "alias",    "bg",    "bind",     "break",  "builtin", "caller",   "cd",     "command", "compgen", "complete",
    "continue", "declare", "dirs",    "disown", "echo",    "enable", "eval",    "exec",     "exit",   "export",  "false",   "fc",
    "fg",      "getopts", "hash",     "help",  "history",  "jobs",   "kill",    "let",      "local",  "logout",  "mapfile", "popd",
    "print",   "printf",  "pushd",    "pwd",   "read",     "readarray", "readonly", "return", "set",  "setopt",  "shift",   "shopt",
    "suspend", "test",    "times",    "trap",  "true",     "type",   "typeset", "ulimit",   "umask",  "unalias", "unset",   "wait"};
constexpr std::string_view kReadsFile[] = {".", "source", "eval"};
constexpr std::string_view kDoubtful[] = {"esac", "=(", "((", "[["};

template <size_t kCount>
bool is_one_of(std::string_view word, const std::string_view (&list)[kCount]) {
  return std::ranges::find(list, word) != std::end(list);
}

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool is_assignment(std::string_view word) {
  const size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 && (word[0] < '0' || word[0] > '9') &&
         std::ranges::all_of(word.substr(0, equals), is_name_character);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text.substr(0, kLongestText)) {}

  std::vector<SimpleCommand> read() {
    while (at_ < text_.size() && commands_.size() < kMostCommands && !is_over_) take(text_[at_]);
    end_command();
    return std::move(commands_);
  }

 private:
  void take(char c) {
    if (c == ' ' || c == '\t') return end_word(), void(++at_);
    if (std::string_view(";&|\n()").contains(c)) return end_command(), void(++at_);
    if (c == '>' || c == '<') return take_redirection(c);
    if (c == '#' && !in_word_) return void(at_ = std::min(text_.find('\n', at_), text_.size()));
    in_word_ = true;
    if (c == '\'') return take_single_quotes();
    if (c == '"') return is_quoted_ = !is_quoted_, take_double_quotes();
    if (c == '\\') return take_escaped();
    take_character(c);
  }

  // A digit before the redirection is a descriptor number.
  void take_redirection(char c) {
    if (word_.text.size() == 1 && word_.text[0] >= '0' && word_.text[0] <= '9') word_ = {}, in_word_ = false;
    end_word();
    ++at_;
    if (at_ < text_.size() && text_[at_] == c) {
      // A here-document: the text that follows is no command.
      if (c == '<') is_over_ = true;
      ++at_;
    }
    if (at_ < text_.size() && text_[at_] == '|') ++at_;
    if (at_ < text_.size() && text_[at_] == '&') {
      ++at_;
      is_descriptor_ = true;
    }
    is_target_ = c == '>';
    is_source_ = c == '<';
  }

  void take_single_quotes() {
    const size_t end = std::min(text_.find('\'', at_ + 1), text_.size());
    word_.text += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void take_double_quotes() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') take_escaped();
      else take_character(text_[at_]);
    }
    is_quoted_ = false;
    ++at_;
  }

  void take_escaped() {
    if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') word_.text += text_[at_ + 1];
    at_ += 2;
  }

  void take_character(char c) {
    if (c == '$' && take_home()) return;
    const bool is_pattern = !is_quoted_ && std::string_view("*?[{").contains(c);
    if (c == '$' || c == '`' || is_pattern) word_.is_literal = false;
    if (c == '~' && is_quoted_) word_.is_literal = false;
    word_.text += c;
    ++at_;
  }

  bool take_home() {
    for (const std::string_view name : {"$HOME", "${HOME}"}) {
      if (!word_.text.empty() || !text_.substr(at_).starts_with(name)) continue;
      const size_t end = at_ + name.size();
      if (end < text_.size() && is_name_character(text_[end])) continue;
      word_.text = "~";
      at_ = end;
      return true;
    }
    return false;
  }

  void end_word() {
    if (in_word_ && !is_descriptor_ && !is_source_) {
      word_.is_target = is_target_;
      add(std::move(word_));
    }
    if (in_word_) is_target_ = is_source_ = is_descriptor_ = false;
    word_ = {};
    in_word_ = false;
  }

  void add(Word word) {
    const bool is_first = std::ranges::all_of(command_, &Word::is_target);
    if (is_first && !word.is_target && (is_one_of(word.text, kBeforeCommands) || is_assignment(word.text))) return;
    // Keeps the command's name first.
    if (is_first && !word.is_target) command_.insert(command_.begin(), std::move(word));
    else command_.push_back(std::move(word));
  }

  void end_command() {
    end_word();
    is_target_ = is_source_ = is_descriptor_ = false;
    const bool is_one = !command_.empty() && !command_.front().is_target && !is_one_of(command_.front().text, kNoCommands);
    if (is_one) commands_.push_back(std::move(command_));
    command_.clear();
  }

  std::string_view text_;
  size_t at_ = 0;
  Word word_;
  bool in_word_ = false;
  bool is_quoted_ = false;  // by double quotes
  bool is_target_ = false;
  bool is_source_ = false;
  bool is_descriptor_ = false;  // 2>&1
  bool is_over_ = false;
  SimpleCommand command_;
  std::vector<SimpleCommand> commands_;
};

// The text after -c, if the words start a shell.
std::optional<std::string> text_for_shell(std::span<const std::string> words) {
  if (words.empty() || !is_one_of(plan::program_name(words.front()), kShells)) return std::nullopt;
  bool is_text = false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool is_option = word.size() > 1 && (word[0] == '-' || word[0] == '+');
    if (!is_option) return is_text ? std::optional(word) : std::nullopt;
    if (word.starts_with("--")) continue;
    is_text = is_text || (word[0] == '-' && word.contains('c'));
    if (word.find_first_of("oO") != std::string::npos) ++i;
  }
  return std::nullopt;
}

bool is_program_character(char c) { return is_name_character(c) || std::string_view("-+.").contains(c); }

// A script without "#!" counts as one: a shell was told to run it.
bool is_shell_script(std::string_view text) {
  if (!text.starts_with("#!")) return true;
  const std::string_view line = text.substr(2, text.find('\n') - 2);
  return std::ranges::any_of(split(line, ' '), [](std::string_view word) { return is_one_of(plan::program_name(word), kShells); });
}

// Whether the script makes the name a function or an alias.
bool is_defined(const std::string& name, std::string_view text) {
  const std::string ways[] = {name + "()", name + " ()", "function " + name, "alias " + name + "="};
  return std::ranges::any_of(ways, [&](const std::string& way) { return text.contains(way); });
}

SimpleCommand words_of(std::span<const std::string> argv) {
  SimpleCommand command;
  for (const std::string& word : argv) command.push_back({.text = word});
  return command;
}

}  // namespace

std::vector<SimpleCommand> shell_commands(std::string_view text) { return Lexer(text).read(); }

std::vector<std::string> programs_of_script(std::string_view text) {
  const bool is_doubtful = std::ranges::any_of(kDoubtful, [&](std::string_view part) { return text.contains(part); });
  if (is_doubtful || !is_shell_script(text)) return {};
  const std::vector<SimpleCommand> commands = shell_commands(text);
  const auto reads_other_file = [](const SimpleCommand& command) { return is_one_of(command.front().text, kReadsFile); };
  if (std::ranges::any_of(commands, reads_other_file)) return {};
  std::vector<std::string> names;
  for (const SimpleCommand& command : commands) {
    const Word& name = command.front();
    const bool is_named = name.is_literal && std::ranges::all_of(name.text, is_program_character);
    if (is_named && !is_one_of(name.text, kBuiltins) && !is_defined(name.text, text)) names.push_back(name.text);
  }
  return names;
}

CommandLine read_command_line(const std::vector<std::string>& argv) {
  CommandLine line;
  std::span<const std::string> rest = argv;
  for (const plan::NamedProgram& named : plan::named_programs(argv)) {
    const auto found = std::ranges::find(rest, named.word);
    if (found == rest.end()) break;
    rest = rest.subspan(static_cast<size_t>(found - rest.begin()));
    // A program that starts another one counts as a command that includes the other's words.
    if (named.as == plan::NamedAs::program) line.commands.push_back(words_of(rest));
    if (named.as == plan::NamedAs::script || named.word.contains('/')) line.script = named.word;
    if (const std::optional<std::string> text = text_for_shell(rest); text && named.as == plan::NamedAs::program)
      std::ranges::move(shell_commands(*text), std::back_inserter(line.commands));
    if (named.as == plan::NamedAs::program && rest.size() > 1) rest = rest.subspan(1);
  }
  return line;
}

}  // namespace stepbox::hints
