#include "sandbox/mounts.hpp"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sandbox/credentials.hpp"
#include "sandbox/overlays.hpp"
#include "sys/calls.hpp"
#include "sys/fd.hpp"
#include "sys/files.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::sandbox {
namespace {

using sys::error_of;
using sys::Fd;

// Makes new files belong to the step. With shifted ids init is another user, so it takes the owner's file-system ids
// for the moment. Everything else needs the privileges of init's own ids.
class FileOwner {
 public:
  FileOwner(const Identity& identity) : identity_(identity) {}
  void be_owner() { change(true); }
  void be_self() { change(false); }

 private:
  void change(bool owner) {
    if (identity_.isolation != UidIsolation::shifted || owner == is_owner_) return;
    ::setfsgid(owner ? identity_.owner_gid : 0);
    ::setfsuid(owner ? identity_.owner_uid : 0);
    // A host path may hang (a network file system), and init must not outlive the supervisor in it.
    tie_to_parent();
    is_owner_ = owner;
  }
  const Identity& identity_;
  bool is_owner_ = false;
};

bool is_passed_over(const MountCall& call, int error) {
  return call.optional && (sys::means_absent(error) || (error == EACCES && !call.protects));
}

class Builder {
 public:
  Builder(const Prepared& prepared, MountContext& context)
      : prepared_(prepared), context_(context), owner_(prepared.plan.identity) {}

  MountFailure build(MountPhase last) {
    const std::vector<MountCall>& calls = prepared_.plan.files.mounts;
    for (size_t& next = context_.next; next < calls.size() && calls[next].phase <= last; ++next) {
      failed_stage_ = Stage::mount;
      const int error = carry_out(calls[next]);
      if (error == 0 || is_passed_over(calls[next], error)) continue;
      return {failed_stage_, static_cast<int>(next), error};
    }
    owner_.be_self();
    return {};
  }

 private:
  int carry_out(const MountCall& call);
  int make_directory(const MountCall& call);
  int make_file(const MountCall& call);
  int new_tmpfs(const MountCall& call);
  int new_devpts(const MountCall& call);
  int reserve_terminal(const MountCall& call);
  int copy_terminal(const MountCall& call);
  int copy(const MountCall& call, int from);
  int put_overlay(const MountCall& call, int lower);
  int new_overlay(const MountCall& call);
  int try_overlay(const MountCall& call);
  int set_attributes(const MountCall& call, int mount, unsigned recursive);
  int attach(const MountCall& call, int mount);
  int seal(const MountCall& call);

  const Prepared& prepared_;
  MountContext& context_;
  FileOwner owner_;
  Stage failed_stage_ = Stage::mount;
};

int Builder::carry_out(const MountCall& call) {
  if (makes_entry(call.act)) owner_.be_owner();
  else owner_.be_self();
  // Without a default, so that the compiler complains about a new act.
  switch (call.act) {
    case MountAct::directory: return make_directory(call);
    case MountAct::file: return make_file(call);
    case MountAct::symlink: return error_of(::symlinkat(call.source.c_str(), context_.root, call.target.c_str()));
    case MountAct::tmpfs: return new_tmpfs(call);
    case MountAct::devpts: return new_devpts(call);
    case MountAct::terminal: return copy_terminal(call);
    case MountAct::proc: return attach(call, context_.proc);
    case MountAct::bind: return copy(call, AT_FDCWD);
    case MountAct::rebind: return copy(call, context_.root);
    case MountAct::overlay: return new_overlay(call);
    case MountAct::try_overlay: return try_overlay(call);
    case MountAct::seal: return seal(call);
  }
  return EINVAL;
}

int Builder::make_directory(const MountCall& call) {
  if (::mkdirat(context_.root, call.target.c_str(), call.mode) == 0) return 0;
  if (errno != EEXIST) return errno;
  // The root of a volume exists already and only gets its mode.
  return error_of(::fchmodat(context_.root, call.target.c_str(), call.mode, 0));
}

int Builder::make_file(const MountCall& call) {
  return error_of(::mknodat(context_.root, call.target.c_str(), S_IFREG | call.mode, 0));
}

int Builder::new_tmpfs(const MountCall& call) {
  const Fd context(sys::fsopen("tmpfs"));
  if (!context) return errno;
  for (const auto& [key, value] : call.options) {
    if (sys::fsconfig_string(context.get(), key.c_str(), value.c_str()) == 0) continue;
    // Huge pages only matter for speed; a kernel without them says EINVAL here.
    if (std::strcmp(key.c_str(), "huge") != 0) return errno;
  }
  if (prepared_.plan.identity.isolation == UidIsolation::shifted) {
    if (sys::fsconfig_string(context.get(), "uid", prepared_.owner_uid.c_str()) != 0) return errno;
    if (sys::fsconfig_string(context.get(), "gid", prepared_.owner_gid.c_str()) != 0) return errno;
  }
  if (sys::fsconfig_create(context.get()) != 0) return errno;
  Fd mount(sys::fsmount(context.get(), static_cast<unsigned>(call.attributes)));
  if (!mount) return errno;
  if (const int error = attach(call, mount.get()); error != 0) return error;
  if (call.target.empty()) {
    context_.root = mount.release();
  } else if (call.volume >= 0) {
    const auto volume = static_cast<size_t>(call.volume);
    // No policy can name so many. A plan that does is a bug, and must not write past the array.
    if (volume >= context_.volumes.size()) return ENOBUFS;
    context_.volumes[volume] = mount.release();
  }
  return 0;
}

int Builder::new_devpts(const MountCall& call) {
  // The terminals of this devpts belong to the step as well.
  owner_.be_owner();
  const Fd context(sys::fsopen("devpts"));
  owner_.be_self();
  if (!context) return errno;
  for (const auto& [key, value] : call.options)
    if (sys::fsconfig_string(context.get(), key.c_str(), value.c_str()) != 0) return errno;
  if (sys::fsconfig_create(context.get()) != 0) return errno;
  const Fd mount(sys::fsmount(context.get(), static_cast<unsigned>(call.attributes)));
  return mount ? attach(call, mount.get()) : errno;
}

// A devpts holds only open terminals, and no file can be made there. So this opens terminals until one gets the
// number of the caller's terminal. That one stays open, and the caller's is mounted over it. No other terminal of the
// box can then get the number, which programs would mistake for the caller's (/proc/self/fd/0 says /dev/pts/N).
int Builder::reserve_terminal(const MountCall& call) {
  int fds[kMaxTerminals];
  unsigned count = 0;
  bool is_there = false;
  while (count < kMaxTerminals && !is_there) {
    const int fd = ::openat(context_.root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) break;
    fds[count++] = fd;
    unsigned number = 0;
    char entry[32];
    if (::ioctl(fd, TIOCGPTN, &number) != 0) break;
    std::snprintf(entry, sizeof entry, "dev/pts/%u", number);
    is_there = call.target == entry;
  }
  if (is_there) context_.terminal = fds[--count];
  while (count > 0) ::close(fds[--count]);
  // If the machine has too few terminals or descriptors, /dev/console has to do.
  return is_there ? 0 : ENOENT;
}

int Builder::copy_terminal(const MountCall& call) {
  const int error = reserve_terminal(call);
  return error == 0 ? copy(call, AT_FDCWD) : error;
}

// A source of one component has no links on the way, and stepbox itself made every source in the box.
bool is_safe_by_path(const MountCall& call) {
  return call.act == MountAct::rebind || call.source.rfind('/') == 0;
}

int Builder::copy(const MountCall& call, int from) {
  const auto clone = [&](unsigned recursive) -> Fd {
    if (is_safe_by_path(call)) return Fd(sys::clone_tree(from, call.source.c_str(), AT_SYMLINK_NOFOLLOW | recursive));
    const Fd source(sys::open_no_links(from, call.source.c_str()));
    return source ? Fd(sys::clone_tree(source.get(), "", AT_EMPTY_PATH | recursive)) : Fd();
  };
  unsigned recursive = call.recursion == Recursion::tree ? AT_RECURSIVE : 0;
  Fd mount = clone(recursive);
  if (!mount && errno == EINVAL && recursive == 0) {
    // In a mount namespace copied into a less privileged user namespace (a container's, `unshare -r`), mounts below
    // are locked in place and must come along (mount_namespaces(7)).
    recursive = AT_RECURSIVE;
    mount = clone(recursive);
  }
  if (!mount) return errno;
  if (const int error = set_attributes(call, mount.get(), recursive); error != 0) return error;
  if (const int error = attach(call, mount.get()); error != 0) return error;
  return call.layers.empty() ? 0 : put_overlay(call, mount.get());
}

// An overlay has its own inodes, and the kernel finds a socket's listener by inode. The socket stays under the
// overlay, where nothing leads to it any more.
int Builder::put_overlay(const MountCall& call, int lower) {
  failed_stage_ = Stage::overlay;
  // Names the layers relative to this directory, since a host path may contain the separator.
  if (::fchdir(lower) != 0) return errno;
  const Fd context(sys::fsopen("overlay"));
  if (!context) return errno;
  if (sys::fsconfig_string(context.get(), "lowerdir", call.layers.c_str()) != 0) return errno;
  if (sys::fsconfig_create(context.get()) != 0) return errno;
  const Fd mount(sys::fsmount(context.get(), static_cast<unsigned>(call.attributes)));
  return mount ? attach(call, mount.get()) : errno;
}

int Builder::new_overlay(const MountCall& call) {
  failed_stage_ = Stage::overlay;
  const auto index = static_cast<size_t>(call.overlay);
  if (index >= context_.views.size()) return ENOBUFS;
  Fd upper;
  Fd mount;
  if (const int error = make_overlay(call, context_.root, prepared_.plan.identity, mount, upper); error != 0) return error;
  failed_stage_ = Stage::mount;
  if (const int error = attach(call, mount.get()); error != 0) return error;
  context_.views[index] = mount.release();
  context_.uppers[index] = upper.release();
  return 0;
}

int Builder::try_overlay(const MountCall& call) {
  failed_stage_ = Stage::overlay;
  Fd upper;
  Fd mount;
  if (const int error = make_overlay(call, context_.root, prepared_.plan.identity, mount, upper); error != 0) return error;
  failed_stage_ = Stage::try_overlay;
  return remake_directory(mount.get());
}

int Builder::set_attributes(const MountCall& call, int mount, unsigned recursive) {
  mount_attr attributes{};
  attributes.attr_set = call.attributes;
  attributes.attr_clr = call.cleared;
  if (call.id_mapped != IdMapped::no && context_.user_namespace >= 0) {
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(context_.user_namespace);
    if (sys::mount_setattr(mount, recursive, attributes) == 0) return 0;
    if (call.id_mapped == IdMapped::required) {
      failed_stage_ = Stage::id_map;
      return errno;
    }
    // The mount is read-only and not the step's own: its owners appear as nobody, and nothing else changes.
    attributes.attr_set = call.attributes;
    attributes.userns_fd = 0;
  }
  return error_of(sys::mount_setattr(mount, recursive, attributes));
}

int Builder::attach(const MountCall& call, int mount) {
  if (call.target_is_ours) return error_of(sys::attach_at(mount, context_.root, call.target.c_str()));
  const bool is_root = call.target.empty();
  const Fd place(is_root ? ::open("/", O_PATH | O_CLOEXEC)
                         : sys::open_no_links(context_.root, call.target.c_str()));
  return place ? error_of(sys::attach(mount, place.get())) : errno;
}

int Builder::seal(const MountCall& call) {
  const Fd place(sys::open_no_links(context_.root, call.target.empty() ? "." : call.target.c_str()));
  if (!place) return errno;
  mount_attr attributes{};
  attributes.attr_set = call.attributes;
  return error_of(sys::mount_setattr(place.get(), 0, attributes));
}

int write_new_file(int root, const MountCall& call) {
  const Fd file(::openat(root, call.target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, call.mode));
  if (!file) return errno;
  const ssize_t written = ::write(file.get(), call.source.data(), call.source.size());
  if (written < 0) return errno;
  return static_cast<size_t>(written) == call.source.size() ? 0 : ENOSPC;
}

}  // namespace

MountFailure build_mounts(const Prepared& prepared, MountContext& context, MountPhase last) {
  return Builder(prepared, context).build(last);
}

MountFailure make_cache_directories(const Plan& plan, int root) {
  int index = 0;
  for (const MountCall& call : plan.files.cache_directories) {
    const int error = call.act == MountAct::file ? write_new_file(root, call) : error_of(::mkdirat(root, call.target.c_str(), call.mode));
    if (error != 0) return {Stage::cache_directory, index, error};
    ++index;
  }
  return {};
}

int enter_root(int root) {
  // pivot_root(".", "."): the old root ends up on top of the new one and is removed again, without a directory for it
  // (pivot_root(2), NOTES).
  if (::fchdir(root) != 0) return errno;
  if (sys::pivot_root(".", ".") != 0) return errno;
  if (::umount2(".", MNT_DETACH) != 0) return errno;
  return ::chdir("/") == 0 ? 0 : errno;
}

}  // namespace stepbox::sandbox
