#include <sys/mount.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "model/volumes.hpp"
#include "plan/kept_store.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "sandbox/landlock.hpp"
#include "workspace/private_directory.hpp"

// Plans a step without a box: its workspace is a directory of the host, and the environment points there. With
// Landlock, the step can write only there and to the paths listed here.
namespace stepbox::plan {
namespace {

// Something that the step lacks in this mode, on this kernel.
struct GapRow {
  std::string_view name;
  std::string_view text;
  bool of_env;
  int of_landlock_before;  // the Landlock version that closes the gap; 0: no gap with Landlock, kNever: never closed
};
constexpr int kNever = 1'000'000;

constexpr GapRow kGaps[] = {
    {"disk space", "no quota is enforced", true, kNever},
    {"writing", "the step can write whatever the caller can; what it puts into /tmp, /var/tmp, /dev/shm or a home that the user "
                "database names stays there", true, 0},
    {"truncating", "the step can truncate any file of the caller's, before Linux 6.2", false,
     sandbox::kLandlockForTruncate},
    {"modes and owners", "the step can change those of any file that the caller can, and times and extended attributes too", false,
     kNever},
    {"reading", "the step sees whatever the caller can: secrets, the warm store, and caches of earlier runs", true, kNever},
    {"signals", "the step can end the caller's processes, stepbox among them, before Linux 6.12", false, sandbox::kLandlockForScopes},
    {"signals", "the step can end the caller's processes, stepbox among them", true, 0},
    {"other processes", "the step sees the caller's, and can change their limits and priorities", true, kNever},
    {"daemons", "any that the caller can reach (docker, systemd, agents) act for the step as well, and outlive it", true,
     kNever},
    {"its own processes", "a process that forks faster than stepbox can kill it outlives the run", true, kNever},
    {"control groups", "where the caller may write to them, the step can leave its own and so escape its limits", true,
     0},
    {"network", "and System V IPC, user ids, terminals: they are the caller's", true, kNever}};

// Devices that every program may write to; the rest of /dev belongs to the host.
constexpr std::string_view kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                                         "/dev/tty",  "/dev/ptmx", "/dev/pts"};

std::string mode_of(const Policy& policy) { return std::string("--isolation ") + name_of(policy.isolation.value); }

std::unexpected<Error> needs_box(const Policy& policy, const std::string& what, const Origin& origin) {
  return fail("cannot have " + what + " (" + escaped(origin.text()) + ") with " + mode_of(policy),
              std::string("it needs a box: use --isolation full, or ") +
                  (origin.layer == Layer::command_line ? "leave the option out" : "override it with an option"));
}

// Refuses explicit requests that only a box can satisfy. gaps_of() lists what every step without a box lacks.
Result<> refuse_what_needs_box(const Policy& policy) {
  if (policy.network.value != NetworkMode::host)
    return needs_box(policy, std::string("network ") + name_of(policy.network.value), policy.network.origin);
  if (!policy.allow_nesting.value) return needs_box(policy, "nesting deny", policy.allow_nesting.origin);
  if (policy.source.value == SourceMode::none || policy.source.value == SourceMode::overlay || (policy.source.value == SourceMode::ro && policy.isolation.value == Isolation::env))
    return needs_box(policy, std::string("source ") + name_of(policy.source.value), policy.source.origin);
  if (policy.home.value == HomeMode::overlay) return needs_box(policy, "home overlay", policy.home.origin);
  if (policy.root.value != RootMode::ro)
    return needs_box(policy, std::string("root ") + name_of(policy.root.value), policy.root.origin);
  if (policy.settings.value == SettingsMode::show && policy.home.value == HomeMode::fresh)
    return needs_box(policy, "settings shown in a fresh home", policy.settings.origin);
  for (const PathRule& rule : policy.paths)
    if (rule.access == PathAccess::hide)
      return needs_box(policy, "a hidden path", rule.origin);
  const auto is_typed = [](const Origin& origin) { return origin.layer >= Layer::environment; };
  if (is_typed(policy.size.origin)) return needs_box(policy, "a size for the workspace", policy.size.origin);
  if (is_typed(policy.inodes.origin)) return needs_box(policy, "a number of inodes", policy.inodes.origin);
  for (const VolumeSpec& volume : policy.volumes)
    if (is_typed(volume.origin)) return needs_box(policy, "volume " + quoted(volume.name), volume.origin);
  return {};
}

// Nothing can make part of a writable tree read-only: Landlock rules only add rights (landlock(7)), and variables
// restrict nothing.
Result<> refuse_read_only_within(const FilesPlan& files, const Policy& policy, const HostFacts& facts) {
  std::vector<std::string> writable;
  if (files.source == SourceMode::rw) writable.push_back(files.source_path);
  const auto real_of = [&](const PathRule& rule) {
    const HostFacts::NamedPath* found = facts.find(expand_home(rule.path, facts));
    return found == nullptr ? std::string() : found->real;
  };
  for (const PathRule& rule : policy.paths)
    if (const std::string real = real_of(rule); rule.access == PathAccess::rw && !real.empty()) writable.push_back(real);
  for (const PathRule& rule : policy.paths) {
    const std::string real = real_of(rule);
    if (rule.access != PathAccess::ro || real.empty()) continue;
    if (std::ranges::any_of(writable, [&](const std::string& place) { return is_within(real, place); }))
      return needs_box(policy, "a read-only " + quoted(real) + " in a place that is writable", rule.origin);
  }
  return {};
}

// Policies are written with a box in mind. Here their sizes are not enforced, and the user should know.
void warn_of_sizes(const Policy& policy, Remarks& remarks) {
  const auto warn = [&](const std::string& what, const Origin& origin) {
    if (origin.layer != Layer::built_in)
      remarks.warnings.push_back(what + " (" + escaped(origin.text()) + ") is not enforced with " + mode_of(policy));
  };
  warn("workspace.size " + policy.size.value.text(), policy.size.origin);
  warn("workspace.inodes " + std::to_string(policy.inodes.value), policy.inodes.origin);
  for (const VolumeSpec& volume : policy.volumes) warn("the size of volume " + quoted(volume.name), volume.origin);
}

// Landlock cannot take the store out of a tree that is writable.
Result<> refuse_to_open_store(const std::vector<WritablePath>& writable, const Policy& policy, const HostFacts& facts) {
  const StoreInBox store = store_in_box(policy, facts);
  if (store == StoreInBox::absent) return {};
  if (store == StoreInBox::as_named && std::ranges::find(writable, facts.kept_store, &WritablePath::path) != writable.end()) return {};
  for (const WritablePath& place : writable)
    if (is_within(facts.kept_store, place.path))
      return needs_box(policy, "the warm store " + quoted(facts.kept_store) + " in a place that is writable, " + quoted(place.path), place.origin);
  return {};
}

std::vector<MountCall> directories(const Plan& plan, const Policy& policy) {
  std::vector<MountCall> calls;
  std::set<std::string> made;
  const auto make = [&](const std::string& path, uint32_t mode) {
    if (!made.insert(path).second) return;
    calls.push_back({.act = MountAct::directory, .target = path, .mode = mode});
  };
  for_each_volume_directory([&](const VolumeDirectory& directory) {
    if (directory.mode_without_box != 0) make(std::string(directory.path), directory.mode_without_box);
  });
  for_each_redirect_directory(plan, policy, make);
  return calls;
}

// A checkout that contains the home, /tmp, ... would open everything that the step must not write to.
SourceMode source_mode(const Policy& policy, const Layout& layout, const Checkout& checkout, Remarks& remarks) {
  const bool is_confined = policy.isolation.value == Isolation::landlock;
  if (!is_confined || policy.source.value != SourceMode::rw || !layout.contains_masked(checkout.path)) return policy.source.value;
  remarks.warnings.push_back("the step cannot write to " + quoted(checkout.path) +
                             ": it holds places that are not its own (home, /tmp, /run, ...); run stepbox from the project's directory");
  return SourceMode::ro;
}

Result<> check_landlock(const Policy& policy, const HostFacts& facts) {
  if (facts.landlock_error != 0)
    return std::unexpected(Error::from_errno("cannot confine writes (" + escaped(policy.isolation.origin.text()) +
                                                 "): cannot ask the kernel what its Landlock can do",
                                             facts.landlock_error)
                               .with_hint("a seccomp filter may refuse landlock_create_ruleset(2): start a container with --security-opt "
                                          "seccomp=unconfined, add the call to SystemCallFilter= of a systemd unit; or use --isolation env"));
  if (facts.landlock_abi < sandbox::kLandlockForWrites)
    return fail("cannot confine writes (" + escaped(policy.isolation.origin.text()) + "): the kernel's Landlock is " +
                    (facts.landlock_abi == 0 ? "missing or switched off" : "too old to let files be moved between directories"),
                "it needs Linux 5.19 with CONFIG_SECURITY_LANDLOCK and landlock in the list lsm=; or use --isolation env");
  return {};
}

}  // namespace

std::vector<Gap> gaps_of(Isolation isolation, int landlock_abi) {
  std::vector<Gap> gaps;
  for (const GapRow& row : kGaps) {
    const bool is_gap = isolation == Isolation::env ? row.of_env : isolation == Isolation::landlock && landlock_abi < row.of_landlock_before;
    if (is_gap) gaps.push_back({row.name, row.text});
  }
  return gaps;
}

Result<FilesPlan> plan_files_without_box(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout,
                                         const Checkout& checkout, Remarks& remarks) {
  TRY(refuse_what_needs_box(policy));
  if (policy.isolation.value == Isolation::landlock) TRY(check_landlock(policy, facts));
  warn_of_sizes(policy, remarks);
  FilesPlan files{.box = facts.private_directory,
                  .root = policy.root.value,
                  .source = source_mode(policy, layout, checkout, remarks),
                  .source_path = checkout.path,
                  .volumes = {},
                  .mounts = {},
                  .cache_directories = directories(plan, policy)};
  TRY(refuse_read_only_within(files, policy, facts));
  return files;
}

Result<std::vector<WritablePath>> plan_writable(const Plan& plan, const Policy& policy, const HostFacts& facts,
                                                const Layout& layout, Remarks& remarks) {
  std::vector<WritablePath> writable;
  if (plan.confinement.isolation != Isolation::landlock) return writable;
  TRY_ASSIGN(const auto calls, plan_paths(plan, policy, facts, layout, remarks));
  for (const MountCall& call : calls)
    if ((call.attributes & MOUNT_ATTR_RDONLY) == 0)
      writable.push_back({.path = call.source, .is_directory = !call.onto_file, .why = call.why, .origin = call.origin});
  TRY(refuse_to_open_store(writable, policy, facts));
  const auto add_device = [&](std::string path) {
    const bool is_directory = path == "/dev/pts";
    writable.push_back({.path = std::move(path), .is_directory = is_directory, .optional = true, .why = "device"});
  };
  for (const std::string_view device : kDevices) add_device(std::string(device));
  if (!facts.terminal.empty()) add_device(facts.terminal);
  return writable;
}

}  // namespace stepbox::plan
