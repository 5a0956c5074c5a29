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
