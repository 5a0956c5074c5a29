#include "run/diagnose.hpp"

#include "base/log.hpp"
#include "model/units.hpp"
#include "report/report.hpp"
#include "report/snapshot_text.hpp"
#include "sandbox/snapshot.hpp"
#include "sys/bounded_child.hpp"

namespace stepbox::run {
namespace {

constexpr std::chrono::milliseconds kTimeToLook{1000};
constexpr std::chrono::milliseconds kTimeToSay{500};

std::string announcement(const Overrun& overrun, const Deadlines& deadlines) {
  return report::overrun_text(overrun) + ": sending SIGTERM; SIGKILL follows in " + duration_text(deadlines.grace.value);
}

}  // namespace

Snapshot diagnose(const sandbox::Box& box, workspace::UsageMeter& meter, const Overrun& overrun,
                  const Deadlines& deadlines, double at) {
  Snapshot snapshot = sandbox::take_snapshot(box.processes(), box.subreaper(), kTimeToLook);
  snapshot.reason = overrun.deadline;
  snapshot.at = at;
  meter.sample(std::chrono::steady_clock::now());
  for (const VolumeUsage& volume : meter.usage())
    snapshot.volumes.push_back(
        {volume.name, volume.final_bytes, volume.limit_bytes, volume.final_inodes, volume.limit_inodes});
  // In a child: a full pipe without a reader would block stepbox for ever.
  const auto say = [&](int) {
    log::set_patience(kTimeToSay);
    log::say(announcement(overrun, deadlines));
    for (const std::string& line : report::lines_of(snapshot)) log::say(line);
  };
  sys::run_bounded(say, {}, kTimeToSay, 0);
  return snapshot;
}

}  // namespace stepbox::run
