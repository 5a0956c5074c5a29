// Opens paths that no symbolic link can redirect.
#pragma once

namespace stepbox::sys {

// Opens a path with O_PATH, without following any symbolic link in it: ELOOP if there is one. Returns -1 and errno,
// like a system call. Works without openat2(2), which container filters and systemd's RestrictSUIDSGID= hide because
// they cannot look into its arguments. Allocates nothing: for use between clone and exec.
int open_no_links(int directory, const char* path);

// The same, but never tries openat2(2).
int walk_no_links(int directory, const char* path);

}  // namespace stepbox::sys
