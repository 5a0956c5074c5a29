#include "policy/widening.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/text.hpp"
#include "model/seccomp.hpp"
#include "model/volume_shares.hpp"
#include "policy/choices.hpp"

namespace stepbox::policy {
namespace {

// A sum of sizes. Bytes and percent stay apart, since the memory may be unknown.
struct Total {
  uint64_t bytes = 0;
  uint64_t percent = 0;
};

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// These two stay at the largest number instead of wrapping around to a small, harmless-looking one.
uint64_t sum(uint64_t a, uint64_t b) {
  return a > kMost - b ? kMost : a + b;
}
uint64_t product(uint64_t a, uint64_t b) {
  return b != 0 && a > kMost / b ? kMost : a * b;
}

Total operator+(Total total, const Size& size) {
  uint64_t& part = size.unit == Size::Unit::bytes ? total.bytes : total.percent;
  part = sum(part, size.amount);
  return total;
}

uint64_t in_bytes(const Total& total, uint64_t memory) {
  const uint64_t share = sum(product(memory / 100, total.percent), memory % 100 * total.percent / 100);
  return sum(total.bytes, share);
}

bool is_wider(const Total& changed, const Total& base, uint64_t memory) {
  if (changed.bytes <= base.bytes && changed.percent <= base.percent) return false;
  return memory == 0 || in_bytes(changed, memory) > in_bytes(base, memory);
}

bool is_wider(const Size& changed, const Size& base, uint64_t memory) {
  return is_wider(Total() + changed, Total() + base, memory);
}

// "50%", with its amount in bytes where the memory is known.
std::string text_of(const Size& size, uint64_t memory) {
  if (size.unit == Size::Unit::bytes || memory == 0) return size.text();
  return size.text() + " (" + human_bytes(in_bytes(Total() + size, memory)) + ")";
}

std::string text_of(const Total& total, uint64_t memory) {
  if (total.percent == 0) return human_bytes(total.bytes);
  if (memory != 0) return human_bytes(in_bytes(total, memory));
  return std::to_string(total.percent) + "%" + (total.bytes == 0 ? "" : " and " + human_bytes(total.bytes));
}

// The limits that hold for a volume: its own, or the workspace's.
struct Limits {
  Size size;
  uint64_t inodes;
  const Origin* size_origin;
  const Origin* inodes_origin;
};

Limits limits_of(const Policy& policy, std::string_view name) {
  Limits limits{policy.size.value, policy.inodes.value, &policy.size.origin, &policy.inodes.origin};
  const auto volume = std::ranges::find(policy.volumes, name, &VolumeSpec::name);
  if (volume == policy.volumes.end()) return limits;
  if (volume->size) {
    limits.size = *volume->size;
    limits.size_origin = &volume->origin;
  }
  if (volume->inodes) {
    limits.inodes = *volume->inodes;
    limits.inodes_origin = &volume->origin;
  }
  return limits;
}

std::string sum_text(const Policy& policy, const std::vector<Share>& shares, std::string (*text)(uint64_t)) {
  std::vector<SumLine> lines;
  for (size_t i = 0; i < shares.size(); ++i)
    lines.push_back({text(shares[i].amount), (i == 0 ? "workspace" : "volume " + quoted(policy.volumes[i - 1].name)) + " (" +
                                                 escaped(shares[i].origin->text()) + ")"});
  return stepbox::sum_text(lines, text(sum_of(shares)));
}

// What workspace and volumes may hold together. If the memory is unknown, bytes and percent cannot be subtracted from
// each other, so the workspace's default counts in full.
Total size_of_all(const Policy& policy, uint64_t memory) {
  if (memory != 0) return {.bytes = sum_of(byte_shares(policy, memory))};
  Total total = Total() + policy.size.value;
  for (const VolumeSpec& volume : policy.volumes) total = total + limits_of(policy, volume.name).size;
  return total;
}

bool is_same(const VolumeSpec& a, const VolumeSpec& b) {
  return a.name == b.name && a.size == b.size && a.inodes == b.inodes;
}

bool has_volume(const Policy& policy, const VolumeSpec& volume) {
  return std::ranges::any_of(policy.volumes, [&volume](const VolumeSpec& known) { return is_same(known, volume); });
}

// The last volume that `base` has not, else the workspace.
const Origin& what_adds(const Policy& base, const Policy& changed, const Origin& workspace) {
  for (auto volume = changed.volumes.rbegin(); volume != changed.volumes.rend(); ++volume)
    if (!has_volume(base, *volume)) return volume->origin;
  return workspace;
}

}  // namespace

uint64_t sum_of(const std::vector<Share>& shares) {
  uint64_t total = 0;
  for (const Share& share : shares) total = sum(total, share.amount);
  return total;
}

Widening wider(const Named& changed, const Named& base, std::string_view name) {
  return {std::string(name), changed.origin,
          changed.text + " is wider than the " + base.text + " of " + escaped(base.origin.text())};
}

std::optional<Widening> widens_size(const Policy& base, const Policy& changed, uint64_t memory) {
  if (!is_wider(changed.size.value, base.size.value, memory)) return {};
  return wider({text_of(changed.size.value, memory), changed.size.origin},
               {text_of(base.size.value, memory), base.size.origin});
}

std::optional<Widening> widens_inodes(const Policy& base, const Policy& changed, uint64_t) {
  if (changed.inodes.value <= base.inodes.value) return {};
  return wider({std::to_string(changed.inodes.value), changed.inodes.origin},
               {std::to_string(base.inodes.value), base.inodes.origin});
}

std::optional<Widening> widens_volumes(const Policy& base, const Policy& changed, uint64_t memory) {
  for (const VolumeSpec& volume : changed.volumes) {
    const Limits now = limits_of(changed, volume.name);
    const Limits before = limits_of(base, volume.name);
    if (is_wider(now.size, before.size, memory))
      return wider({text_of(now.size, memory), volume.origin}, {text_of(before.size, memory), *before.size_origin},
                   volume.name);
    if (now.inodes > before.inodes)
      return wider({std::to_string(now.inodes) + " inodes", volume.origin},
                   {std::to_string(before.inodes), *before.inodes_origin}, volume.name);
  }
  if (changed.volumes.empty()) return {};
  const auto together = [&](const Origin& workspace, const std::string& what, const std::string& before,
                            const std::string& key, std::string sum) {
    return Widening{{},
                    what_adds(base, changed, workspace),
                    "workspace and volumes together may hold " + what + ", more than the " + before + " without this policy",
                    std::move(sum),
                    "lower " + key + " so that the volumes have room beside it"};
  };
  const Total size = size_of_all(changed, memory), size_before = size_of_all(base, memory);
  if (is_wider(size, size_before, memory))
    return together(changed.size.origin, text_of(size, memory), text_of(size_before, memory), "workspace.size",
                    memory == 0 ? "" : sum_text(changed, byte_shares(changed, memory), human_bytes));
  const std::vector<Share> inodes = inode_shares(changed);
  const uint64_t before = sum_of(inode_shares(base));
  if (sum_of(inodes) <= before) return {};
  constexpr auto as_text = [](uint64_t count) { return std::to_string(count); };
  return together(changed.inodes.origin, as_text(sum_of(inodes)) + " inodes", as_text(before), "workspace.inodes",
                  sum_text(changed, inodes, as_text));
}

void drop_common_volumes(Policy& a, Policy& b) {
  const std::vector<VolumeSpec> of_a = a.volumes;
  std::erase_if(a.volumes, [&b](const VolumeSpec& volume) { return has_volume(b, volume); });
  std::erase_if(b.volumes, [&of_a](const VolumeSpec& volume) {
    return std::ranges::any_of(of_a, [&volume](const VolumeSpec& known) { return is_same(known, volume); });
  });
}

std::optional<Widening> widens_seccomp(const Policy& base, const Policy& changed, uint64_t) {
  // A profile's place among the names; a file is not one of them, and comes last.
  constexpr auto width = [](const std::string& profile) { return std::ranges::find(kSeccompNames, profile); };
  const std::string& before = base.seccomp.value;
  const std::string& now = changed.seccomp.value;
  const bool is_file = width(now) == std::end(kSeccompNames) || width(before) == std::end(kSeccompNames);
  if (now == before || (!is_file && width(now) < width(before))) return {};
  if (!is_file) return wider({now, changed.seccomp.origin}, {before, base.seccomp.origin});
  return Widening{{}, changed.seccomp.origin,
                  quoted(now) + " may refuse less than the " + quoted(before) + " of " + escaped(base.seccomp.origin.text())};
}

std::optional<Widening> widens_timeout(const Policy& base, const Policy& changed, uint64_t) {
  return widens_amount(base.timeout, changed.timeout, duration_text);
}

std::optional<Widening> widens_silence(const Policy& base, const Policy& changed, uint64_t) {
  return widens_amount(base.silence, changed.silence, duration_text);
}

std::optional<Widening> widens_grace(const Policy& base, const Policy& changed, uint64_t) {
  return widens_amount<std::chrono::milliseconds>({base.grace.value, base.grace.origin},
                                                  {changed.grace.value, changed.grace.origin}, duration_text);
}

std::optional<Widening> widens_env_keep(const Policy& base, const Policy& changed, uint64_t) {
  const auto is_new = [&base](const EnvRule& rule) {
    return std::ranges::none_of(base.environment, [&rule](const EnvRule& known) {
      return known.action == EnvAction::keep && known.name == rule.name;
    });
  };
  for (const EnvRule& rule : changed.environment) {
    const bool is_harmless = rule.origin.layer == Layer::built_in && !base.clear_environment.value;
    if (rule.action != EnvAction::keep || is_harmless || !is_new(rule)) continue;
    return Widening{{}, rule.origin, quoted(rule.name) + " would come through where the environment is cleared"};
  }
  return {};
}

}  // namespace stepbox::policy
