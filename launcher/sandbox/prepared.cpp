#include "sandbox/prepared.hpp"

#include <utility>

namespace stepbox::sandbox {
namespace {

std::string map_text(const std::vector<IdExtent>& extents) {
  std::string text;
  for (const IdExtent& extent : extents)
    text += std::to_string(extent.inside) + " " + std::to_string(extent.outside) + " " + std::to_string(extent.count) + "\n";
  return text;
}

// execve(2) takes char* but does not write through them.
char* pointer_to(const std::string& text) { return const_cast<char*>(text.c_str()); }

}  // namespace

Prepared::Prepared(const Plan& the_plan, const CallerState& the_caller, BoxGroups the_groups, int the_private_directory)
    : plan(the_plan),
      caller(the_caller),
      groups(std::move(the_groups)),
      private_directory(the_private_directory),
      uid_map(map_text(plan.identity.uids)),
      gid_map(map_text(plan.identity.gids)),
      owner_uid(std::to_string(plan.identity.owner_uid)),
      owner_gid(std::to_string(plan.identity.owner_gid)) {
  for (const std::string& argument : plan.step.argv) argv.push_back(pointer_to(argument));
  argv.push_back(nullptr);
  static char shell[] = "sh";
  shell_argv.push_back(shell);
  shell_argv.push_back(nullptr);  // the program, set once it is known
  for (size_t i = 1; i < plan.step.argv.size(); ++i) shell_argv.push_back(pointer_to(plan.step.argv[i]));
  shell_argv.push_back(nullptr);
  environment_text_.reserve(plan.step.environment.size());
  for (const EnvEntry& entry : plan.step.environment) {
    environment_text_.push_back(entry.has_value ? entry.name + "=" + entry.value : entry.name);
    environment.push_back(pointer_to(environment_text_.back()));
    if (entry.name == "LISTEN_PID" && entry.cause == EnvCause::stepbox && plan.confinement.isolation != Isolation::full)
      listen_pid = environment.back() + entry.name.size() + 1;
  }
  environment.push_back(nullptr);
  for (const std::string& program : plan.step.programs) programs.push_back(program.c_str());
  for (const int capability : plan.identity.capabilities) kept_capabilities |= uint64_t{1} << capability;
}

}  // namespace stepbox::sandbox
