// Init's work while the step runs: it forwards signals, reaps, keeps a second copy of the time limit, and ends when
// the step ends. For use after clone: nothing here allocates.
#pragma once

#include <sys/types.h>

#include "sandbox/channel.hpp"
#include "sandbox/everybody.hpp"
#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

// Borrowed.
struct Served {
  const Prepared& prepared;
  int channel;
  int terminal;     // or -1
  pid_t step;       // a child of the caller
  int step_handle;  // its pidfd
  int processes;    // a /proc that shows the step's processes
  Bounds bounds;
  int private_directory = -1;  // without a box: removed in the end
};

class Server {
 public:
  explicit Server(const Served& served);

  // Does everything that can fail. 0 or an errno.
  int open();

  // Never returns: the process ends soon after the step, or with the supervisor.
  [[noreturn]] void serve();

 private:
  int start_clock();
  void obey();
  void forward(int signal, Whom whom) const;
  void reap();
  void kill_everybody() const { sandbox::kill_everybody(processes_, bounds_); }
  [[noreturn]] void take_step();
  [[noreturn]] void expire();
  [[noreturn]] void end(int status);
  [[noreturn]] void await_dismissal();
  [[noreturn]] void leave();

  const Plan& plan_;
  const int channel_;
  const int terminal_;
  const pid_t step_;
  const int step_handle_;
  const int processes_;
  const Bounds bounds_;
  const int private_directory_;
  int signals_ = -1;
  int clock_ = -1;  // readable when the step's time is over; -1 without a limit
  bool step_is_stopped_ = false;
  int32_t continued_ = 0;  // orders obeyed that continue the step
  bool has_expired_ = false;
};

}  // namespace stepbox::sandbox
