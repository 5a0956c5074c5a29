#include "host/gather_facts.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "cgroup/hierarchies.hpp"
#include "host/find_checkout.hpp"
#include "host/find_git_directory.hpp"
#include "host/find_warm_store.hpp"
#include "host/home_names.hpp"
#include "host/look_at.hpp"
#include "host/pass_over.hpp"
#include "plan/links_out.hpp"
#include "plan/make_plan.hpp"
#include "plan/system_root.hpp"
#include "report/luci_context.hpp"
#include "sandbox/landlock.hpp"
#include "sys/files.hpp"
#include "sys/memory.hpp"
#include "sys/mountinfo.hpp"
#include "sys/private_files.hpp"
#include "sys/users.hpp"

namespace stepbox::host {
namespace {

Result<uint64_t> effective_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, &data) != 0) return fail_errno("cannot read stepbox's own capabilities", errno);
  return data[0].effective | static_cast<uint64_t>(data[1].effective) << 32;
}

constexpr uint64_t bit(int capability) { return uint64_t{1} << capability; }
constexpr uint64_t kNeededToShift = bit(CAP_SYS_ADMIN) | bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_CHOWN);

// A map of proc(5): lines of "inside outside count".
Result<std::vector<HostFacts::IdRange>> id_ranges(const char* file) {
  TRY_ASSIGN(const std::string text, sys::read_file(file));
  std::vector<HostFacts::IdRange> ranges;
  for (const std::string_view line : split(text, '\n')) {
    unsigned inside = 0, outside = 0, count = 0;
    if (std::sscanf(std::string(line).c_str(), "%u %u %u", &inside, &outside, &count) == 3)
      ranges.push_back({inside, count, outside});
  }
  return ranges;
}

Result<std::string> current_directory() {
  // The system call, because glibc's getcwd(3) would walk up a deep tree.
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

constexpr const char* kSeeThere =
    "see what is wrong there (ls -ld); stepbox does not treat a path as missing because it cannot look at it";

// The real path of a place to mask; empty if it does not exist. `what` names it in errors.
Result<std::string> masked_place(const std::string& path, const std::string& what) {
  Result<std::optional<std::string>> real = sys::real_path(path);
  if (!real) return std::unexpected(std::move(real).error().within(what).with_hint(kSeeThere));
  return real->value_or(std::string());
}

Result<std::string> home_of_caller(const HostFacts& facts) {
  const auto home = facts.variable("HOME");
  if (!home || !home->starts_with('/')) return std::string();
  return masked_place(*home, "the home directory (HOME)");
}

Result<std::string> home_of_user(uint32_t uid) {
  auto home = sys::passwd_home(uid);
  if (!home)
    return std::unexpected(std::move(home).error().within("cannot find the home of user " + std::to_string(uid) + " in the user database")
                               .with_hint("see what is wrong with it: getent passwd " + std::to_string(uid)));
  if (!*home || !(*home)->starts_with('/')) return std::string();
  return masked_place(**home, "the home directory of the user database");
}

// The target of /etc/resolv.conf, if a mask would hide it. Without it names do not resolve, which does no harm.
void look_up_resolver(HostFacts& facts) {
  constexpr const char* kFile = "/etc/resolv.conf";
  const auto target = sys::real_path(kFile);
  if (!target) pass_over(kFile, target.error());
  else if (*target && is_within(**target, "/run")) facts.resolv_conf = **target;
}

Result<> look_up_homes(HostFacts& facts) {
  TRY_ASSIGN(facts.home, home_of_caller(facts));
  TRY_ASSIGN(facts.passwd_home, home_of_user(facts.uid));
  TRY_ASSIGN(facts.var_tmp, masked_place("/var/tmp", "a directory that the box replaces"));
  return {};
}

// "~" would otherwise stand for whatever place of the host the project's link names.
Result<> refuse_home_led_out(const HostFacts& facts, const Policy& policy) {
  const std::string named = lexically_normal(facts.variable("HOME").value_or(std::string()));
  if (facts.home.empty() || named == facts.home) return {};
  const auto* source = policy.source_path.value ? facts.find(plan::expand_home(*policy.source_path.value, facts)) : nullptr;
  Result<std::optional<HostFacts::NamedPath>> home = look_at(named);
  if (!home) return std::unexpected(std::move(home).error().within("the home directory (HOME)").with_hint(kSeeThere));
  if (!*home || !plan::LinksOut(facts, source == nullptr ? std::string() : source->real).lead_out(named, **home)) return {};
  return fail("cannot use " + quoted(named) + " as the home directory (HOME): " + plan::LinksOut::text_of(**home),
              "if you mean that place, set HOME to the real path: HOME=" + escaped(facts.home));
}

Result<OuterDeadline> read_luci_deadline(const std::string& path) {
  // Opening a FIFO, for example, could block until a writer comes.
  TRY_ASSIGN(const sys::PathKind kind, sys::kind_of(path));
  if (kind != sys::PathKind::file) return fail(quoted(path) + " is not a file");
  TRY_ASSIGN(const std::string text, sys::read_file(path));
  auto deadline = report::parse_luci_deadline(text);
  if (!deadline) return std::unexpected(std::move(deadline).error().within("cannot understand " + quoted(path)));
  return deadline;
}

// A broken file is no reason to refuse the build, since the outer layer enforces its deadline itself. But stepbox
// warns.
void look_up_outer_deadline(HostFacts& facts) {
  const auto path = facts.variable("LUCI_CONTEXT");
  if (!path || path->empty()) return;
  const auto deadline = read_luci_deadline(*path);
  if (deadline)
    facts.outer_deadline = *deadline;
  else
    facts.outer_deadline_problem = deadline.error().message;
  facts.now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Looks up the directories beside PATH's programs. A root that shows everything shows these too.
void look_up_for_reduced_root(HostFacts& facts) {
  const std::string search_path = facts.variable("PATH").value_or(std::string());
  for (const std::string_view entry : split(search_path, ':')) {
    const HostFacts::NamedPath* programs = entry.starts_with('/') ? facts.find(lexically_normal(entry)) : nullptr;
    if (programs == nullptr || plan::is_in_system(programs->real)) continue;
    for (const std::string& path : plan::paths_beside(programs->real)) {
      Result<std::optional<HostFacts::NamedPath>> found = look_at(path);
      if (found && *found) facts.paths.emplace(path, std::move(**found));
      else if (!found) pass_over(path, found.error());
    }
  }
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
  const sandbox::LandlockSupport landlock = sandbox::landlock_support();
  facts.landlock_abi = landlock.abi;
  facts.landlock_error = landlock.error;
  facts.has_socket_scope = facts.landlock_abi >= sandbox::kLandlockForScopes;
  facts.uid = ::geteuid();
  facts.gid = ::getegid();
  TRY_ASSIGN(facts.capabilities, effective_capabilities());
  facts.privileged = facts.uid == 0 && (facts.capabilities & kNeededToShift) == kNeededToShift;
  for (char** entry = environ; *entry != nullptr; ++entry) facts.environment.emplace_back(*entry);
  look_up_outer_deadline(facts);
  TRY_ASSIGN(const std::string groups, sys::own_cgroups());
  TRY_ASSIGN(const sys::Memory memory, sys::usable_memory(groups));
  facts.memory_total = memory.total;
  facts.memory_usable = memory.usable;
  facts.swap_total = memory.swap;
  TRY(look_up_homes(facts));
  look_up_resolver(facts);
  TRY_ASSIGN(facts.cwd, current_directory());
  TRY(find_checkout(facts));
  TRY_ASSIGN(const auto entries, sys::list_directory("/"));
  for (const sys::DirectoryEntry& entry : entries)
    facts.root_entries.push_back({entry.name, entry.kind == sys::PathKind::directory ? HostPathKind::directory : HostPathKind::file, entry.link});
  TRY_ASSIGN(const auto mounts, sys::read_mounts());
  for (const sys::HostMount& mount : mounts) facts.mounts.push_back({mount.path, mount.type});
  facts.cgroups = cgroup::find_hierarchies(mounts, groups);
  if (facts.uid == 0) {
    TRY_ASSIGN(facts.uid_ranges, id_ranges("/proc/self/uid_map"));
    for (const HostFacts::IdRange& range : facts.uid_ranges)
      if (range.first == 0) facts.root_is_mapped_elsewhere = range.outside != 0;
  }
  if (facts.privileged) {
    TRY_ASSIGN(facts.gid_ranges, id_ranges("/proc/self/gid_map"));
  }
  return facts;
}

Result<> look_up_groups(HostFacts& facts) {
  TRY(cgroup::look_up_controllers(facts.cgroups));
  TRY_ASSIGN(const sys::PathKind systemd, sys::kind_of("/run/systemd/system"));
  facts.has_systemd = systemd == sys::PathKind::directory;
  if (!facts.has_systemd) return {};
  cgroup::look_up_delegation(facts.cgroups);
  // Needed only for the remedy in an error.
  if (const auto runtime = facts.variable("XDG_RUNTIME_DIR"))
    facts.has_user_manager = sys::kind_of(*runtime + "/systemd/private").value_or(sys::PathKind::missing) != sys::PathKind::missing;
  return {};
}

Result<> look_up_paths(HostFacts& facts, const Policy& policy) {
  if (policy.source_path.value) TRY(find_checkout_owner(facts, plan::expand_home(*policy.source_path.value, facts)));
  if (policy.source.value != SourceMode::none)
    find_git_directory(facts, policy.source_path.value ? lexically_normal(plan::expand_home(*policy.source_path.value, facts)) : facts.checkout);
  std::vector<plan::PathOfInterest> paths = plan::paths_of_interest(policy, facts);
  if (!facts.resolv_conf.empty()) paths.push_back({facts.resolv_conf});
  const HomeNames home(facts.tilde());
  for (const auto& [path, named_by] : paths) {
    if (facts.paths.contains(path)) continue;
    // Most toolchains of the registry do not exist, and one listing of the home shows that for all of them. Named
    // paths are always looked up: an automounter does not list what it would mount.
    if (named_by == nullptr && home.has_no(path)) continue;
    Result<std::optional<HostFacts::NamedPath>> found = look_at(path);
    if (found && *found) facts.paths.emplace(path, std::move(**found));
    if (found) continue;
    if (named_by != nullptr) return std::unexpected(std::move(found).error().within(escaped(named_by->text())).with_hint(kSeeThere));
    pass_over(path, found.error());
  }
  TRY(find_warm_store(facts, policy, home));
  TRY(refuse_home_led_out(facts, policy));
  if (policy.root.value == RootMode::system) look_up_for_reduced_root(facts);
  return {};
}

Result<> look_up_private_paths(HostFacts& facts, const Policy& policy) {
  const bool is_shifted = facts.privileged && facts.no_shift_reason.empty();
  if (policy.root.value != RootMode::system || is_shifted) return {};
  facts.private_paths.clear();
  for (const std::string_view place : plan::places_of_secrets()) {
    TRY_ASSIGN(const auto found, sys::private_files(std::string(place)));
    for (const sys::PrivateFile& file : found)
      facts.private_paths.push_back({file.path, file.is_directory ? HostPathKind::directory : HostPathKind::file});
  }
  return {};
}

}  // namespace stepbox::host
