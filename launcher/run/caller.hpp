// The caller's side of a run: its signals, its terminal, its descriptors.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "sandbox/prepared.hpp"
#include "sys/fd.hpp"

namespace stepbox::run {

// Blocks every signal and makes SIGCHLD ordinary; returns what was before, for the step.
sandbox::CallerState take_over_signals();

// The signals that come to stepbox from take_over_signals() on, as a signalfd(2).
class SignalQueue {
 public:
  // At first of SIGTERM, SIGINT, SIGHUP and SIGQUIT alone: until there is a step, the others wait for it.
  static Result<SignalQueue> open(const sandbox::CallerState& caller);

  int fd() const { return fd_.get(); }

  // While there is no step: whether one has come that would end a program that the caller starts. Those that the caller
  // ignores or blocks wait for the step from here on.
  bool is_asked_to_end();
  // By which; 0 by none.
  int asked_by() const { return asked_by_; }

 private:
  sys::Fd fd_;
  sigset_t blocked_by_caller_{};
  int asked_by_ = 0;
};

// The controlling terminal. A caller in its background may be brought to the foreground later (`fg`).
class Terminal {
 public:
  static Terminal of_caller();

  int fd() const { return fd_.get(); }  // -1: none
  const std::string& path() const { return path_; }

  // Makes stepbox's own group the foreground again.
  void take_back() const;
  bool is_ours() const;

 private:
  sys::Fd fd_;
  std::string path_;
};

// Opens /dev/null where 0, 1 or 2 is closed, so that no descriptor of ours becomes the step's stdout.
Result<> fill_standard_descriptors();

// Descriptors above 2 that the caller passes by a known protocol, and those named by --pass-fd. A
// directory is refused: through it the step could leave the box.
Result<std::vector<InheritedFd>> inherited_descriptors(const HostFacts& facts, const std::vector<int>& named);

}  // namespace stepbox::run
