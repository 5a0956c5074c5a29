#include "policy/project_room.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/volume_shares.hpp"
#include "policy/widening.hpp"

namespace stepbox::policy {
namespace {

// The workspace's number with which all shares together come to at most `allowed`. Volumes without a number of their
// own hold as much as the workspace. Empty if nothing is to be lowered, or less than a quarter would be left.
std::optional<uint64_t> lowered(const std::vector<Share>& shares, uint64_t open, uint64_t allowed) {
  const uint64_t whole = shares.front().amount;
  // Sizes go up to the largest number, so they are subtracted and never added.
  uint64_t left = allowed;
  for (const Share& share : shares) {
    if (share.origin == shares.front().origin) continue;
    if (share.amount > left) return {};
    left -= share.amount;
  }
  const uint64_t share = left / open;
  if (share >= whole || share < whole / 4) return {};
  return share;
}

}  // namespace

void make_room_for_project(Policy& policy, const Policy& without, uint64_t memory) {
  Policy before = without;
  Policy after = policy;
  drop_common_volumes(before, after);
  const auto open = [&after](auto limit) {
    return 1 + static_cast<uint64_t>(std::ranges::count_if(after.volumes, [limit](const VolumeSpec& volume) { return !(volume.*limit); }));
  };
  if (policy.size.origin.layer > Layer::project && memory != 0) {
    constexpr uint64_t kPage = 4096;
    const auto bytes = lowered(byte_shares(after, memory), open(&VolumeSpec::size), sum_of(byte_shares(before, memory)));
    if (bytes && *bytes >= kPage) policy.size.value = Size{Size::Unit::bytes, *bytes / kPage * kPage};
  }
  if (policy.inodes.origin.layer > Layer::project)
    if (const auto inodes = lowered(inode_shares(after), open(&VolumeSpec::inodes), sum_of(inode_shares(before))))
      policy.inodes.value = *inodes;
}

}  // namespace stepbox::policy
