#include "sandbox/landlock.hpp"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace stepbox::sandbox {
namespace {

constexpr long kFirstAbiWithScopes = 6;

// As Linux 6.12 has it; the headers of Debian 12 are older.
struct Ruleset {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
constexpr uint64_t kScopeAbstractSockets = 1;

}  // namespace

bool has_socket_scope() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= kFirstAbiWithScopes;
}

int enter_socket_scope() {
  constexpr Ruleset kRuleset = {.handled_access_fs = 0, .handled_access_net = 0, .scoped = kScopeAbstractSockets};
  const auto ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &kRuleset, sizeof kRuleset, 0));
  if (ruleset < 0) return errno;
  const int error = ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno;
  ::close(ruleset);
  return error;
}

}  // namespace stepbox::sandbox
