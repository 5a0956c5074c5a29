// Maps a host path to its place in the box. Pure.
//
// Some places of the host are masked: the step sees a directory of the workspace instead. Whatever must stay visible
// below a masked place (a checkout in /tmp, a toolchain in the home) is mounted into that directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

inline constexpr std::string_view kBoxHome = "box/home";

struct Mask {
  std::string host;    // "/tmp", "/home/bob"
  std::string box;     // relative to the box root: "box/tmp", "box/home"
  std::string target;  // its mount point, also relative to the box root: "tmp", "home/bob"
};

struct Checkout {
  std::string path = {};         // links resolved; empty for none
  bool wins_over_masks = false;  // shown although it is a home or a directory for temporary files
};

class Layout {
 public:
  Layout(const HostFacts& facts, HomeMode home, const Checkout& checkout = {});

  // In mount order: a mask inside another mask's part of the workspace comes before it.
  const std::vector<Mask>& masks() const { return masks_; }

  // The mask that covers the path, or null. A masked place covers itself.
  const Mask* covering(std::string_view path) const;

  // Whether a masked or kernel-made place (/proc, /sys, /dev, /run, /box) is the path or lies below it.
  bool contains_masked(std::string_view path) const;

  // Whether the path can be the checkout: no place that the box replaces lies in it, except a home below it, which
  // stays masked (some CIs put HOME into the checkout).
  bool can_show_checkout(std::string_view path) const;

  // Whether the path is, or lies below, a place that stepbox makes itself (/proc, /sys, /dev, /box).
  static bool is_special(std::string_view path);

  // The mount point, relative to the box root, that makes something appear at the host path.
  std::string place(std::string_view path) const;

 private:
  void add(const std::string& host, std::string_view box);
  void add_home(const std::string& host, const Checkout& checkout);

  std::vector<Mask> masks_;
};

}  // namespace stepbox::plan
