// Reconstructs, after the step has ended, what it saw at a path: from the plan, the host's files and the volumes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/plan.hpp"
#include "sandbox/box.hpp"
#include "sys/fd.hpp"

namespace stepbox::hints {

// Where the content at a path of the box comes from, according to the plan. Pure.
struct Place {
  enum class From : uint8_t {
    host,     // `path` of the host
    volume,   // `path` of the box, "box/tmp/x"
    overlay,  // `path` below the plan's overlay with the number `overlay`; "." is its root
    link,     // `path` is the link's text
    made,     // stepbox made the directory or file
    nowhere,  // nothing exists there; `by` is the rule's mount or the cover that hides it, if any
    unknown   // a kernel file system
  };
  From from = From::unknown;
  std::string path = {};
  bool is_read_only = false;
  const MountCall* by = nullptr;
  size_t overlay = 0;
};
// `path` has no leading slash: "tmp/x". No component before the last may be a link.
Place place_in_box(const Plan& plan, std::string_view path);

// Looks up the places that place_in_box() names, component by component, as the kernel does. Use it after the step:
// nothing in the box may change meanwhile.
class BoxView {
 public:
  // Volumes and views in the plan's order. All borrowed.
  BoxView(const Plan& plan, std::span<const sys::Fd> volumes, std::span<const sandbox::View> views)
      : plan_(plan), volumes_(volumes), views_(views) {}

  enum class State : uint8_t { present, absent, unknown };
  struct Seen {
    State state = State::unknown;
    mode_t mode = 0;         // present
    std::string host = {};   // present: the path on the host, if it comes from there
    bool is_read_only = false;
    const MountCall* by = nullptr;  // absent: the mount that hides it, if known
  };
  // `path` is absolute.
  Seen look(std::string_view path) const;

 private:
  struct Entry {
    State state = State::unknown;
    mode_t mode = 0;
    std::string link = {};
  };
  Entry entry_of(const Place& place) const;
  Entry entry_in_volume(const std::string& path) const;
  Entry entry_in_overlay(const Place& place) const;

  const Plan& plan_;
  std::span<const sys::Fd> volumes_;
  std::span<const sandbox::View> views_;
};

}  // namespace stepbox::hints
