// Decides for whom a signal that reached stepbox was meant. Pure: callers pass in the time and the signals that
// others got.
//
// The kernel does not say whether a signal went to one process, to its group, or to each process of a job in turn.
// The other recipients give it away, so stepbox asks two processes:
//
//   neighbour   the step's parent in the box (init), in the caller's process group like stepbox
//   witness     in a group of its own, otherwise placed like the step (sys/witness.hpp)
//
//   stepbox alone got it           meant for the command: the step gets it too
//   stepbox and the neighbour      meant for the caller's process group, which would contain the step without stepbox
//   the witness as well            meant for every process: the step has it already
//
// kill(2) marks the members of a group all at once. A sender that signals one process after another needs time, hence
// the wait.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "sandbox/channel.hpp"
#include "sys/pending_signals.hpp"

namespace stepbox::run {

class Addressees {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // How long to wait for the others to get it too. Measured on a busy machine, with 50 processes signalled in
  // between: 3.2 ms.
  static constexpr std::chrono::milliseconds kPatience{20};
  // The wait when the neighbour got it later than stepbox: a sender is going from process to process.
  static constexpr std::chrono::milliseconds kLongPatience{100};

  struct Meant {
    int signal;
    sandbox::Whom whom;
  };

  // Stepbox got the signal at `now`, when the neighbour had the signals in `neighbour`. A second copy before the
  // decision counts as the same signal: timeout(1) sends one to the process and one to the group.
  void heard(int signal, Time now, sys::SignalSet neighbour);

  // When to call take() next; none when nothing is pending.
  std::optional<Time> next() const;

  // The next signal that can be decided at `now`, given the signals that neighbour and witness have.
  std::optional<Meant> take(Time now, sys::SignalSet neighbour, sys::SignalSet witness);

  // Whether the signal still awaits its decision.
  bool hears(int signal) const;

 private:
  struct Heard {
    int signal;
    Time since;
    Time until;
    bool with_neighbour;  // the neighbour had it when stepbox looked: both got it at once
  };

  std::vector<Heard> heard_;
};

}  // namespace stepbox::run
