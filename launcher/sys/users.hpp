// What the user database says about a user.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::sys {

// The home directory of the passwd entry, or nothing if the user has no entry. Reads /etc/passwd directly, and asks
// getent(1), if installed, for other users (LDAP, systemd-homed), since a static binary must not load NSS modules.
// Error: the database cannot be read.
Result<std::optional<std::string>> passwd_home(uid_t uid);

// The sixth field of the first line for that user (passwd(5)), or nothing. Pure.
std::optional<std::string> home_in_passwd(std::string_view text, uid_t uid);

}  // namespace stepbox::sys
