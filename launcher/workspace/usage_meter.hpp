// How full the volumes are and were. Sampled by the supervisor while the step runs, since the kernel
// keeps no high-water mark of a tmpfs.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "model/plan.hpp"
#include "model/report.hpp"
#include "sys/fd.hpp"

namespace stepbox::workspace {

using Clock = std::chrono::steady_clock;

// When to look again: rarely while there is much room, every quarter of a millisecond when a writer could fill the rest
// before the next look, and ever more rarely the longer nothing has changed: a full, idle volume must not keep a
// processor awake for hours.
//
// The bound: no writer measured here fills memory faster than 16 GiB/s or makes more than 200,000 files
// in a second, so that a volume in use cannot become full unseen and stay so for a millisecond.
std::chrono::microseconds next_look(uint64_t free_bytes, uint64_t free_inodes, std::chrono::microseconds still);

class UsageMeter {
 public:
  // `volumes` are descriptors into the plan's volumes, in its order. Borrowed; must outlive the meter.
  UsageMeter(const Plan& plan, const std::vector<sys::Fd>& volumes);

  // One fstatfs(2) per volume.
  void sample(Clock::time_point now);

  // How long the event loop may sleep until the next sample.
  std::chrono::microseconds interval() const { return interval_; }
  uint64_t samples() const { return samples_; }

  const std::vector<VolumeUsage>& usage() const { return usage_; }

 private:
  const std::vector<sys::Fd>& volumes_;
  std::vector<uint64_t> own_inodes_;
  std::vector<VolumeUsage> usage_;
  std::vector<Clock::time_point> changed_;
  std::chrono::microseconds interval_{1000};
  uint64_t samples_ = 0;
};

}  // namespace stepbox::workspace
