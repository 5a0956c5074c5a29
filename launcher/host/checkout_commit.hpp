// Which commit a checkout is at, for records.
#pragma once

#include <string>

namespace stepbox::host {

// The commit of a git checkout, in hexadecimal digits; empty if it is none, or a work tree whose git directory lies
// elsewhere. Runs no git, which would obey the checkout's configuration. Follows no link and reads only what looks like
// a commit: the checkout is a stranger's.
std::string commit_of(const std::string& checkout);

}  // namespace stepbox::host
