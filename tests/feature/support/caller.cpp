#include "support/caller.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <ostream>

#include "support/child.hpp"

namespace stepbox::feature {
namespace {

// Free on every distribution: above the users that people add, below those of containers.
constexpr uid_t kUser = 60'123;

}  // namespace

std::ostream& operator<<(std::ostream& out, Caller caller) {
  return out << (caller == Caller::root ? "root" : "a user");
}

bool suite_is_root() {
  return ::geteuid() == 0;
}

std::vector<Caller> callers() {
  return suite_is_root() ? std::vector{Caller::root, Caller::user} : std::vector{Caller::user};
}

uid_t uid_of(Caller caller) {
  return caller == Caller::root ? 0 : suite_is_root() ? kUser : ::geteuid();
}
gid_t gid_of(Caller caller) {
  return caller == Caller::root ? 0 : suite_is_root() ? kUser : ::getegid();
}

void become(Caller caller) {
  if (caller == Caller::root || !suite_is_root()) return;
  in_child::must(::setgroups(0, nullptr) == 0, "setgroups");
  in_child::must(::setresgid(kUser, kUser, kUser) == 0, "setresgid");
  in_child::must(::setresuid(kUser, kUser, kUser) == 0, "setresuid");
  // A change of ids makes a process undumpable. An ordinary user's shell is dumpable (its /proc/self is its own).
  in_child::must(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, "prctl");
}

}  // namespace stepbox::feature
