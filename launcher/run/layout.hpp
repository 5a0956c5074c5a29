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

namespace stepbox::run {

struct Mask {
  std::string host;  // "/tmp", "/home/bob"
  std::string box;   // relative to the box root: "box/tmp", "box/home"
};

class Layout {
 public:
  Layout(const HostFacts& facts, HomeMode home);

  const std::vector<Mask>& masks() const { return masks_; }

  // The mask that covers the path, or null. A masked place covers itself.
  const Mask* covering(std::string_view path) const;

  // Whether a masked or kernel-made place (/proc, /sys, /dev, /run, /box) is the path or lies below it.
  bool contains_masked(std::string_view path) const;

  // Whether the path is, or lies below, a place that stepbox makes itself (/proc, /sys, /dev, /box).
  static bool is_special(std::string_view path);

  // Where to mount what should appear at the host path, relative to the box root.
  std::string place(std::string_view path) const;

 private:
  std::vector<Mask> masks_;
};

}  // namespace stepbox::run
