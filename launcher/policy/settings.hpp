// Settings: how options and variables spell them, and how they enter a policy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

// The setting that an option's operand spells: "--env CI=true" gives the name "CI" and the value "true".
// The operand of a flag is "true". Errors name the option by `origin.place`.
Result<Setting> setting_from_text(const KeyRow& row, std::string_view text, Origin origin);

// The settings that the value of the key's STEPBOX_* variable spells, split at the row's separator.
Result<std::vector<Setting>> settings_from_variable(const KeyRow& row, std::string_view text);

// Checks the setting and writes it into the policy. On a mistake the policy is unchanged and the error
// is complete: "ci.yaml:3:9: workspace.size: '8GX' is not a size like 8GiB, 512M or 50%".
Result<> apply_setting(Policy& policy, const Setting& setting);

// How the command line spells the key: "--size SIZE", "--limit memory=SIZE".
std::string spelling_of(const KeyRow& row);

// The beginning of every error about a setting: "ci.yaml:3:9: environment.set.CI" for one from a file, the
// name alone for an option or a variable, since that identifies the key.
std::string where(const Setting& setting);

// The error for a key of the design that this version does not support.
Error unsupported_error(std::string_view key);

}  // namespace stepbox::policy
