#include "sandbox/overlays.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

using sys::error_of;
using sys::Fd;

// What a class of users may do, moved to the lowest bits.
mode_t rights(mode_t mode, int shift) { return mode >> shift & 07; }

// An ordinary user's box may not map the owner of a lower layer, so the upper layer keeps the step as its owner. The
// step then gets the rights that it has on the host, and may look into the upper layer, as stepbox does to list changes:
// the kernel checks its rights to the lower one apart.
mode_t rights_of_stranger(const struct stat& lower, const Identity& identity) {
  const mode_t of_group = rights(lower.st_mode, lower.st_gid == identity.gid ? 3 : 0);
  const mode_t of_owner = lower.st_uid == identity.uid ? rights(lower.st_mode, 6) : of_group;
  return (lower.st_mode & 07000) | (of_owner | 05) << 6 | of_group << 3 | rights(lower.st_mode, 0);
}

// The root of an overlay takes owner, mode and times from its upper layer alone.
int dress_upper(int layers, const Identity& identity) {
  struct stat lower {};
  if (::fstatat(layers, kLower, &lower, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  mode_t mode = lower.st_mode & 07777;
  if (identity.isolation == UidIsolation::mapped) mode = rights_of_stranger(lower, identity);
  else if (::fchownat(layers, kUpper, lower.st_uid, lower.st_gid, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (::fchmodat(layers, kUpper, mode, 0) != 0) return errno;
  const timespec times[] = {lower.st_atim, lower.st_mtim};
  return error_of(::utimensat(layers, kUpper, times, AT_SYMLINK_NOFOLLOW));
}

}  // namespace

int make_overlay(const MountCall& call, int root, const Identity& identity, Fd& mount, Fd& upper) {
  const Fd layers(::openat(root, call.source.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!layers) return errno;
  if (const int error = dress_upper(layers.get(), identity); error != 0) return error;
  // Layers are named relative to this directory: before Linux 6.13 an overlay takes none by descriptor, and a path may
  // contain the separator.
  if (::fchdir(layers.get()) != 0) return errno;
  const Fd context(sys::fsopen("overlay"));
  if (!context) return errno;
  for (const auto& [key, value] : call.options) {
    const int set = value.empty() ? sys::fsconfig_flag(context.get(), key.c_str())
                                  : sys::fsconfig_string(context.get(), key.c_str(), value.c_str());
    if (set != 0) return errno;
  }
  if (sys::fsconfig_create(context.get()) != 0) return errno;
  mount = Fd(sys::fsmount(context.get(), static_cast<unsigned>(call.attributes)));
  if (!mount) return errno;
  upper = Fd(::openat(layers.get(), kUpper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return upper ? 0 : errno;
}

int remake_directory(int overlay) {
  constexpr const char* kName = "directory";
  if (::unlinkat(overlay, kName, AT_REMOVEDIR) != 0) return errno;
  return error_of(::mkdirat(overlay, kName, 0700));
}

}  // namespace stepbox::sandbox
