// Where a path of the host is found in the box. Pure.
//
// Some places of the host are masked: the step sees a directory of the workspace there. What must be
// seen below a masked place (a checkout in /tmp, a toolchain in home) is mounted into that directory.
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
  std::string target;  // likewise, where it is mounted: "tmp", "home/bob"
};

struct Checkout {
  std::string path = {};         // links resolved; empty for none
  bool wins_over_masks = false;  // a home or a directory for temporary files, which is shown all the same
};

class Layout {
 public:
  Layout(const HostFacts& facts, HomeMode home, const Checkout& checkout = {});

  // In the order in which they are mounted: one that lies in another's part of the workspace comes before it.
  const std::vector<Mask>& masks() const { return masks_; }

  // The mask that covers the path, or null. A masked place covers itself.
  const Mask* covering(std::string_view path) const;

  // Whether a masked or kernel-made place (/proc, /sys, /dev, /run, /box) is the path or lies below it.
  bool contains_masked(std::string_view path) const;

  // Whether the path can be the checkout: it holds no place that the box replaces, but for a home below it, which stays
  // masked (some CIs put HOME into the checkout).
  bool can_show_checkout(std::string_view path) const;

  // Whether the path is, or lies below, a place that stepbox makes itself (/proc, /sys, /dev, /box).
  static bool is_special(std::string_view path);

  // Where to mount what should appear at the host path, relative to the box root.
  std::string place(std::string_view path) const;

 private:
  void add(const std::string& host, std::string_view box);
  void add_home(const std::string& host, const Checkout& checkout);

  std::vector<Mask> masks_;
};

}  // namespace stepbox::plan
