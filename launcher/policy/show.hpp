// A policy in force as a file that says the same.
#pragma once

#include <string>

#include "model/policy.hpp"

namespace stepbox::policy {

// YAML, each value with its origin as a comment behind it. Read again with --policy it makes the same plan: what a
// file, a variable or an option chose stands there, the built-in policies that apply are named by `extends`, and what
// they say is shown in comments. So what nobody chose stays unchosen, which makes a difference to sizes that fit
// themselves to the memory. A value that is no UTF-8 cannot stand in a policy and is a comment, too.
std::string to_yaml(const Policy& policy);

}  // namespace stepbox::policy
