// What the step saw at a path, once it has ended: worked out from the plan, looked up on the host and in the volumes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/plan.hpp"
#include "sys/fd.hpp"

namespace stepbox::run {

// Where the plan takes what is seen at a path from. Pure.
struct Place {
  enum class From : uint8_t {
    host,     // `path` of the host
    volume,   // `path` of the box, "box/tmp/x"
    link,     // `path` is its text
    made,     // a directory or file that stepbox made
    nowhere,  // nothing is there; where a rule or a cover hides it, `by` is that
    unknown   // a file system of the kernel
  };
  From from = From::unknown;
  std::string path = {};
  bool is_read_only = false;
  const MountCall* by = nullptr;
};
// `path` without a slash in front: "tmp/x". No component before the last is a link.
Place place_in_box(const Plan& plan, std::string_view path);

// Looks where place_in_box() says, component by component, as the kernel does. For the time after the step: nothing in the
// box may change meanwhile.
class BoxView {
 public:
  // Volumes in the plan's order. Both borrowed.
  BoxView(const Plan& plan, std::span<const sys::Fd> volumes) : plan_(plan), volumes_(volumes) {}

  enum class State : uint8_t { present, absent, unknown };
  struct Seen {
    State state = State::unknown;
    mode_t mode = 0;         // present
    std::string host = {};   // present: the host's path, where it is the host's
    bool is_read_only = false;
    const MountCall* by = nullptr;  // absent: what hides it, where it is known
  };
  // An absolute path.
  Seen look(std::string_view path) const;

 private:
  struct Entry {
    State state = State::unknown;
    mode_t mode = 0;
    std::string link = {};
  };
  Entry entry_of(const Place& place) const;
  Entry entry_in_volume(const std::string& path) const;

  const Plan& plan_;
  std::span<const sys::Fd> volumes_;
};

}  // namespace stepbox::run
