// Who a process of the box is, and whose death is its own. Used after clone: nothing here allocates. 0 or an errno
// is returned.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace stepbox::sandbox {

// Writes a whole small file in one write(2), as /proc/PID/uid_map wants it (user_namespaces(7)).
int write_file_at(int directory, const char* path, const char* text, size_t length);

// The calling process enters the ids it is mapped to. Supplementary groups are given up.
int become(uid_t uid, gid_t gid);

// Cuts the bounding set and the permitted and effective sets to `kept` (a bit per capability).
// Inheritable and ambient end empty.
int cut_capabilities(uint64_t kept);

// The permitted and effective sets alone, with inheritable and ambient empty. Enough for a process that never calls execve.
int keep_capabilities(uint64_t kept);

// The calling process dies when its parent does: init with the supervisor. A change of ids or capabilities clears it, of
// file-system ids as well (prctl(2), PR_SET_PDEATHSIG): to be called again after each.
void tie_to_parent();

// Takes other ids without losing capabilities by it, as setresuid(2) otherwise makes a process do.
int become_keeping_capabilities(uid_t uid, gid_t gid);

}  // namespace stepbox::sandbox
