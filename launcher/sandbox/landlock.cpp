#include "sandbox/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sys/calls.hpp"
#include "sys/fd.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::sandbox {
namespace {

// As in Linux 7.1; the headers of Debian 12 are older.
struct Ruleset {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
constexpr uint64_t kTruncate = uint64_t{1} << 14;
constexpr uint64_t kIoctlOnDevices = uint64_t{1} << 15;
constexpr uint64_t kConnectToPaths = uint64_t{1} << 16;
constexpr int kLandlockForIoctl = 5;
constexpr uint64_t kScopeAbstractSockets = 1;
constexpr uint64_t kScopeSignals = 2;

constexpr uint64_t kOfFiles = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kIoctlOnDevices;
constexpr uint64_t kOfDirectories =
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;

uint64_t known_writes(int abi) {
  uint64_t writes = kOfFiles | kOfDirectories;
  if (abi < kLandlockForTruncate) writes &= ~kTruncate;
  if (abi < kLandlockForIoctl) writes &= ~kIoctlOnDevices;
  return writes;
}

// 0 or an errno.
int allow(int ruleset, int place, uint64_t access) {
  const landlock_path_beneath_attr rule{.allowed_access = access, .parent_fd = place};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

// Programs open /dev/stdout like any file. A pipe has no name and needs no rule.
int allow_standard_streams(int ruleset, uint64_t writes) {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))) continue;
    if ((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) continue;
    // Files on a kernel-internal file system have no names either.
    if (const int error = allow(ruleset, fd, writes & kOfFiles); error != 0 && error != EBADFD) return error;
  }
  return 0;
}

LandlockFailure allow_writes(int ruleset, uint64_t writes, const Plan& plan, int workspace) {
  if (const int error = allow(ruleset, workspace, writes); error != 0) return {error};
  if (const int error = allow_standard_streams(ruleset, writes); error != 0) return {error};
  int index = 0;
  for (const WritablePath& writable : plan.confinement.writable) {
    const sys::Fd place(sys::open_no_links(AT_FDCWD, writable.path.c_str()));
    const int error = place ? allow(ruleset, place.get(), writable.is_directory ? writes : writes & kOfFiles) : errno;
    if (error != 0 && !writable.optional) return {error, index};
    ++index;
  }
  return {};
}

// For a box, where everything lies below the root.
int allow_sockets(int ruleset, const LandlockRights& rights, const Plan& plan, int root) {
  if (const int error = allow(ruleset, root, rights.of_workspace); error != 0) return error;
  for (const std::string& target : plan.confinement.open_sockets) {
    const sys::Fd socket(sys::open_no_links(root, target.c_str()));
    if (!socket) return errno;
    if (const int error = allow(ruleset, socket.get(), rights.of_sockets); error != 0) return error;
  }
  return 0;
}

}  // namespace

LandlockSupport landlock_support() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi >= 0) return {.abi = static_cast<int>(abi)};
  // Not built, or switched off (landlock(7)).
  const bool is_missing = errno == ENOSYS || errno == EOPNOTSUPP;
  return {.error = is_missing ? 0 : errno};
}

LandlockRights landlock_rights(const Plan& plan) {
  LandlockRights rights;
  rights.scopes = (plan.confinement.scope_sockets ? kScopeAbstractSockets : 0) | (plan.confinement.scope_signals ? kScopeSignals : 0);
  if (plan.confinement.isolation == Isolation::landlock) rights.handled = rights.of_workspace = known_writes(plan.confinement.landlock_abi);
  if (plan.confinement.scope_path_sockets) {
    // Landlock denies moving files unless a rule allows it, whatever else it handles (landlock(7)). The step's own
    // sockets need no rule, because they were made under this ruleset.
    rights.handled |= kConnectToPaths | LANDLOCK_ACCESS_FS_REFER;
    rights.of_workspace |= LANDLOCK_ACCESS_FS_REFER;
    rights.of_sockets = kConnectToPaths;
  }
  return rights;
}

LandlockFailure enter_landlock(const Plan& plan, int workspace) {
  const LandlockRights rights = landlock_rights(plan);
  if (rights.is_empty()) return {};
  const Ruleset rules = {.handled_access_fs = rights.handled, .handled_access_net = 0, .scoped = rights.scopes};
  const sys::Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (!ruleset) return {errno};
  if (plan.confinement.isolation == Isolation::landlock) {
    if (const LandlockFailure failure = allow_writes(ruleset.get(), rights.handled, plan, workspace); failure.error != 0) return failure;
  } else if (rights.handled != 0) {
    if (const int error = allow_sockets(ruleset.get(), rights, plan, workspace); error != 0) return {error};
  }
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? LandlockFailure{} : LandlockFailure{errno};
}

}  // namespace stepbox::sandbox
