#include "plan/shell_prompt.hpp"

#include <algorithm>
#include <string>

#include "plan/named_programs.hpp"

namespace stepbox::plan {
namespace {

constexpr std::string_view kDirectory = ".shell";

// Start-up files may compute the prompt anew before each line, which would drop a mark set once. So bash and zsh set
// the mark before each line, after everything else, unless the prompt has it already.

// bash reads this instead of ~/.bashrc. PROMPT_COMMAND contains the code itself and calls no function: if the caller
// exports the variable, it reaches nested bashes, which would not have the function.
constexpr std::string_view kBash = R"(if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
case $(declare -p PROMPT_COMMAND 2> /dev/null) in
  "declare -a"*) PROMPT_COMMAND+=('case $PS1 in *"(stepbox) "*) ;; *) PS1="(stepbox) $PS1" ;; esac') ;;
  *) PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}"'case $PS1 in *"(stepbox) "*) ;; *) PS1="(stepbox) $PS1" ;; esac' ;;
esac
)";

// zsh looks for both files in ZDOTDIR. They restore it before they read the caller's own files, which may look at it
// or change it.
constexpr std::string_view kZshenv = R"(if [[ -r ${ZDOTDIR-~}/.zshenv ]]; then . ${ZDOTDIR-~}/.zshenv; fi
typeset -g stepbox_zdotdir=${ZDOTDIR-}
)";
constexpr std::string_view kZshrc = R"(if [[ -n $stepbox_zdotdir ]]; then ZDOTDIR=$stepbox_zdotdir; else unset ZDOTDIR; fi
unset stepbox_zdotdir
if [[ -r ${ZDOTDIR-~}/.zshrc ]]; then . ${ZDOTDIR-~}/.zshrc; fi
stepbox_prompt() { [[ $PROMPT == *'(stepbox) '* ]] || PROMPT="(stepbox) $PROMPT" }
typeset -ga precmd_functions
precmd_functions+=(stepbox_prompt)
)";

// fish prints this before every prompt of any kind, and preserves $status for it.
constexpr std::string_view kFish = "functions -q fish_mode_prompt; and functions -c fish_mode_prompt stepbox_mode_prompt; "
                                   "function fish_mode_prompt; echo -n '(stepbox) '; "
                                   "functions -q stepbox_mode_prompt; and stepbox_mode_prompt; end";

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) c == '\'' ? quoted += "'\\''" : quoted += c;
  return quoted + "'";
}

EnvEntry* find(Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  return found == plan.step.environment.end() ? nullptr : &*found;
}

// Sets the variable for the shell's start, and returns the script line that restores it.
std::string lend(Plan& plan, const std::string& name, const std::string& value) {
  EnvEntry* entry = find(plan, name);
  const std::string line = entry != nullptr ? name + "=" + single_quoted(entry->value) + "\n" : "unset " + name + "\n";
  if (entry == nullptr) entry = &plan.step.environment.emplace_back();
  *entry = {name, value, EnvCause::stepbox, {}, {}};
  return line;
}

// Entries made for the shell must not count against the step's inodes.
void count_inode(Plan& plan) {
  if (plan.files.volumes.empty()) return;
  PlannedVolume& workspace = plan.files.volumes.front();
  ++workspace.own_inodes;
  for (MountCall& call : plan.files.mounts)
    for (auto& [key, value] : call.options)
      if (call.volume == 0 && key == "nr_inodes") value = std::to_string(workspace.inodes + workspace.own_inodes);
}

std::string path_in_box(const Plan& plan, std::string_view name) {
  std::string path = plan.files.box + "/" + std::string(kDirectory);
  return name.empty() ? path : path + "/" + std::string(name);
}

void make(Plan& plan, MountAct act, std::string_view name, std::string text, uint32_t mode) {
  std::string target = path_in_box(plan, name);
  // Relative to the box root; without a box, to the workspace.
  target.erase(0, plan.confinement.isolation == Isolation::full ? 1 : plan.files.box.size() + 1);
  plan.files.cache_directories.push_back({.act = act, .source = std::move(text), .target = std::move(target), .mode = mode, .why = "the shell's prompt"});
  count_inode(plan);
}

void make_directory(Plan& plan) { make(plan, MountAct::directory, {}, {}, 0755); }
void make_file(Plan& plan, std::string_view name, std::string text) { make(plan, MountAct::file, name, std::move(text), 0644); }

void mark_bash(Plan& plan) {
  make_directory(plan);
  make_file(plan, "bashrc", std::string(kBash));
  plan.step.argv.insert(plan.step.argv.end(), {"--rcfile", path_in_box(plan, "bashrc")});
}

void mark_zsh(Plan& plan) {
  make_directory(plan);
  const std::string own = path_in_box(plan, {});
  const std::string put_right = lend(plan, "ZDOTDIR", own);
  make_file(plan, ".zshenv", put_right + std::string(kZshenv) + "export ZDOTDIR=" + single_quoted(own) + "\n");
  make_file(plan, ".zshrc", std::string(kZshrc));
}

void mark_fish(Plan& plan) { plan.step.argv.insert(plan.step.argv.end(), {"--init-command", std::string(kFish)}); }

// POSIX shells read the file that ENV names, and do not recompute their prompt.
void mark_sh(Plan& plan) {
  make_directory(plan);
  const std::string put_right = lend(plan, "ENV", path_in_box(plan, "shrc"));
  make_file(plan, "shrc", put_right + "if [ -n \"${ENV-}\" ] && [ -r \"$ENV\" ]; then . \"$ENV\"; fi\nPS1=\"(stepbox) $PS1\"\n");
}

struct ShellRow {
  std::string_view name;
  void (*mark)(Plan& plan);
};

constexpr ShellRow kShells[] = {{"bash", mark_bash}, {"zsh", mark_zsh}, {"fish", mark_fish},
                                {"sh", mark_sh},     {"dash", mark_sh}, {"ash", mark_sh}};

}  // namespace

void mark_prompt(Plan& plan) {
  const std::string program = plan.step.argv.front();
  const auto* row = std::ranges::find(kShells, program_name(program), &ShellRow::name);
  if (row != std::end(kShells)) row->mark(plan);
}

}  // namespace stepbox::plan
