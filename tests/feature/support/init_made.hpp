// The moment at which stepbox has cloned init: one of the two is held there, as a busy machine may hold it.
#pragma once

#include <sys/types.h>

namespace stepbox::feature {

namespace in_child {

// For Command::as_caller of the stepbox that is to be held.
void ask_to_be_traced();

}  // namespace in_child

enum class Held {
  stepbox,  // by ptrace(2), until PTRACE_DETACH
  init,     // by SIGSTOP, as if it waited for a server
};

// Lets a traced stepbox go on until it has cloned init, and holds one of the two there; the other goes on untraced.
bool hold_once_init_is_made(pid_t stepbox, Held held);

}  // namespace stepbox::feature
