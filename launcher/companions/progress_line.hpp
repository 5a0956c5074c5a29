// A line on a terminal that says how far a long piece of work has come; nothing elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace stepbox::companions {

class ProgressLine {
 public:
  // "saving go". Looks whether standard error is a terminal.
  explicit ProgressLine(std::string what);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  // Takes the line away again.
  ~ProgressLine();

  // Shows the line after two seconds, and then a few times in a second.
  void show(uint64_t files, uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const bool is_terminal_;
  const Clock::time_point start_;
  Clock::time_point next_;
  bool is_shown_ = false;
};

}  // namespace stepbox::companions
