#include "run/gather_facts.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "run/layout.hpp"
#include "run/make_plan.hpp"
#include "sys/files.hpp"
#include "sys/memory.hpp"
#include "sys/mountinfo.hpp"
#include "sys/users.hpp"

namespace stepbox::run {
namespace {

// Where no distribution and no systemd component hands out ids (systemd: docs/UIDS-GIDS.md): from
// 1879048192 to 2147352575. Each box takes twice 65536, the second half for owners beyond the first.
constexpr uint32_t kFirstShifted = 1'879'048'192;
constexpr uint32_t kSliceSize = 131'072;
constexpr uint32_t kSlices = 2'046;

bool has_capabilities(uint64_t wanted) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, &data) != 0) return false;
  const uint64_t effective = data[0].effective | static_cast<uint64_t>(data[1].effective) << 32;
  return (effective & wanted) == wanted;
}

constexpr uint64_t bit(int capability) { return uint64_t{1} << capability; }

// Whether this user namespace has the ids at all: inside a container it often has 65536 of them.
bool has_ids(uint32_t first, uint32_t count) {
  const Result<std::string> text = sys::read_file("/proc/self/uid_map");
  if (!text) return false;
  for (const std::string_view line : split(*text, '\n')) {
    unsigned inside = 0, outside = 0, length = 0;
    if (std::sscanf(std::string(line).c_str(), "%u %u %u", &inside, &outside, &length) != 3) continue;
    if (inside <= first && static_cast<uint64_t>(inside) + length >= static_cast<uint64_t>(first) + count) return true;
  }
  return false;
}

Result<std::string> current_directory() {
  // The system call, not libc's: that one would walk up a deep tree (getcwd(3), glibc).
  std::string path(PATH_MAX, '\0');
  const long length = ::syscall(SYS_getcwd, path.data(), path.size());
  if (length < 0 && errno == ENOENT)
    return fail("the current directory has been deleted", "change to a directory that exists");
  if (length < 0) return fail_errno("cannot find out the current directory", errno);
  path.resize(static_cast<size_t>(length) - 1);
  if (!path.starts_with('/'))
    return fail("the current directory cannot be reached from the root directory", "change to a directory that can");
  return path;
}

// The top of the work tree that the directory is in: a build in a subdirectory reads what lies above it.
std::string checkout_of(const std::string& cwd, const HostFacts& facts) {
  const Layout layout(facts, HomeMode::fresh);
  for (std::string path = cwd; path.size() > 1 && !layout.contains_masked(path);) {
    for (const char* mark : {"/.git", "/.stepbox.yaml"})
      if (::faccessat(AT_FDCWD, (path + mark).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return path;
    path.erase(path.rfind('/'));
  }
  return cwd;
}

std::string resolved(const std::string& path) { return sys::real_path(path).value_or(std::string()); }

std::string home_of_caller(const HostFacts& facts) {
  const auto home = facts.variable("HOME");
  return home && home->starts_with('/') ? resolved(*home) : std::string();
}

}  // namespace

bool is_kernel_at_least(const std::string& release, int major, int minor) {
  int found_major = 0, found_minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &found_major, &found_minor) != 2) return false;
  return found_major > major || (found_major == major && found_minor >= minor);
}

Result<HostFacts> gather_facts() {
  HostFacts facts;
  utsname system{};
  ::uname(&system);
  facts.kernel = system.release;
  if (!is_kernel_at_least(facts.kernel, 5, 14))
    return fail("this is Linux " + facts.kernel + "; stepbox needs 5.14 or newer (mount_setattr, id-mapped mounts, cgroup.kill)",
                "run it on a newer kernel");
  facts.uid = ::geteuid();
  facts.gid = ::getegid();
  facts.privileged = facts.uid == 0 && has_capabilities(bit(CAP_SYS_ADMIN) | bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_CHOWN));
  for (char** entry = environ; *entry != nullptr; ++entry) facts.environment.emplace_back(*entry);
  const sys::Memory memory = sys::usable_memory();
  facts.memory_total = memory.total;
  facts.memory_usable = memory.usable;
  facts.home = home_of_caller(facts);
  if (const auto home = sys::passwd_home(facts.uid)) facts.passwd_home = resolved(*home);
  facts.var_tmp = resolved("/var/tmp");
  if (const std::string target = resolved("/etc/resolv.conf"); is_within(target, "/run")) facts.resolv_conf = target;

  TRY_ASSIGN(facts.cwd, current_directory());
  facts.checkout = checkout_of(facts.cwd, facts);
  struct stat status {};
  if (::stat(facts.checkout.c_str(), &status) == 0) {
    facts.checkout_uid = status.st_uid;
    facts.checkout_gid = status.st_gid;
  }
  TRY_ASSIGN(const auto entries, sys::list_directory("/"));
  for (const sys::DirectoryEntry& entry : entries)
    facts.root_entries.push_back({entry.name, entry.kind == sys::PathKind::directory ? HostPathKind::directory : HostPathKind::file, entry.link});
  if (facts.privileged) {
    TRY_ASSIGN(const auto mounts, sys::read_mounts());
    for (const sys::HostMount& mount : mounts) facts.mounts.push_back({mount.path, mount.type});
  }
  return facts;
}

void look_up_paths(HostFacts& facts, const Policy& policy) {
  std::vector<std::string> paths = paths_of_interest(policy, facts);
  if (!facts.resolv_conf.empty()) paths.push_back(facts.resolv_conf);
  for (const std::string& path : paths) {
    // Most toolchains of the registry are not there: one call says so.
    const sys::PathKind kind = sys::kind_of(path);
    if (kind == sys::PathKind::missing || facts.paths.contains(path)) continue;
    const bool directory = kind == sys::PathKind::directory;
    if (const auto real = sys::real_path(path))
      facts.paths.emplace(path, HostFacts::NamedPath{*real, directory ? HostPathKind::directory : HostPathKind::file});
  }
}

sys::Fd claim_id_range(HostFacts& facts) {
  if (!facts.privileged || !facts.no_shift_reason.empty()) return {};
  if (!has_ids(kFirstShifted, kSlices * kSliceSize)) {
    facts.no_shift_reason = "this user namespace does not have the ids " + std::to_string(kFirstShifted) +
                            " and up (a container with an id range of its own)";
    return {};
  }
  // The lock is a name in the abstract socket namespace: nothing on disk, and gone with the process.
  sys::Fd lock(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const uint32_t start = static_cast<uint32_t>(::getpid()) % kSlices;
  for (uint32_t i = 0; lock && i < kSlices; ++i) {
    const uint32_t slice = (start + i) % kSlices;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const int length = std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "stepbox/ids/%u", slice);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
    if (::bind(lock.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) continue;
    facts.shift_base = kFirstShifted + slice * kSliceSize;
    return lock;
  }
  facts.no_shift_reason = "no range of user ids is free (" + std::to_string(kSlices) + " boxes at once)";
  return {};
}

}  // namespace stepbox::run
