// Counts the calls that a filter in log mode would have refused.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/seccomp.hpp"

namespace stepbox::sandbox {

// More kinds than any profile names. Bounded, because a program that makes up numbers must not fill the supervisor's
// memory.
inline constexpr size_t kMostLoggedCalls = 512;

class CallLog {
 public:
  // Whether a call of this architecture and number was seen before, so that its process no longer matters.
  bool knows(const seccomp_data& call) const;

  void add(const seccomp_data& call, std::string process);

  const SeccompLog& result() const { return log_; }

 private:
  using Kind = std::pair<uint32_t, int>;

  std::vector<Kind> kinds_;  // of log_.calls, in the same order
  SeccompLog log_;
};

}  // namespace stepbox::sandbox
