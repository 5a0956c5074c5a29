// Who held the memory when it ran out. The kernel counts whom it kills for memory, and names none of them; but it tells
// that memory has run out a moment before it kills. So the supervisor looks at the processes then, and once more when
// a kill has been counted. Pure: the looks come from outside.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "model/memory_holder.hpp"

namespace stepbox::run {

class MemoryBlame {
 public:
  void look(const std::vector<ProcessMemory>& processes);

  // Of those that a signal was ending, the one that held most; else of all. Nothing before the first look, or where
  // none held anything.
  std::optional<MemoryHolder> holder() const;

 private:
  // By pid. A process that ends has given its memory back before it is gone: the most counts that it was seen with.
  std::map<int, ProcessMemory> seen_;
};

}  // namespace stepbox::run
