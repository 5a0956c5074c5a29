// The subcommands: each takes the words after its name and returns the exit code.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stepbox::cli {

using Arguments = std::span<const std::string>;

// The words that may follow `policy`.
inline constexpr std::string_view kPolicyWords[] = {"list", "show", "check", "schema"};

int run_command(Arguments arguments);
int shell_command(Arguments arguments);
int explain_command(Arguments arguments);
int doctor_command(Arguments arguments);
int policy_command(Arguments arguments);
int caches_command(Arguments arguments);
int sweep_command(Arguments arguments);
int warm_command(Arguments arguments);

}  // namespace stepbox::cli
