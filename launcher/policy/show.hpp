// Writes a policy in force as an equivalent file.
#pragma once

#include <string>

#include "model/policy.hpp"

namespace stepbox::policy {

// YAML, with the origin of each value in a comment after it. Read again with --policy, it gives the same plan: values
// that a file, a variable or an option chose are written out, `extends` names the built-in policies that apply, and
// their values appear in comments. So an unchosen value stays unchosen, which matters for sizes that adapt to the
// memory. A value that is not UTF-8 cannot appear in a policy, and is a comment too.
std::string to_yaml(const Policy& policy);

// "sha256:" and 64 digits, over the values of all keys, chosen or built in, except for the values of variables. Two runs
// with the same digest were under the same policy, wherever its values came from.
std::string digest(const Policy& policy);

}  // namespace stepbox::policy
