#include "workspace/usage_meter.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <optional>

namespace stepbox::workspace {

using std::chrono::microseconds;

microseconds next_look(uint64_t free_bytes, uint64_t free_inodes, microseconds still) {
  constexpr uint64_t kBytesPerMicrosecond = (uint64_t{16} << 30) / 1'000'000;
  constexpr uint64_t kMicrosecondsPerInode = 5;
  constexpr uint64_t kDensest = 250;
  constexpr uint64_t kRarest = 100'000;
  const uint64_t until_full = std::min(free_bytes / kBytesPerMicrosecond,
                                       std::min<uint64_t>(free_inodes, 1'000'000'000) * kMicrosecondsPerInode);
  const uint64_t look = std::clamp(until_full, kDensest, kRarest);
  // How many looks without a change it takes until they become rarer: more where a late look costs more.
  const uint64_t in_vain = std::clamp<uint64_t>(kRarest / look, 10, 500);
  // A look costs 20 to 40 us with its wake-up: 25 in a second are a thousandth of a processor.
  constexpr uint64_t kCheap = 40'000;
  const uint64_t still_look = static_cast<uint64_t>(still.count()) / in_vain;
  return microseconds(static_cast<int64_t>(std::clamp(still_look, look, std::max(kCheap, 5 * look))));
}

UsageMeter::UsageMeter(const Plan& plan, const std::vector<sys::Fd>& volumes) : volumes_(volumes) {
  for (const PlannedVolume& volume : plan.files.volumes) {
    VolumeUsage usage;
    usage.name = volume.name;
    usage.path = volume.path;
    usage.limit_bytes = volume.bytes;
    usage.limit_inodes = volume.inodes;
    usage_.push_back(std::move(usage));
    own_inodes_.push_back(volume.own_inodes);
    changed_.emplace_back();
  }
  // Nothing to look at: a step without a box has no volumes.
  if (usage_.empty()) interval_ = std::chrono::hours(1);
}

void UsageMeter::sample(Clock::time_point now) {
  ++samples_;
  std::optional<microseconds> soonest;
  for (size_t i = 0; i < volumes_.size() && i < usage_.size(); ++i) {
    struct statfs found {};
    if (::fstatfs(volumes_[i].get(), &found) != 0) continue;
    VolumeUsage& usage = usage_[i];
    const uint64_t bytes = (found.f_blocks - found.f_bfree) * static_cast<uint64_t>(found.f_bsize);
    const uint64_t all_inodes = found.f_files - found.f_ffree;
    const uint64_t inodes = all_inodes > own_inodes_[i] ? all_inodes - own_inodes_[i] : 0;
    if (samples_ == 1 || bytes != usage.final_bytes || inodes != usage.final_inodes) changed_[i] = now;
    usage.final_bytes = bytes;
    usage.final_inodes = inodes;
    usage.peak_bytes = std::max(usage.peak_bytes, bytes);
    usage.peak_inodes = std::max(usage.peak_inodes, inodes);
    usage.bytes_full = usage.bytes_full || found.f_bfree == 0;
    usage.inodes_full = usage.inodes_full || found.f_ffree == 0;
    const microseconds look = next_look(found.f_bfree * static_cast<uint64_t>(found.f_bsize), found.f_ffree,
                                        std::chrono::duration_cast<microseconds>(now - changed_[i]));
    soonest = std::min(soonest.value_or(look), look);
  }
  if (soonest) interval_ = *soonest;
}

}  // namespace stepbox::workspace
