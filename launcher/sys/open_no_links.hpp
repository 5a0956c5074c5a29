// Paths that nothing may lead elsewhere.
#pragma once

namespace stepbox::sys {

// Opens a path for its place alone (O_PATH), without following a symbolic link anywhere in it: ELOOP where there is one.
// -1 and errno, as system calls. Needs no openat2(2), which containers' filters and RestrictSUIDSGID= of systemd hide
// since they cannot look into its arguments. Allocates nothing: for use between clone and exec.
int open_no_links(int directory, const char* path);

// The same without openat2(2) in any case.
int walk_no_links(int directory, const char* path);

}  // namespace stepbox::sys
