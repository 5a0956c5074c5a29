// Finds the process that held the memory when it ran out. The kernel counts its out-of-memory kills but does not name
// the victims. It does announce, a moment before it kills, that memory has run out. So the supervisor looks at the
// processes then, and again when a kill has been counted. Pure: callers pass in the looks.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "model/memory_holder.hpp"

namespace stepbox::run {

class MemoryBlame {
 public:
  void look(const std::vector<ProcessMemory>& processes);

  // The largest of the processes that a signal was ending, otherwise the largest of all. None before the first look,
  // or if no process held anything.
  std::optional<MemoryHolder> holder() const;

 private:
  // By pid. A dying process gives its memory back before it disappears, so the largest size seen counts.
  std::map<int, ProcessMemory> seen_;
};

}  // namespace stepbox::run
