// Writes lines to a descriptor whose reader may never read: an abandoned pipe, a halted terminal.
#pragma once

#include <chrono>
#include <string_view>

namespace stepbox {

class PatientWriter {
 public:
  // `patience` is how long all lines together may wait for room. Once it is used up, a line that finds no room is lost.
  constexpr PatientWriter(int fd, std::chrono::milliseconds patience) : fd_(fd), left_(patience) {}

  void set_patience(std::chrono::milliseconds patience) { left_ = patience; }

  // A line of up to PIPE_BUF bytes goes out in one write(2), so that the step's own output never tears it. Failures are
  // ignored.
  void write(std::string_view line);

  // How many lines were lost, or cut off, for want of a reader.
  unsigned lost() const { return lost_; }

 private:
  bool wait_for_room();
  void pause();

  int fd_;
  std::chrono::nanoseconds left_;
  unsigned lost_ = 0;
};

}  // namespace stepbox
