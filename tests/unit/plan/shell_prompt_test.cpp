#include "plan/shell_prompt.hpp"

#include <algorithm>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

Plan marked(const std::string& shell, HostFacts facts = user_facts(), Policy policy = default_policy()) {
  Plan plan = plan_of(facts, policy, {shell});
  plan::mark_prompt(plan);
  return plan;
}

std::string file_of(const Plan& plan, std::string_view target) {
  const auto found = std::ranges::find(plan.files.cache_directories, target, &MountCall::target);
  return found == plan.files.cache_directories.end() ? "(none)" : found->source;
}

std::string value_of(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  return found == plan.step.environment.end() ? "(unset)" : found->value;
}

}  // namespace

TEST_CASE("each shell that is known gets its mark in its own way", "[plan][prompt]") {
  const Plan bash = marked("/bin/bash");
  CHECK(bash.step.argv == std::vector<std::string>{"/bin/bash", "--rcfile", "/box/.shell/bashrc"});
  CHECK(file_of(bash, "box/.shell/bashrc").find("(stepbox) $PS1") != std::string::npos);
  const Plan zsh = marked("/usr/bin/zsh");
  CHECK(zsh.step.argv.size() == 1);
  CHECK(value_of(zsh, "ZDOTDIR") == "/box/.shell");
  CHECK(file_of(zsh, "box/.shell/.zshenv").starts_with("unset ZDOTDIR\n"));
  CHECK(file_of(zsh, "box/.shell/.zshrc").find("(stepbox) $PROMPT") != std::string::npos);
  const Plan fish = marked("/usr/bin/fish");
  CHECK(fish.step.argv.size() == 3);
  CHECK(fish.step.argv[1] == "--init-command");
  const Plan sh = marked("/bin/sh");
  CHECK(value_of(sh, "ENV") == "/box/.shell/shrc");
}

TEST_CASE("a shell that is not known is left alone", "[plan][prompt]") {
  const Plan plan = marked("/opt/odd/nu");
  CHECK(plan.step.argv == std::vector<std::string>{"/opt/odd/nu"});
  CHECK(file_of(plan, "box/.shell") == "(none)");
}

TEST_CASE("a variable that is lent to the shell is put right by what it reads", "[plan][prompt]") {
  HostFacts facts = user_facts();
  facts.environment.push_back("ENV=/home/bob/it's mine");
  facts.environment.push_back("ZDOTDIR=/home/bob/zsh");
  CHECK(file_of(marked("sh", facts), "box/.shell/shrc").starts_with("ENV='/home/bob/it'\\''s mine'\n"));
  CHECK(file_of(marked("zsh", facts), "box/.shell/.zshenv").starts_with("ZDOTDIR='/home/bob/zsh'\n"));
}

TEST_CASE("what is made for the prompt is not taken from the step's inodes", "[plan][prompt]") {
  const Plan before = plan_of(user_facts(), default_policy(), {"zsh"});
  const Plan plan = marked("zsh");
  CHECK(plan.files.volumes[0].inodes == before.files.volumes[0].inodes);
  CHECK(plan.files.volumes[0].own_inodes == before.files.volumes[0].own_inodes + 3);
  const auto workspace = std::ranges::find(plan.files.mounts, 0, &MountCall::volume);
  const auto option = std::ranges::find(workspace->options, "nr_inodes", &std::pair<std::string, std::string>::first);
  CHECK(option->second == std::to_string(plan.files.volumes[0].inodes + plan.files.volumes[0].own_inodes));
}

TEST_CASE("without a box the shell's files are in its own directory", "[plan][prompt]") {
  HostFacts facts = user_facts();
  facts.private_directory = "/tmp/stepbox-box-x";
  Policy policy = default_policy();
  policy.isolation.value = Isolation::env;
  const Plan plan = marked("bash", facts, policy);
  CHECK(plan.step.argv.back() == "/tmp/stepbox-box-x/.shell/bashrc");
  CHECK(file_of(plan, ".shell/bashrc") != "(none)");
}
