// A program on its own pseudo-terminal, seen as a person at a keyboard sees it.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <chrono>
#include <string>
#include <string_view>

#include "support/process.hpp"

namespace stepbox::feature {

class TerminalSession {
 public:
  // The program leads a session whose controlling terminal is the pseudo-terminal, 24 rows by 80 columns. The
  // command's pipes, input and closed descriptors are ignored.
  explicit TerminalSession(const Command& command);
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;
  ~TerminalSession();

  void type(std::string_view keys);
  void resize(unsigned short rows, unsigned short columns) const;
  termios settings() const;
  // "/dev/pts/3"
  std::string name() const;
  // The settings that the program found.
  const termios& first_settings() const { return first_; }

  // Reads until the text appears after the last one that was asked for. False when it does not come in time.
  bool shows(std::string_view text, milliseconds patience = seconds(10));
  // Everything that has arrived so far.
  const std::string& screen() const { return screen_; }
  // The foreground process group.
  pid_t foreground() const;
  pid_t pid() const { return pid_; }

  // Waits for the end. Returns the code as a shell sees it, or -1 when it does not come in time (it is then killed).
  int finish(milliseconds patience = seconds(10));

 private:
  bool pump(milliseconds patience);

  pid_t pid_ = -1;
  int master_ = -1;
  termios first_{};
  std::string screen_;
  size_t seen_ = 0;
};

}  // namespace stepbox::feature
