// Ids and capabilities of a process of the box, and its tie to its parent. For use after clone: nothing here
// allocates. The functions return 0 or an errno.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace stepbox::sandbox {

// Writes a whole small file in one write(2), as /proc/PID/uid_map wants it (user_namespaces(7)).
int write_file_at(int directory, const char* path, const char* text, size_t length);

// Makes the calling process take the ids that it is mapped to. Drops supplementary groups.
int become(uid_t uid, gid_t gid);

// Cuts the bounding set and the permitted and effective sets to `kept` (a bit per capability).
// Inheritable and ambient end empty.
int cut_capabilities(uint64_t kept);

// Cuts only the permitted and effective sets; inheritable and ambient end empty. Enough for a process that never
// calls execve.
int keep_capabilities(uint64_t kept);

// Makes the calling process die with its parent: init with the supervisor. A change of ids (file-system ids too) or
// capabilities cancels this (prctl(2), PR_SET_PDEATHSIG), so call it again after each.
void tie_to_parent();

// Takes other ids but keeps the capabilities, which setresuid(2) would otherwise drop.
int become_keeping_capabilities(uid_t uid, gid_t gid);

}  // namespace stepbox::sandbox
