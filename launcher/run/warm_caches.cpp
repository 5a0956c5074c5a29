#include "run/warm_caches.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/checkout_commit.hpp"
#include "run/overlay_options.hpp"
#include "sys/files.hpp"
#include "sys/mountinfo.hpp"
#include "sys/open_no_links.hpp"
#include "sys/walk.hpp"
#include "warm/hand_over.hpp"

namespace stepbox::run {
namespace {

bool has_warm_overlays(const Plan& plan) {
  return std::ranges::any_of(plan.files.overlays, [](const PlannedOverlay& overlay) { return overlay.of == OverlayOf::warm; });
}

bool is_default(std::string_view option) {
  const auto text = sys::read_file("/sys/module/overlay/parameters/" + std::string(option), 8);
  return text && text->starts_with('Y');
}

// The mounts of the box; none if it has ended already, so that nothing can have been copied for a touch in it. Only root
// can read them: init is not dumpable.
Result<std::vector<sys::HostMount>> mounts_of(const sandbox::Box& box) {
  const auto has_ended = [](int number) { return number == ENOENT || number == ESRCH || number == EINVAL; };
  const sys::Fd file(::openat(box.processes(), "1/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!file && has_ended(errno)) return std::vector<sys::HostMount>();
  if (!file) return fail_errno("cannot read back the options of its overlays", errno);
  const auto text = sys::read_file("/proc/self/fd/" + std::to_string(file.get()), 4 << 20);
  if (!text && !has_ended(text.error().number)) return std::unexpected(text.error());
  return text ? sys::parse_mountinfo(*text) : std::vector<sys::HostMount>();
}

std::string what_is_missing(const std::string& path, const std::vector<sys::HostMount>& mounts) {
  for (const sys::HostMount& mount : mounts)
    if (mount.path == path && mount.type == "overlay")
      if (const std::string_view option = missing_option(mount.options, is_default); !option.empty())
        return "the kernel did not grant the overlay option " + std::string(option) + " at " + path;
  return {};
}

// Sorts the files of an upper layer into those that the generation has as well, and those that it has not or has
// otherwise. Sizes tell: a touched file keeps its size, and whether a rewritten one of the same size differs would take
// reading both.
class Count : public sys::Visitor {
 public:
  // `own` are the files that stepbox wrote, which count as neither.
  Count(WarmUse& use, const std::string& lower, std::vector<std::string> own)
      : use_(use), own_(std::move(own)), lower_(::open(lower.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

  sys::Descend enter(const sys::WalkedDirectory&) override { return sys::Descend::yes; }
  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) override {
    if (S_ISCHR(status.st_mode)) return;  // a deletion
    struct stat before {};
    // The root is called ".".
    const std::string path = std::string(in.path) + "/" + name;
    if (std::ranges::find(own_, path) != own_.end()) return;
    const bool is_there = lower_ && ::fstatat(lower_.get(), path.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
    const bool is_touched = is_there && (before.st_mode & S_IFMT) == (status.st_mode & S_IFMT) && before.st_size == status.st_size;
    constexpr uint64_t kBlock = 512;  // of st_blocks (stat(2))
    (is_touched ? use_.copied_files : use_.added_files) += 1;
    if (is_touched) use_.copied_bytes += static_cast<uint64_t>(status.st_blocks) * kBlock;
    else use_.added_bytes += static_cast<uint64_t>(status.st_size);
  }

 private:
  WarmUse& use_;
  std::vector<std::string> own_;
  sys::Fd lower_;
};

// As the walk names them.
std::vector<std::string> own_files(const PlannedWarmDirectory& directory, const Plan& plan) {
  const std::string place = plan.files.box.substr(1) + "/" + directory.path + "/";
  std::vector<std::string> own;
  for (const MountCall& call : plan.files.cache_directories)
    if (call.act == MountAct::file && call.target.starts_with(place)) own.push_back("./" + call.target.substr(place.size()));
  return own;
}

void count_changes(WarmUse& use, const PlannedWarmDirectory& directory, const Plan& plan, const sandbox::Box& box) {
  if (directory.overlay < 0) return;
  const auto index = static_cast<size_t>(directory.overlay);
  if (index >= box.views().size() || !box.views()[index].upper) return;
  Count count(use, plan.files.overlays[index].lowers.front(), own_files(directory, plan));
  sys::walk(box.views()[index].upper.get(), ".", count);
}

// A directory as it is to be saved, open for reading: the step's merged view; where it began empty, the volume's; the
// generation's own where the step did not see it. Invalid, and an errno, if it is missing or the step put a link there.
sys::Fd open_result(const PlannedWarmDirectory& directory, const Plan& plan, const sandbox::Box& box) {
  constexpr int kForReading = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (!directory.unused.empty()) return sys::Fd(::open(directory.stored.c_str(), kForReading));
  if (directory.overlay >= 0) return sys::Fd(::openat(box.views()[static_cast<size_t>(directory.overlay)].merged.get(), ".", kForReading));
  const std::string path = plan.files.box + "/" + directory.path;
  size_t volume = 0;
  for (size_t i = 0; i < plan.files.volumes.size(); ++i)
    if (is_within(path, plan.files.volumes[i].path) && plan.files.volumes[i].path.size() >= plan.files.volumes[volume].path.size()) volume = i;
  const std::string below = path.substr(plan.files.volumes[volume].path.size() + 1);
  const sys::Fd place(sys::open_no_links(box.volumes()[volume].get(), below.c_str()));
  return place ? sys::Fd(::openat(place.get(), ".", kForReading)) : sys::Fd();
}

// The descriptors of `request`, which outlive it.
Result<std::vector<sys::Fd>> open_results(warm::SaveRequest& request, const PlannedWarm& planned, const Plan& plan, const sandbox::Box& box) {
  std::vector<sys::Fd> opened;
  for (const PlannedWarmDirectory& directory : planned.directories) {
    std::ranges::copy(directory.rules, std::back_inserter(request.rules));
    sys::Fd view = open_result(directory, plan, box);
    if (!view && sys::means_absent(errno)) continue;
    if (!view) return fail_errno("cannot open " + quoted(directory.path) + " of the workspace", errno);
    request.directories.push_back({directory.path, view.get()});
    opened.push_back(std::move(view));
  }
  return opened;
}

std::string node_name() {
  utsname system{};
  return ::uname(&system) == 0 ? system.nodename : "";
}

warm::SaveRequest request_for(const PlannedWarm& planned, const Planned& run, const std::string& run_id) {
  return {.store = run.plan.warm_store,
          .name = planned.name,
          .directories = {},
          .rules = {},
          .bounds = planned.bounds,
          .key = planned.key,
          .base = planned.generation ? planned.generation->id : std::string(),
          .seen = planned.seen,
          .origin = {.run = run_id, .host = node_name(), .checkout = run.plan.files.source_path, .commit = host::commit_of(run.plan.files.source_path)},
          .tools = {}};
}

Result<warm::SaveResult> save(const PlannedWarm& planned, const Planned& run, const sandbox::Box& box, const std::string& saver, const std::string& run_id) {
  warm::SaveRequest request = request_for(planned, run, run_id);
  TRY_ASSIGN(const std::vector<sys::Fd> opened, open_results(request, planned, run.plan, box));
  return warm::save_by_companion(saver, request);
}

void tell_saving(WarmUse& use, const Result<warm::SaveResult>& saved, Report& report) {
  if (saved) {
    use.saving = std::ranges::find(warm::kSavings, saved->saving, &warm::SavingRow::saving)->word;
    use.saved = saved->generation.id;
    use.sentence = saved->sentence;
    return;
  }
  use.saving = kSaveFailed;
  use.sentence = saved.error().message;
  report.warnings.push_back("the warm cache " + quoted(use.name) + " was not saved: " + saved.error().message);
  log::warn(report.warnings.back());
}

}  // namespace

Result<std::string> find_saver(const Plan& plan) {
  const bool is_needed = std::ranges::any_of(plan.warm, [](const PlannedWarm& planned) { return planned.save; });
  if (!is_needed) return std::string();
  return warm::find_companion();
}

void look_at_warm_overlays(Plan& plan, const sandbox::Box& box) {
  if (!has_warm_overlays(plan) || plan.identity.isolation == UidIsolation::mapped) return;
  const Result<std::vector<sys::HostMount>> mounts = mounts_of(box);
  for (PlannedWarm& planned : plan.warm)
    for (const PlannedWarmDirectory& directory : planned.directories)
      if (directory.overlay >= 0 && planned.degraded.empty())
        planned.degraded = mounts ? what_is_missing(plan.files.overlays[static_cast<size_t>(directory.overlay)].path, *mounts) : mounts.error().message;
}

void fill_warm(Report& report, const Plan& plan, const sandbox::Box& box) {
  for (const PlannedWarm& planned : plan.warm) {
    WarmUse use{.name = planned.name, .why_cold = planned.why_cold, .degraded = planned.degraded};
    if (planned.generation) {
      use.generation = planned.generation->id;
      use.digest = planned.generation->digest;
    }
    for (const PlannedWarmDirectory& directory : planned.directories) count_changes(use, directory, plan, box);
    if (!planned.why_unsaved.empty()) {
      use.saving = kNotSaved;
      use.sentence = planned.why_unsaved;
    }
    report.warm.push_back(std::move(use));
  }
}

void save_warm(Report& report, const Planned& planned, const sandbox::Box& box, const std::string& saver, const std::string& run_id) {
  for (size_t i = 0; i < report.warm.size(); ++i) {
    const PlannedWarm& warm = planned.plan.warm[i];
    WarmUse& use = report.warm[i];
    if (!warm.save) continue;
    if (report.verdict == Verdict::success && !box.has_survivors()) {
      tell_saving(use, save(warm, planned, box, saver, run_id), report);
    } else {
      use.saving = kNotSaved;
      use.sentence = report.verdict == Verdict::success ? "a process of the step is still alive" : "the step did not succeed";
    }
  }
}

}  // namespace stepbox::run
