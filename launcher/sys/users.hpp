// What the user database says about a user.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::sys {

// The home directory of the passwd entry, or nothing where the user has none. /etc/passwd is read directly; a user that
// is not in it (LDAP, systemd-homed) is asked for with getent(1), where there is one, since a static binary must not
// load NSS modules. Error: the database cannot be asked, so that nobody knows.
Result<std::optional<std::string>> passwd_home(uid_t uid);

// The sixth field of the first line for that user (passwd(5)), or nothing. Pure.
std::optional<std::string> home_in_passwd(std::string_view text, uid_t uid);

}  // namespace stepbox::sys
