// Reads the value of each key: text in, policy out. The functions behind KeyRow::apply.
//
// Errors mention only the value: "'8GX' is not a size like 8GiB or 50%".
#pragma once

#include <string_view>

#include "model/volumes.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

// The texts of KeyRow::expected, which errors repeat.
inline constexpr std::string_view kSizeForm = "a size like 8GiB, 512M or 50%";
inline constexpr std::string_view kCountForm = "a count like 200000, 200k or 1M";
inline constexpr std::string_view kDurationForm = "a duration like 90s, 30m or 1h30m";
inline constexpr std::string_view kVolumeForm = "a volume's limits like {size: 4GiB, inodes: 200k}";
inline constexpr std::string_view kPathForm = "an absolute path, or one that starts with ~/";
inline constexpr std::string_view kLabelForm = "a label of up to 64 letters, digits and ._/-";
inline constexpr std::string_view kNameForm = "a variable name of letters, digits and _";
inline constexpr std::string_view kPatternForm = "a variable name or a pattern with * and ?";
inline constexpr std::string_view kRedirectForm = "a path that begins with a volume, like cache/mytool";
inline constexpr std::string_view kSeccompForm = "default, strict, off, or the absolute path of a profile";
inline constexpr std::string_view kProtectionForm = "a protection like quota or mount-isolation";

// "/srv//sdk/" becomes "/srv/sdk". Below ~/ a ".." is refused, since home may be a link.
Result<std::string> parse_path(std::string_view value);

Result<> apply_size(Policy& policy, const Setting& setting);
Result<> apply_inodes(Policy& policy, const Setting& setting);
// The value is "SIZE", "size=SIZE", "inodes=N", or two of them with a comma between.
Result<> apply_volume(Policy& policy, const Setting& setting);

Result<> apply_source_path(Policy& policy, const Setting& setting);
Result<> apply_seccomp(Policy& policy, const Setting& setting);

Result<> apply_env_set(Policy& policy, const Setting& setting);
Result<> apply_env_unset(Policy& policy, const Setting& setting);
Result<> apply_env_keep(Policy& policy, const Setting& setting);
Result<> apply_env_redirect(Policy& policy, const Setting& setting);

Result<> apply_ro(Policy& policy, const Setting& setting);
Result<> apply_rw(Policy& policy, const Setting& setting);
Result<> apply_hide(Policy& policy, const Setting& setting);
Result<> apply_label(Policy& policy, const Setting& setting);

// At most ten years, so that no clock overflows.
Result<> apply_timeout(Policy& policy, const Setting& setting);
Result<> apply_silence(Policy& policy, const Setting& setting);
Result<> apply_grace(Policy& policy, const Setting& setting);

Result<> apply_require(Policy& policy, const Setting& setting);

}  // namespace stepbox::policy
