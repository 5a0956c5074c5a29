#include "model/volume_shares.hpp"

#include <algorithm>
#include <optional>

namespace stepbox {
namespace {

constexpr uint64_t kPage = 4096;

struct Wish {
  std::optional<uint64_t> amount;
  const Origin* origin;
};

// Every amount is a multiple of `unit`.
std::vector<Share> divide(uint64_t whole, const Origin& whole_origin, const std::vector<Wish>& wishes, uint64_t unit) {
  uint64_t open_share = whole;
  if (is_default(whole_origin)) {
    uint64_t left = whole;
    uint64_t open = 1;
    for (const Wish& wish : wishes) {
      if (wish.amount) left -= std::min(left, *wish.amount);
      else ++open;
    }
    open_share = std::max(std::max(left, whole / 4) / open / unit, uint64_t{1}) * unit;
  }
  std::vector<Share> shares = {{open_share, &whole_origin}};
  for (const Wish& wish : wishes) shares.push_back(wish.amount ? Share{*wish.amount, wish.origin} : shares.front());
  return shares;
}

}  // namespace

std::vector<Share> byte_shares(const Policy& policy, uint64_t memory) {
  std::vector<Wish> wishes;
  for (const VolumeSpec& volume : policy.volumes)
    wishes.push_back({volume.size ? std::optional(volume.size->bytes_of(memory)) : std::nullopt, &volume.origin});
  return divide(policy.size.value.bytes_of(memory), policy.size.origin, wishes, kPage);
}

std::vector<Share> inode_shares(const Policy& policy) {
  std::vector<Wish> wishes;
  for (const VolumeSpec& volume : policy.volumes) wishes.push_back({volume.inodes, &volume.origin});
  return divide(policy.inodes.value, policy.inodes.origin, wishes, 1);
}

}  // namespace stepbox
