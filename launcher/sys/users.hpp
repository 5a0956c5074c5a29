// What the user database says about a user.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace stepbox::sys {

// The home directory of the passwd entry, or nothing. /etc/passwd is read directly; a user that is not
// in it (LDAP, systemd-homed) is asked for with getent(1), since a static binary must not load NSS modules.
std::optional<std::string> passwd_home(uid_t uid);

}  // namespace stepbox::sys
