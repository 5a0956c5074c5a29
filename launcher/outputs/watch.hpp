// How far the outputs have been carried out: for a line on the terminal, and for a request to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace stepbox::outputs {

struct Amount {
  uint64_t bytes = 0;
  uint64_t files = 0;
};

// Counted by several threads.
struct Done {
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> files{0};
  std::atomic<bool> stop{false};
};

class Watch {
 public:
  // `is_asked_to_end` may be called often; from this thread only. Shows progress if standard error is a terminal.
  explicit Watch(std::function<bool()> is_asked_to_end);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void expect(Amount whole) { whole_ = whole; }
  // Call it every now and then. Returns whether to go on.
  bool look(Amount done);
  // Shows one line at once, if what takes long has begun to show: "writing to the disk".
  void say(const char* what);

 private:
  using Clock = std::chrono::steady_clock;

  std::function<bool()> is_asked_to_end_;
  bool is_terminal_;
  bool is_shown_ = false;
  Amount whole_{};
  Clock::time_point begin_ = Clock::now();
};

}  // namespace stepbox::outputs
