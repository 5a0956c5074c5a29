#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "model/volumes.hpp"
#include "plan/overlays.hpp"
#include "plan/parts.hpp"
#include "plan/system_root.hpp"

// The box, in the order in which it is built:
//
//   workspace  a small tmpfs as root
//              /box: the workspace, its volumes, and the directories in them
//              (from here on, the step makes the directories of redirects in parallel)
//   host       the host's top-level directories, read-only
//              /sys, /dev, /proc
//   shown      paths shown, opened for writing or hidden by name: checkout, toolchains, CI files, rules of the policy
//              the masks: directories of the workspace appear at /tmp, /run, home, ...
//   seal       the root becomes read-only
namespace stepbox::plan {
namespace {

constexpr uint64_t kReadOnly = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY;
constexpr uint64_t kKernelFs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

constexpr std::string_view kNotCopied[] = {
    "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "bpf", "mqueue",
    "hugetlbfs", "autofs", "binfmt_misc", "configfs", "fusectl", "pstore", "efivarfs", "rpc_pipefs", "nsfs"};

// "dev/pts/3"
bool has_low_number(std::string_view terminal) {
  constexpr std::string_view kPts = "dev/pts/";
  if (!terminal.starts_with(kPts)) return false;
  terminal.remove_prefix(kPts.size());
  unsigned number = kMaxTerminals;
  const auto [end, error] = std::from_chars(terminal.begin(), terminal.end(), number);
  return error == std::errc() && end == terminal.end() && number < kMaxTerminals;
}

class MountList {
 public:
  MountList(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, Remarks& remarks)
      : plan_(plan), files_(plan.files), remarks_(remarks), policy_(policy), facts_(facts), layout_(layout),
        shifted_(plan.identity.isolation == UidIsolation::shifted),
        is_reduced_(policy.root.value == RootMode::system),
        // An unprivileged mount namespace may copy the mounts that it inherited only as whole trees
        // (mount_namespaces(7)).
        copy_(plan.identity.isolation == UidIsolation::mapped ? Recursion::tree : Recursion::single) {}

  Result<FilesPlan> build();

 private:
  void root();
  void host_root();
  void host_root_entry(const RootEntry& entry);
  void system_below_top();
  void cover_private_paths();
  void host_mounts_below();
  void sys();
  void sys_in_parts();
  void dev();
  void terminal();
  void proc();
  void workspace();
  void volume(size_t index);
  void redirect_directories();
  void redirect_directory(const std::string& path, uint32_t mode);
  const char* empty_file();
  Result<> paths();
  void link(MountCall call);
  void place(MountCall call);
  void overlay(PlannedOverlay overlay, const std::string& target);
  void carry_out_later(MountCall call);
  void planned_overlays();
  void hide_layers();
  void cover_kernel_file_systems();
  void make_way(const std::string& target, MountAct last);
  void masks();
  void seal();
  void count_own_inodes();

  // Within a phase, making directories, files and links comes before mounting: entries are made with the owner's
  // file-system ids, and switching ids back and forth would cost more than everything else.
  MountCall& add(MountAct act, std::string source, std::string target, std::string why) {
    const bool makes = makes_entry(act);
    std::vector<MountCall>& list = makes ? files_.mounts : to_mount_;
    MountCall& call = list.emplace_back();
    call.act = act;
    call.source = std::move(source);
    call.target_is_ours = !makes && is_ours(target);
    call.target = std::move(target);
    call.why = std::move(why);
    return call;
  }
  // Ends the batch, so that the entries that follow can be made inside these mounts.
  void mount_now() {
    std::ranges::move(to_mount_, std::back_inserter(files_.mounts));
    to_mount_.clear();
  }
  void end(MountPhase phase) {
    mount_now();
    for (; phases_end_ < files_.mounts.size(); ++phases_end_) files_.mounts[phases_end_].phase = phase;
  }
  void directory(std::string target, uint32_t mode, std::string why = {}) {
    made_.insert(target);
    add(MountAct::directory, {}, std::move(target), std::move(why)).mode = mode;
  }
  void file(std::string target) {
    made_.insert(target);
    add(MountAct::file, {}, std::move(target), {}).mode = 0444;
  }
  bool is_below_placed(const std::string& target) const {
    return std::ranges::any_of(placed_, [&](const std::string& placed) {
      return target.size() > placed.size() && is_within(target, placed);
    });
  }
  // The plan makes the target, and no tree of the host covers it later.
  bool is_ours(const std::string& target) const { return made_.contains(target) && !is_below_placed(target); }
  bool is_hidden(const std::string& target) const {
    return std::ranges::any_of(hidden_, [&](const std::string& hidden) { return is_within(target, hidden); });
  }
  bool is_mount_of_its_own(const std::string& path) const {
    return std::ranges::any_of(facts_.mounts, [&](const MountFact& mount) { return mount.path == path; });
  }

  const Plan& plan_;  // what was decided before
  FilesPlan files_;
  Remarks& remarks_;
  const Policy& policy_;
  const HostFacts& facts_;
  const Layout& layout_;
  const bool shifted_;
  const bool is_reduced_;  // root: system
  const Recursion copy_;
  std::vector<MountCall> to_mount_;  // after all entries of the phase are made
  size_t phases_end_ = 0;            // the first call of the current phase
  std::set<std::string> made_;       // directories and files that exist because the plan makes them
  std::vector<std::string> placed_;  // targets of binds: everything below them exists on the host already
  std::vector<std::string> hidden_;  // targets hidden by a rule: nothing exists below them
  std::vector<std::string> on_the_way_;  // ways to shown paths: init makes these while the step makes its directories
};

Result<FilesPlan> MountList::build() {
  constexpr size_t kUsual = 160;
  files_.mounts.reserve(kUsual);
  root();
  workspace();
  planned_overlays();
  end(MountPhase::workspace);
  host_root();
  sys();
  dev();
  proc();
  end(MountPhase::host);
  TRY(paths());
  redirect_directories();
  masks();
  if (!files_.overlays.empty()) hide_layers();
  end(MountPhase::shown);
  seal();
  end(MountPhase::seal);
  count_own_inodes();
  return std::move(files_);
}

void MountList::root() {
  MountCall& skeleton = add(MountAct::tmpfs, {}, "", "root of the box");
  skeleton.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  // Holds only directories, links and mount points, and is read-only before the step starts.
  skeleton.options = {{"size", "1M"}, {"nr_inodes", "65536"}, {"mode", "0755"}};
  mount_now();
}

void MountList::host_root() {
  directory(".empty", 0755);
  directory(".empty/directory", 0555);
  for (const RootEntry& entry : facts_.root_entries)
    if (!is_reduced_ || is_in_system("/" + entry.name)) host_root_entry(entry);
  if (is_reduced_) system_below_top();
  host_mounts_below();
  cover_private_paths();
}

// Shows the wanted parts of top-level directories that are not shown as a whole.
void MountList::system_below_top() {
  for (const std::string_view place : program_places()) {
    const HostFacts::NamedPath* found = facts_.find(place);
    if (place.rfind('/') == 0 || found == nullptr || found->real != place || found->kind != HostPathKind::directory) continue;
    const std::string target(place.substr(1));
    make_way(target, MountAct::directory);
    MountCall& call = add(MountAct::bind, std::string(place), target, "host");
    call.attributes = kReadOnly;
    call.recursion = copy_;
    show_through_overlay(call, plan_, facts_);
    placed_.push_back(target);
  }
}

// For a step whose ids own files of the system. Does not protect files that appear there later.
void MountList::cover_private_paths() {
  for (const HostFacts::PrivatePath& found : facts_.private_paths) {
    const bool is_directory = found.kind == HostPathKind::directory;
    MountCall& cover = add(MountAct::rebind, is_directory ? ".empty/directory" : empty_file(), found.path.substr(1), "not for others to read");
    cover.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
    cover.onto_file = !is_directory;
    cover.optional = true;
    cover.protects = true;
  }
}

void MountList::host_root_entry(const RootEntry& entry) {
  static constexpr std::array<std::string_view, 6> kOwn = {"proc", "sys", "dev", "run", "box", ".empty"};
  if (std::ranges::find(kOwn, entry.name) != kOwn.end()) return;
  const std::string host = "/" + entry.name;
  // The workspace appears at a masked top-level directory (/tmp, /root) later, even where that is a link.
  if (const Mask* mask = layout_.covering(host); mask != nullptr && mask->host == host) {
    directory(entry.name, 0755);
    return;
  }
  if (!entry.link.empty()) {
    add(MountAct::symlink, entry.link, entry.name, {});
    return;
  }
  if (entry.kind == HostPathKind::directory) directory(entry.name, 0755);
  else file(entry.name);
  const bool is_directory = entry.kind == HostPathKind::directory;
  if (policy_.root.value == RootMode::overlay && is_directory && is_fit_for_root(host, plan_.identity, facts_, remarks_)) {
    overlay({.of = OverlayOf::root, .path = host, .lowers = {host}, .why = "host", .origin = policy_.root.origin}, entry.name);
    return;
  }
  MountCall& call = add(MountAct::bind, host, entry.name, "host");
  call.attributes = kReadOnly;
  call.recursion = copy_;
  // In a reduced root the owners are unmapped ids, so the step reads only world-readable files.
  if (shifted_ && !is_reduced_) call.id_mapped = is_mount_of_its_own(host) ? IdMapped::preferred : IdMapped::required;
  call.onto_file = entry.kind == HostPathKind::file;
  show_through_overlay(call, plan_, facts_);
  placed_.push_back(entry.name);
}

void MountList::host_mounts_below() {
  if (copy_ == Recursion::tree) return;  // they were copied with the tree
  std::set<std::string> seen;
  // The kernel lists mounts by age, and `mount --move` can put an old one inside a younger one.
  std::vector<MountFact> mounts = facts_.mounts;
  std::ranges::stable_sort(mounts, {}, [](const MountFact& mount) { return std::ranges::count(mount.path, '/'); });
  for (const MountFact& mount : mounts) {
    if (is_kernel_file_system(mount.type)) continue;
    if (mount.path == "/" || Layout::is_special(mount.path) || layout_.covering(mount.path) != nullptr) continue;
    if (is_reduced_ && !is_in_system(mount.path)) continue;
    // Top-level mounts are copied with their directory. A path leads to the last of several mounts stacked on it.
    if (mount.path.find('/', 1) == std::string::npos || !seen.insert(mount.path).second) continue;
    MountCall& call = add(MountAct::bind, mount.path, mount.path.substr(1), "host");
    call.attributes = kReadOnly;
    call.id_mapped = shifted_ && !is_reduced_ ? IdMapped::preferred : IdMapped::no;
    call.optional = true;
    show_through_overlay(call, plan_, facts_);
  }
}

void MountList::sys() {
  directory("sys", 0555);
  const bool brings_groups = copy_ == Recursion::tree && std::ranges::any_of(facts_.mounts, [](const MountFact& mount) {
                               return mount.type == "cgroup" && is_within(mount.path, "/sys");
                             });
  if (brings_groups) return sys_in_parts();
  MountCall& call = add(MountAct::bind, "/sys", "sys", "host");
  call.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
  call.recursion = copy_;
  // A single copy of /sys brings no cgroup mount; a whole tree does, and this covers it.
  MountCall& cover = add(MountAct::rebind, ".empty/directory", "sys/fs/cgroup", "no way to the host's cgroups");
  cover.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
  cover.optional = true;
  cover.protects = true;
}

// Copying the /sys tree would bring the mounts below it, and they cannot be removed again. Java finds cgroup v1
// mounts whose top lies above that of the box's cgroup namespace, cannot place itself in them, and ManagementFactory
// fails; Bazel and Gradle fail with it. Covering the mounts does not help, since /proc/self/mountinfo still lists
// them. The price of copying in parts: a nested sandbox cannot mount its own sysfs.
void MountList::sys_in_parts() {
  for (const char* name : {"block", "bus", "class", "dev", "devices", "firmware", "kernel", "module", "power"}) {
    const std::string path = std::string("sys/") + name;
    directory(path, 0555);
    MountCall& call = add(MountAct::bind, "/" + path, path, "host");
    call.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
    call.recursion = copy_;
    call.optional = true;
  }
  directory("sys/fs", 0555);
  directory("sys/fs/cgroup", 0555);
}

void MountList::dev() {
  directory("dev", 0755);
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    file(std::string("dev/") + name);
    MountCall& call = add(MountAct::bind, std::string("/dev/") + name, std::string("dev/") + name, "device");
    call.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
  }
  directory("dev/pts", 0755);
  MountCall& pts = add(MountAct::devpts, {}, "dev/pts", "terminals of the box");
  pts.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  pts.options = {{"ptmxmode", "0666"}, {"mode", "0620"}};
  directory("dev/shm", 01777);
  if (!facts_.terminal.empty()) terminal();
  add(MountAct::symlink, "pts/ptmx", "dev/ptmx", {});
  add(MountAct::symlink, "/proc/self/fd", "dev/fd", {});
  add(MountAct::symlink, "/proc/self/fd/0", "dev/stdin", {});
  add(MountAct::symlink, "/proc/self/fd/1", "dev/stdout", {});
  add(MountAct::symlink, "/proc/self/fd/2", "dev/stderr", {});
}

// The box's devpts does not know the terminal that the step was started from. The terminal appears at its own path if
// possible. For a pseudo-terminal whose number the new devpts cannot provide, ttyname(3) finds it as /dev/console.
void MountList::terminal() {
  const auto show = [&](MountAct act, const std::string& target) {
    MountCall& call = add(act, facts_.terminal, target, "the terminal");
    call.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
    call.optional = act == MountAct::terminal;
  };
  const std::string own = facts_.terminal.substr(1);
  const bool is_plain_device = own.starts_with("dev/") && own.find('/', 4) == std::string::npos && !made_.contains(own);
  const std::string fixed = is_plain_device ? own : "dev/console";
  file(fixed);
  show(MountAct::bind, fixed);
  if (has_low_number(own)) show(MountAct::terminal, own);
}

void MountList::proc() {
  directory("proc", 0555);
  add(MountAct::proc, {}, "proc", "processes of the box").attributes = kKernelFs;
  // With shifted or mapped ids the kernel refuses writes, because the step does not own these files. Real root owns
  // them.
  if (shifted_ || plan_.identity.owner_uid != 0 || facts_.root_is_mapped_elsewhere) return;
  add(MountAct::seal, {}, "proc", "uid 0 could write the host's settings").attributes = MOUNT_ATTR_RDONLY;
  for (const char* name : {"kcore", "keys", "kmsg", "latency_stats", "timer_list", "sched_debug", "sysrq-trigger"}) {
    MountCall& call = add(MountAct::rebind, empty_file(), std::string("proc/") + name, "of the host");
    call.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
    call.optional = true;
    call.protects = true;
  }
}

void MountList::volume(size_t index) {
  const PlannedVolume& planned = files_.volumes[index];
  MountCall& call = add(MountAct::tmpfs, {}, planned.path.substr(1), "volume " + planned.name);
  call.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  call.volume = static_cast<int>(index);
  call.origin = planned.size_origin;
  mount_now();
}

void MountList::workspace() {
  directory("box", 0755);
  volume(0);
  // Volumes first: a tmpfs mounted later would cover entries made in its directory.
  for (size_t i = 1; i < files_.volumes.size(); ++i) {
    directory(files_.volumes[i].path.substr(1), 0755);
    volume(i);
  }
  const bool own_tmp = std::ranges::any_of(files_.volumes, [](const PlannedVolume& v) { return v.name == "tmp"; });
  if (own_tmp) {
    // /tmp and /var/tmp are two directories of one volume. If /var/tmp lay below /tmp, `rm -rf /tmp/*` would remove
    // it.
    directory("box/tmp/var-tmp", 01777);
    directory("box/var-tmp", 0755);
    add(MountAct::rebind, "box/tmp/var-tmp", "box/var-tmp", "volume tmp").attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    directory("box/tmp/tmp", 01777);
    add(MountAct::rebind, "box/tmp/tmp", "box/tmp", "volume tmp").attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    mount_now();
  }
  for_each_volume_directory([&](const VolumeDirectory& made) {
    // A volume's root starts with mode 0755 and gets its real mode here. With its own tmp volume, /tmp and /var/tmp
    // already have theirs.
    if (own_tmp && (made.path == "tmp" || made.path == "var-tmp")) return;
    directory("box/" + std::string(made.path), made.mode);
  });
}

// The step makes most of these directories, except those inside a directory that init makes at the same time.
void MountList::redirect_directory(const std::string& path, uint32_t mode) {
  if (is_below_placed(path) || !made_.insert(path).second) return;
  const bool later = std::ranges::any_of(on_the_way_, [&](const std::string& made) { return is_within(path, made); });
  if (later) on_the_way_.push_back(path);
  MountCall& call = (later ? files_.mounts : files_.cache_directories).emplace_back();
  call.act = MountAct::directory;
  call.target = path;
  call.mode = mode;
}

void MountList::redirect_directories() {
  files_.cache_directories.reserve(64);
  for_each_redirect_directory(plan_, policy_, [&](const std::string& path, uint32_t mode) { redirect_directory("box/" + path, mode); });
}

// Makes the missing entries on the way to a mount point. Only needed on the box's own tmpfs: below a copied host tree
// everything exists.
void MountList::make_way(const std::string& target, MountAct last) {
  if (is_below_placed(target) || target.starts_with("proc/") || target.starts_with("sys/")) return;
  const auto make = [&](const std::string& path, MountAct act) {
    if (made_.contains(path)) return;
    on_the_way_.push_back(path);
    if (act == MountAct::directory) directory(path, 0755);
    else file(path);
  };
  for (size_t slash = target.find('/'); slash != std::string::npos; slash = target.find('/', slash + 1))
    make(target.substr(0, slash), MountAct::directory);
  make(target, last);
}

// The cover for hidden files. Made on first use.
const char* MountList::empty_file() {
  if (!made_.contains(".empty/file")) file(".empty/file");
  return ".empty/file";
}

void MountList::place(MountCall call) {
  call.target_is_ours = is_ours(call.target);
  placed_.push_back(call.target);
  if (call.act == MountAct::rebind) hidden_.push_back(call.target);
  to_mount_.push_back(std::move(call));
}

void MountList::carry_out_later(MountCall call) {
  const bool makes = makes_entry(call.act);
  if (makes) made_.insert(call.target);
  else call.target_is_ours = is_ours(call.target);
  (makes ? files_.mounts : to_mount_).push_back(std::move(call));
}

void MountList::overlay(PlannedOverlay planned, const std::string& target) {
  if (!made_.contains(std::string(kLayers))) {
    if (!made_.contains("box/scratch")) directory("box/scratch", 0755);
    directory(std::string(kLayers), 0700);
    for (MountCall& call : overlay_trial(plan_.identity, facts_)) carry_out_later(std::move(call));
  }
  const auto index = static_cast<int>(files_.overlays.size());
  for (MountCall& call : overlay_calls(planned, index, target, plan_.identity, facts_)) carry_out_later(std::move(call));
  files_.overlays.push_back(std::move(planned));
  placed_.push_back(target);
}

// Those below /box, before the step makes directories there.
void MountList::planned_overlays() {
  for (PlannedOverlay& planned : std::exchange(files_.overlays, {})) {
    const std::string target = planned.path.substr(1);
    make_way(target, MountAct::directory);
    overlay(std::move(planned), target);
  }
}

// The step must not change the layers while the overlays are in use (overlayfs.rst).
void MountList::hide_layers() {
  MountCall& cover = add(MountAct::rebind, ".empty/directory", std::string(kLayers), "layers of overlays");
  cover.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
}

// Makes a link on the way to a shown path, unless a shown tree already contains it.
void MountList::link(MountCall call) {
  if (is_below_placed(call.target) || !made_.insert(call.target).second) return;
  if (const size_t slash = call.target.rfind('/'); slash != std::string::npos) make_way(call.target.substr(0, slash), MountAct::directory);
  files_.mounts.push_back(std::move(call));
}

Result<> MountList::paths() {
  TRY_ASSIGN(auto calls, plan_paths(plan_, policy_, facts_, layout_, remarks_));
  for (MountCall& call : calls) {
    if (call.act == MountAct::symlink) {
      link(std::move(call));
      continue;
    }
    if (!call.optional) make_way(call.target, call.onto_file ? MountAct::file : MountAct::directory);
    if (call.source == ".empty/file") empty_file();
    // A directory of the workspace in the place of a cache.
    if (call.act == MountAct::rebind && call.source.starts_with("box/")) make_way(call.source, MountAct::directory);
    if (call.act == MountAct::overlay)
      overlay({.of = call.overlay_of, .path = "/" + call.target, .lowers = {call.source}, .why = call.why, .origin = call.origin}, call.target);
    else
      place(std::move(call));
  }
  cover_kernel_file_systems();
  return {};
}

// Whole-tree copies bring along kernel file systems mounted anywhere: the /proc of a chroot, a cgroup mount.
void MountList::cover_kernel_file_systems() {
  for (const MountFact& mount : facts_.mounts) {
    if (!is_kernel_file_system(mount.type) || mount.type == "autofs" || Layout::is_special(mount.path)) continue;
    MountCall& cover = add(MountAct::rebind, ".empty/directory", layout_.place(mount.path), "the host's " + mount.type);
    cover.attributes = kKernelFs | MOUNT_ATTR_RDONLY;
    cover.optional = true;
    // If an ordinary user's init cannot reach the place, the step cannot either: both are the same user.
    cover.protects = plan_.identity.isolation != UidIsolation::mapped;
  }
}

void MountList::masks() {
  if (!made_.contains("tmp")) directory("tmp", 01777);
  directory("run", 0755);
  for (const Mask& mask : layout_.masks()) {
    // In a reduced root, the directories above a home are missing too.
    if (is_reduced_) make_way(mask.target, MountAct::directory);
    MountCall& call = add(MountAct::rebind, mask.box, mask.target, "mask");
    call.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    // Includes mounts made inside it: the checkout below /tmp, toolchains below the home.
    call.recursion = Recursion::tree;
    // The home in the user database need not exist, and a place that a rule hid needs no mask.
    call.optional = mask.box == "box/home" || is_hidden(mask.target);
    call.protects = true;
  }
}

void MountList::seal() {
  add(MountAct::seal, {}, "", "nothing but the workspace is writable").attributes = kReadOnly;
}

// Entries that stepbox makes in a volume must not count against the step's inodes.
void MountList::count_own_inodes() {
  for (PlannedVolume& volume : files_.volumes) volume.own_inodes = 1;  // its root
  constexpr std::string_view kVarTmp = "/box/var-tmp/";
  const bool own_tmp = std::ranges::any_of(files_.volumes, [](const PlannedVolume& v) { return v.name == "tmp"; });
  const auto home_of = [&](std::string_view path) {
    PlannedVolume* home = nullptr;
    for (PlannedVolume& volume : files_.volumes) {
      if (!is_within(path, volume.path) || path == volume.path) continue;
      if (home == nullptr || volume.path.size() > home->path.size()) home = &volume;
    }
    return home;
  };
  for (const std::string& made : made_) {
    std::string path = "/" + made;
    // With a separate tmp volume, /var/tmp lies in it.
    if (own_tmp && path.starts_with(kVarTmp)) path.insert(4, "/tmp");
    if (PlannedVolume* home = home_of(path)) ++home->own_inodes;
  }
  const size_t trials = std::ranges::count(files_.mounts, MountAct::try_overlay, &MountCall::act);
  if (!files_.overlays.empty()) home_of("/" + std::string(kLayers))->own_inodes += kInodesOfOverlay * (files_.overlays.size() + trials);
  for (MountCall& call : files_.mounts) {
    if (call.volume < 0) continue;
    const PlannedVolume& volume = files_.volumes[static_cast<size_t>(call.volume)];
    call.options = {{"size", std::to_string(volume.bytes)},
                    {"nr_inodes", std::to_string(volume.inodes + volume.own_inodes)},
                    {"mode", "0755"},
                    {"huge", "within_size"}};
  }
}

}  // namespace

void for_each_redirect_directory(const Plan& plan, const Policy& policy,
                                 const std::function<void(const std::string& path, uint32_t mode)>& make) {
  const auto make_with_way = [&](const std::string& path, uint32_t mode) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      make(path.substr(0, slash), 0755);
    make(path, mode);
  };
  for (const caches::Tool& tool : caches::tools()) {
    for (const caches::Redirect& redirect : tool.redirects) {
      if (redirect.create == caches::Create::none) continue;
      std::string path(redirect.value);
      if (const size_t at = path.find("{uid}"); at != std::string::npos)
        path.replace(at, 5, std::to_string(plan.identity.uid));
      if (redirect.create == caches::Create::parent) path.erase(path.rfind('/'));
      make_with_way(path, redirect.create == caches::Create::parent ? 0755 : redirect.mode);
    }
  }
  for (const EnvRule& rule : policy.environment)
    if (rule.action == EnvAction::redirect) make_with_way(rule.value, 0755);
}

bool is_kernel_file_system(std::string_view type) {
  return std::ranges::find(kNotCopied, type) != std::end(kNotCopied);
}

Result<FilesPlan> plan_mounts(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, Remarks& remarks) {
  return MountList(plan, policy, facts, layout, remarks).build();
}

}  // namespace stepbox::plan
