#include "workspace/usage_meter.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace stepbox::workspace {

using std::chrono::microseconds;

microseconds next_look(uint64_t free_bytes, uint64_t free_inodes, unsigned still) {
  constexpr uint64_t kBytesPerMicrosecond = (uint64_t{8} << 30) / 1'000'000;
  constexpr uint64_t kMicrosecondsPerInode = 5;
  constexpr uint64_t kDensest = 500;
  constexpr uint64_t kRarest = 100'000;
  constexpr unsigned kLongStill = 10;
  const uint64_t until_full = std::min(free_bytes / kBytesPerMicrosecond,
                                       std::min<uint64_t>(free_inodes, 1'000'000'000) * kMicrosecondsPerInode);
  // After a second without a change, half as often again: a compiler that thinks writes nothing.
  const uint64_t rarest = still < kLongStill ? kRarest : kRarest * 5;
  return microseconds(static_cast<int64_t>(std::clamp(until_full, kDensest, rarest)));
}

UsageMeter::UsageMeter(const Plan& plan, const std::vector<sys::Fd>& volumes) : volumes_(volumes) {
  for (const PlannedVolume& volume : plan.volumes) {
    VolumeUsage usage;
    usage.name = volume.name;
    usage.path = volume.path;
    usage.limit_bytes = volume.bytes;
    usage.limit_inodes = volume.inodes;
    usage_.push_back(std::move(usage));
    own_inodes_.push_back(volume.own_inodes);
  }
}

void UsageMeter::sample() {
  ++samples_;
  bool changed = false;
  std::optional<microseconds> soonest;
  for (size_t i = 0; i < volumes_.size() && i < usage_.size(); ++i) {
    struct statfs now {};
    if (::fstatfs(volumes_[i].get(), &now) != 0) continue;
    VolumeUsage& usage = usage_[i];
    const uint64_t bytes = (now.f_blocks - now.f_bfree) * static_cast<uint64_t>(now.f_bsize);
    const uint64_t all_inodes = now.f_files - now.f_ffree;
    const uint64_t inodes = all_inodes > own_inodes_[i] ? all_inodes - own_inodes_[i] : 0;
    changed = changed || bytes != usage.final_bytes || inodes != usage.final_inodes;
    usage.final_bytes = bytes;
    usage.final_inodes = inodes;
    usage.peak_bytes = std::max(usage.peak_bytes, bytes);
    usage.peak_inodes = std::max(usage.peak_inodes, inodes);
    usage.bytes_full = usage.bytes_full || now.f_bfree == 0;
    usage.inodes_full = usage.inodes_full || now.f_ffree == 0;
    still_ = changed ? 0 : still_;
    const microseconds look = next_look(now.f_bfree * static_cast<uint64_t>(now.f_bsize), now.f_ffree, still_);
    soonest = std::min(soonest.value_or(look), look);
  }
  if (!changed && still_ < std::numeric_limits<unsigned>::max()) ++still_;
  if (soonest) interval_ = *soonest;
}

}  // namespace stepbox::workspace
