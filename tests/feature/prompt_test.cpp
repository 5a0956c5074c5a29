// The prompt of `stepbox shell` says that this is a box, whatever the user's own prompt is.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/terminal.hpp"

namespace stepbox::feature {
namespace {

constexpr const char* kMark = "(stepbox) ";

struct Shell {
  std::string program;
  const HostFeature* needed;
  std::string start_up;  // below the home: what the shell reads when it starts
  std::string prompt;    // what sets the prompt to "mine> " there
};

std::vector<Shell> shells() {
  return {{"/bin/bash", &bash_shell, ".bashrc", "PS1='mine> '\n"},
          {"/bin/zsh", &zsh_shell, ".zshrc", "PROMPT='mine> '\n"},
          {"/usr/bin/fish", &fish_shell, ".config/fish/config.fish", "function fish_prompt; echo -n 'mine> '; end\n"},
          {"/bin/sh", nullptr, ".shrc", "PS1='mine> '\n"}};
}

Command shell_command(const Place& place, const Shell& shell, std::vector<std::string> options) {
  options.insert(options.begin(), {program("stepbox"), "shell"});
  Command command = place.command(options);
  std::erase_if(command.environment, [](const std::string& entry) { return entry.starts_with("TERM=") || entry.starts_with("SHELL="); });
  command.environment.push_back("SHELL=" + shell.program);
  command.environment.push_back("TERM=xterm");
  return command;
}

// The terminal echoes what is typed, so the expected answer must not occur in it.
void answers(TerminalSession& session) {
  session.type("printf 'it-%s\\n' works\r");
  CHECK(session.shows("it-works"));
}

void ends(TerminalSession& session) {
  session.type("exit 3\r");
  CHECK(session.finish() == 3);
}

}  // namespace

TEST_CASE("every prompt of the shell says that it is in a box", "[prompt]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const Shell shell = GENERATE(from_range(shells()));
  CAPTURE(caller, shell.program);
  if (shell.needed != nullptr && !host_has(*shell.needed)) return;
  const Place place(caller);
  TerminalSession session(shell_command(place, shell, {}));
  CHECK(session.shows(kMark));
  answers(session);
  CHECK(session.shows(kMark));
  ends(session);
  INFO(session.screen());
  CHECK(session.screen().find("(stepbox) (stepbox)") == std::string::npos);
  CHECK(session.screen().find("configuration function for new users") == std::string::npos);
}

TEST_CASE("the user's own prompt stays, after the mark", "[prompt]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const Shell shell = GENERATE(from_range(shells()));
  CAPTURE(caller, shell.program);
  if (shell.needed != nullptr && !host_has(*shell.needed)) return;
  const Place place(caller);
  const fs::path start_up = place.home() / shell.start_up;
  for (fs::path made = place.home(); const fs::path& part : fs::path(shell.start_up).parent_path()) place.make_directory(made /= part);
  place.make_file(start_up, shell.prompt);
  Command command = shell_command(place, shell, {"--home", "host"});
  command.environment.push_back("ENV=" + (place.home() / ".shrc").string());  // sh
  TerminalSession session(command);
  CHECK(session.shows(kMark));
  CHECK(session.shows("mine> "));
  answers(session);
  CHECK(session.shows(kMark));
  CHECK(session.shows("mine> "));
  ends(session);
  INFO(session.screen());
  CHECK(read_file(start_up) == shell.prompt);
}

TEST_CASE("a prompt that the shell computes before each line has the mark too", "[prompt]") {
  REQUIRE_HOST(user_namespaces);
  struct Computed {
    std::string program;
    const HostFeature* needed;
    std::string file;
    std::string text;
  };
  const auto computed = GENERATE(values<Computed>({
      {"/bin/bash", &bash_shell, ".bashrc", "PROMPT_COMMAND='PS1=\"mine $? > \";'\n"},
      {"/bin/bash", &bash_shell, ".bashrc", "PROMPT_COMMAND=('PS1=\"mine $? > \"' true)\n"},
      {"/bin/zsh", &zsh_shell, ".zshrc", "precmd() { PROMPT=\"mine $? > \" }\n"},
  }));
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller, computed.program, computed.text);
  if (!host_has(*computed.needed)) return;
  const Place place(caller);
  place.make_file(place.home() / computed.file, computed.text);
  TerminalSession session(shell_command(place, {computed.program, nullptr, "", ""}, {"--home", "host"}));
  CHECK(session.shows("(stepbox) mine 0 > "));
  session.type("(exit 7)\r");
  CHECK(session.shows("(stepbox) mine 7 > "));
  ends(session);
  INFO(session.screen());
}

TEST_CASE("variables for the prompt reach the shell alone", "[prompt]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const Shell shell = GENERATE(from_range(shells()));
  CAPTURE(caller, shell.program);
  if (shell.needed != nullptr && !host_has(*shell.needed)) return;
  const Place place(caller);
  Command command = shell_command(place, shell, {});
  command.environment.push_back("ENV=/a/file that's mine");
  TerminalSession session(command);
  REQUIRE(session.shows(kMark));
  session.type("env | sed -n 's/^ZDOTDIR=/zdotdir /p; s/^ENV=/env /p; s/^PS1=/ps1 /p; s/^PROMPT_COMMAND=/command /p; $s/.*/the e''nd/p'\r");
  CHECK(session.shows("env /a/file that's mine"));
  CHECK(session.shows("the end"));
  ends(session);
  INFO(session.screen());
  for (const char* foreign : {"\nzdotdir ", "\nps1 ", "\ncommand "}) CHECK(session.screen().find(foreign) == std::string::npos);
}

TEST_CASE("a shell without a box has the mark as well", "[prompt]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Shell shell = GENERATE(from_range(shells()));
  CAPTURE(caller, shell.program);
  if (shell.needed != nullptr && !host_has(*shell.needed)) return;
  const Place place(caller);
  TerminalSession session(shell_command(place, shell, {"--isolation", "env"}));
  CHECK(session.shows(kMark));
  ends(session);
  INFO(session.screen());
}

TEST_CASE("a shell that stepbox does not know starts unchanged", "[prompt]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path script = place.make_file(place.checkout() / "odd-shell", "#!/bin/sh\necho \"odd $#\"\n", 0755);
  TerminalSession session(shell_command(place, {script, nullptr, "", ""}, {}));
  CHECK(session.shows("odd 0"));
  CHECK(session.finish() == 0);
  INFO(session.screen());
}

}  // namespace stepbox::feature
