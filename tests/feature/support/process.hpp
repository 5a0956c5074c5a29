// One started program with captured output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/caller.hpp"

namespace stepbox::feature {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::filesystem::path cwd = "/";
  Caller caller = Caller::user;
  std::string input = {};
  // Used instead of pipes when not negative; borrowed.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::vector<int> closed = {};                     // of 0, 1, 2
  std::vector<std::pair<int, int>> inherited = {};  // {here, number in the program}
  std::function<void()> prepare = {};               // in the child, still as the suite's user
  std::function<void()> as_caller = {};             // in the child, as the caller, in its directory
  seconds timeout{60};
};

struct Run {
  int status = 0;  // as of wait(2)
  std::string out = {};
  std::string err = {};
  bool timed_out = false;
  // Another process still held stdout or stderr when the program had ended.
  bool output_left_open = false;

  // The value of $? in a shell.
  int code() const;
};

std::ostream& operator<<(std::ostream& out, const Run& run);

class Process {
 public:
  // Starts it in its own process group; it dies with this object.
  explicit Process(const Command& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  void signal(int signal) const;
  void signal_group(int signal) const;

  // Reads until stdout contains the text; false when it does not come in time.
  bool waits_for(std::string_view text, milliseconds patience = seconds(20));
  const std::string& out() const { return run_.out; }

  // Feeds the rest of the input, reads everything, waits for the end.
  Run finish();

 private:
  bool pump(milliseconds patience);  // false: nothing came
  bool has_ended();
  void kill_and_reap();

  Command command_;
  Run run_;
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  size_t fed_ = 0;
  bool ended_ = false;
};

Run run(const Command& command);

// Polls until the condition holds.
bool eventually(const std::function<bool()>& condition, milliseconds patience = seconds(10));

}  // namespace stepbox::feature
