#include "plan/layout.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/volumes.hpp"

namespace stepbox::plan {
namespace {

constexpr std::array<std::string_view, 4> kSpecial = {"/proc", "/sys", "/dev", "/box"};

// Daemons and system users have homes like /usr/sbin or /bin. These are read-only in the box, so no tool can keep
// files there, and an empty directory in their place would hide the system.
constexpr std::array<std::string_view, 6> kSystem = {"/usr", "/bin", "/sbin", "/lib", "/etc", "/boot"};

bool can_be_masked(std::string_view home) {
  return !home.empty() && home != "/" && !Layout::is_special(home) &&
         std::ranges::none_of(kSystem, [&](std::string_view system) { return is_within(home, system); });
}

}  // namespace

Layout::Layout(const HostFacts& facts, HomeMode home, const Checkout& checkout) {
  const std::string shown = checkout.wins_over_masks ? checkout.path : std::string();
  for_each_volume_directory([&](const VolumeDirectory& directory) {
    const bool gives_way = directory.gives_way && directory.replaces == shown;
    if (!directory.replaces.empty() && !gives_way) add(std::string(directory.replaces), "box/" + std::string(directory.path));
  });
  // Some distributions link /var/tmp to /tmp, whose mask already covers it.
  if (!facts.var_tmp.empty() && facts.var_tmp != shown && covering(facts.var_tmp) == nullptr) add(facts.var_tmp, "box/var-tmp");
  if (home != HomeMode::fresh) return;
  // The outer home first: if one home lies below the other, the outer mask covers both.
  std::vector<std::string> homes = {facts.home, facts.passwd_home};
  std::ranges::sort(homes, {}, &std::string::size);
  for (const std::string& path : homes)
    if (path != shown && can_be_masked(path)) add_home(path, checkout);
}

void Layout::add(const std::string& host, std::string_view box) {
  masks_.push_back({host, std::string(box), host.substr(1)});
}

void Layout::add_home(const std::string& host, const Checkout& checkout) {
  if (contains_masked(host)) return;
  const Mask* outer = covering(host);
  if (outer == nullptr) return add(host, kBoxHome);
  // Inside an outer mask a home is fresh already, unless the checkout is shown there and contains the home.
  const bool lies_in_checkout = !checkout.path.empty() && host != checkout.path && is_within(host, checkout.path);
  if (lies_in_checkout && is_within(checkout.path, outer->host)) masks_.insert(masks_.begin(), {host, std::string(kBoxHome), place(host)});
}

const Mask* Layout::covering(std::string_view path) const {
  const Mask* best = nullptr;
  for (const Mask& mask : masks_)
    if (is_within(path, mask.host) && (best == nullptr || mask.host.size() > best->host.size())) best = &mask;
  return best;
}

bool Layout::contains_masked(std::string_view path) const {
  return std::ranges::any_of(masks_, [&](const Mask& mask) { return is_within(mask.host, path); }) ||
         std::ranges::any_of(kSpecial, [&](std::string_view special) { return is_within(special, path); });
}

bool Layout::can_show_checkout(std::string_view path) const {
  const bool holds_mask = std::ranges::any_of(masks_, [&](const Mask& mask) {
    return is_within(mask.host, path) && (mask.box != kBoxHome || mask.host == path);
  });
  const bool holds_special = std::ranges::any_of(kSpecial, [&](std::string_view special) { return is_within(special, path); });
  return !holds_mask && !holds_special && (covering(path) != nullptr || !is_special(path));
}

bool Layout::is_special(std::string_view path) {
  return std::ranges::any_of(kSpecial, [&](std::string_view special) { return is_within(path, special); });
}

std::string Layout::place(std::string_view path) const {
  const Mask* mask = covering(path);
  if (mask == nullptr) return std::string(path.substr(1));
  return mask->box + std::string(path.substr(mask->host.size()));
}

}  // namespace stepbox::plan
