// The caller's side of a run: its signals, its terminal, its descriptors.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "sandbox/prepared.hpp"
#include "sys/fd.hpp"

namespace stepbox::run {

// Blocks every signal and resets SIGCHLD to its default; returns the previous state, for the step.
sandbox::CallerState take_over_signals();

// Queues the signals that reach stepbox after take_over_signals(), in a signalfd(2).
class SignalQueue {
 public:
  // Watches only SIGTERM, SIGINT, SIGHUP and SIGQUIT at first: the others stay pending until there is a step.
  static Result<SignalQueue> open(const sandbox::CallerState& caller);

  int fd() const { return fd_.get(); }

  // Before there is a step: whether a signal came that would end a program started by the caller. From here on,
  // signals that the caller ignores or blocks stay pending for the step.
  bool is_asked_to_end();
  // The signal that asked stepbox to end; 0 for none.
  int asked_by() const { return asked_by_; }

 private:
  sys::Fd fd_;
  sigset_t blocked_by_caller_{};
  int asked_by_ = 0;
};

// The controlling terminal. A caller in the background may come to the foreground later (`fg`).
class Terminal {
 public:
  static Terminal of_caller();

  int fd() const { return fd_.get(); }  // -1: none
  const std::string& path() const { return path_; }

  // Makes stepbox's group the foreground group again.
  void take_back() const;
  bool is_ours() const;

 private:
  sys::Fd fd_;
  std::string path_;
};

// Opens /dev/null for a closed 0, 1 or 2, so that no descriptor of stepbox becomes the step's stdout.
Result<> fill_standard_descriptors();

// Descriptors above 2 that the caller passes by a known protocol or names with --pass-fd. Refuses a directory:
// through it the step could leave the box.
Result<std::vector<InheritedFd>> inherited_descriptors(const HostFacts& facts, const std::vector<int>& named);

}  // namespace stepbox::run
