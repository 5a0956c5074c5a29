// Writing lines to a descriptor whose reader may never read: a pipe that nobody empties, a terminal that was halted.
#pragma once

#include <chrono>
#include <string_view>

namespace stepbox {

class PatientWriter {
 public:
  // `patience` is how long all lines together wait for room. When it is used up, a line that finds none is lost at once.
  constexpr PatientWriter(int fd, std::chrono::milliseconds patience) : fd_(fd), left_(patience) {}

  void set_patience(std::chrono::milliseconds patience) { left_ = patience; }

  // A line of up to PIPE_BUF bytes in one write(2), so that it is never torn by the step's own output. A failure is nobody's:
  // ignored.
  void write(std::string_view line);

  // How many were lost, or cut off, for want of a reader.
  unsigned lost() const { return lost_; }

 private:
  bool wait_for_room();
  void pause();

  int fd_;
  std::chrono::nanoseconds left_;
  unsigned lost_ = 0;
};

}  // namespace stepbox
