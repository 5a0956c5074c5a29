// Landlock (landlock(7)): keeps the step from the abstract sockets of host processes where it shares the host's
// network, and with it the namespace of these names.
//
// Not used: the scope of signals. The pid namespace says more already, and `kill(getppid(), 0)`, by which some
// programs look whether their parent lives, would fail.
#pragma once

namespace stepbox::sandbox {

// Whether the kernel can do it (ABI 6, Linux 6.12).
bool has_socket_scope();

// From now on this process and its children reach abstract sockets of each other only; no_new_privs must be set.
// Allocation-free. 0 or an errno.
int enter_socket_scope();

}  // namespace stepbox::sandbox
