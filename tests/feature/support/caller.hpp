// The user that starts stepbox. A suite that runs as root runs every case twice: as root, and as an ordinary user that
// has no entry in the user database.
#pragma once

#include <sys/types.h>

#include <iosfwd>
#include <vector>

namespace stepbox::feature {

enum class Caller { root, user };

std::ostream& operator<<(std::ostream& out, Caller caller);

// {root, user} as root, {user} otherwise. For `GENERATE(from_range(callers()))`.
std::vector<Caller> callers();

bool suite_is_root();

uid_t uid_of(Caller caller);
gid_t gid_of(Caller caller);

// In a child: takes the caller's ids. A user gets no groups, so that none allows anything by accident.
void become(Caller caller);

}  // namespace stepbox::feature
