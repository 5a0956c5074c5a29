// Whom a signal was meant for that stepbox got. Pure: the time, and what others got, are told from outside.
//
// The kernel tells a signal to one process from one to its group as little as from one of many that are sent to each
// process of a job. What tells them apart is who else got it. Two processes are asked:
//
//   neighbour   the step's parent in the box (init), which is in the caller's process group as stepbox is
//   witness     in a group of its own, and otherwise where the step is (sys/witness.hpp)
//
//   stepbox alone                    the command: it gets what stepbox got
//   stepbox and the neighbour        the caller's process group, which the step would be in without stepbox
//   the witness as well              every process: the step got it already
//
// kill(2) marks the members of a group all at once, while one process after the other takes its time: hence the wait.
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

  // How long others have to get it too. Measured on a busy machine, 50 processes between two that were asked: 3.2 ms.
  static constexpr std::chrono::milliseconds kPatience{20};
  // The same when the neighbour got it later than stepbox: somebody is going from process to process.
  static constexpr std::chrono::milliseconds kLongPatience{100};

  struct Meant {
    int signal;
    sandbox::Whom whom;
  };

  // At `now` stepbox got it, and the neighbour had got those. Another one that comes before the first is decided is the
  // same: timeout(1) sends one to the process and one to the group.
  void heard(int signal, Time now, sys::SignalSet neighbour);

  // When to call take() next; nothing where there is nothing to decide.
  std::optional<Time> next() const;

  // One that can be decided at `now`, when the two had got those.
  std::optional<Meant> take(Time now, sys::SignalSet neighbour, sys::SignalSet witness);

  // Whether it is not decided yet.
  bool hears(int signal) const;

 private:
  struct Heard {
    int signal;
    Time since;
    Time until;
    bool with_neighbour;  // which had it when stepbox looked: both got it at once
  };

  std::vector<Heard> heard_;
};

}  // namespace stepbox::run
