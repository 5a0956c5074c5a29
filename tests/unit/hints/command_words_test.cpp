#include "hints/command_words.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

// "a b|c >d": commands separated by bars, words by blanks, targets behind ">", words that an expansion decides in "?".
std::string text_of(const std::vector<hints::SimpleCommand>& commands) {
  std::string out;
  for (const hints::SimpleCommand& command : commands) {
    out += out.empty() ? "" : "|";
    for (size_t i = 0; i < command.size(); ++i)
      out += (i == 0 ? "" : " ") + std::string(command[i].is_target ? ">" : "") + (command[i].is_literal ? command[i].text : "?");
  }
  return out;
}

std::string read(std::string_view text) { return text_of(hints::shell_commands(text)); }

struct Row {
  const char* text;
  const char* commands;
};
const Row kRows[] = {
    {"", ""},
    {"make all", "make all"},
    {"a; b && c || d | e & f", "a|b|c|d|e|f"},
    {"a\nb\n\n  c  # not d\n", "a|b|c"},
    {"(cd x; y)", "cd x|y"},
    {"if a; then b; elif c; then d; else e; fi", "a|b|c|d|e"},
    {"while ! a; do b; done", "a|b"},
    {"for x in 1 2; do b; done", "b"},
    {"A=1 B=\"x y\" make", "make"},
    {"A=1", ""},
    {"exec a", "a"},
    {"{ a; }", "a"},
    {"[ -f /x ] && a", "a"},
    {"echo 'a b' \"c d\" e\\ f", "echo a b c d e f"},
    {"echo 'a; b' \"; c\"", "echo a; b ; c"},
    {"echo x > /a/b", "echo x >/a/b"},
    {"echo x >>/a 2>/dev/null 2>&1", "echo x >/a >/dev/null"},
    {">/a echo x", "echo >/a x"},
    {"cat < /a/b /c", "cat /c"},
    {"a $x ${y} `z` *.c", "a ? ? ? ?"},
    {"x=$(tool a)", "tool a"},
    {"cat \"$HOME/x\" ${HOME}/y $HOMEX/z ~/w", "cat ~/x ~/y ? ~/w"},
    {"a <<E\nb\nE\n", "a"},
    {"a 'unfinished", "a unfinished"},
    {"a \\", "a "},
    {"$tool x", "? x"},
};

}  // namespace

TEST_CASE("a shell's text is taken apart into commands and words", "[failure-hints]") {
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    CHECK(read(row.text) == row.commands);
  }
}

TEST_CASE("a text of any length ends", "[failure-hints]") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "a;";
  CHECK(hints::shell_commands(text).size() == 256);
}

TEST_CASE("the shell of a command line is looked into", "[failure-hints]") {
  const auto commands = [](const std::vector<std::string>& argv) { return text_of(hints::read_command_line(argv).commands); };
  CHECK(commands({"make", "all"}) == "make all");
  CHECK(commands({"sh", "-c", "a; b", "c"}) == "sh -c a; b c|a|b");
  CHECK(commands({"bash", "-o", "pipefail", "-ec", "a"}) == "bash -o pipefail -ec a|a");
  CHECK(commands({"env", "A=1", "sh", "-c", "a"}) == "env A=1 sh -c a|sh -c a|a");
  CHECK(commands({"python3", "-c", "a"}) == "python3 -c a");
  CHECK(commands({"sh", "-c"}) == "sh -c");
  CHECK(commands({"sh", "-e", "x.sh"}) == "sh -e x.sh");
  CHECK(hints::read_command_line({"sh", "-e", "x.sh"}).script == "x.sh");
  CHECK(hints::read_command_line({"./x.sh"}).script == "./x.sh");
  CHECK_FALSE(hints::read_command_line({"sh", "-c", "a"}).script);
}

TEST_CASE("the programs of a script are told from the shell's own commands", "[failure-hints]") {
  using Names = std::vector<std::string>;
  CHECK(hints::programs_of_script("set -e\nexport A=1\nif true; then\n  mytool x\nfi\nhelper() { echo; }\nhelper\n") == Names{"mytool"});
  CHECK(hints::programs_of_script("#!/usr/bin/env bash\nmytool\n") == Names{"mytool"});
  CHECK(hints::programs_of_script("#!/usr/bin/python3\nimport x\n").empty());
  CHECK(hints::programs_of_script("case $x in\na) mytool;;\nesac\n").empty());
  CHECK(hints::programs_of_script(". ./lib.sh\nmytool\n").empty());
}
