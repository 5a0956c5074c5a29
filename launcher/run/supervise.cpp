#include "run/supervise.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <iterator>
#include <utility>

#include "run/addressees.hpp"
#include "run/countdown.hpp"
#include "run/diagnose.hpp"
#include "run/memory_blame.hpp"
#include "sandbox/call_listener.hpp"
#include "sandbox/process_memory.hpp"
#include "sys/time_slice.hpp"

namespace stepbox::run {
namespace {

// Signals that stepbox passes on, each once and unchanged. Faults, SIGCHLD, SIGTTIN and SIGTTOU concern stepbox itself.
constexpr int kForwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGALRM};

// Signals that, once passed on, continue a stopped step (sandbox::continues_step()).
constexpr int kContinuing[] = {SIGCONT, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

int watch_all(int signals) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : kForwarded) sigaddset(&watched, signal);
  ::signalfd(signals, &watched, 0);
  return signals;
}

Outcome outcome_of(int status) {
  if (WIFSIGNALED(status)) return Signaled{WTERMSIG(status), WCOREDUMP(status) != 0};
  return Exited{WEXITSTATUS(status)};
}

// Stops like a program with the default action for SIGTSTP: the kernel does not stop a process that nobody could
// continue (orphaned process groups: setpgid(2)). Returns whether the process stopped. SIGTSTP is blocked first, so
// that a SIGCONT that comes before the stop cancels it; the SIGCONT that ends the stop stays pending.
bool stop_by_job_control(pid_t whom) {
  ::kill(whom, SIGTSTP);
  sigset_t own;
  sigemptyset(&own);
  sigaddset(&own, SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &own, nullptr);
  ::sigprocmask(SIG_BLOCK, &own, nullptr);
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGCONT) == 1;
}

class Loop {
 public:
  explicit Loop(const Supervised& run)
      : cgroup_(run.cgroup),
        box_(run.box),
        calls_(run.box.listener()),
        meter_(run.meter),
        terminal_(run.terminal),
        step_has_terminal_(run.has_foreground),
        signals_(watch_all(run.signals)),
        deadlines_(run.deadlines),
        output_(run.output),
        unset_variables_(run.unset_variables) {}

  Ended run();

 private:
  using Clock = std::chrono::steady_clock;
  // A step that runs longer can afford a witness with memory of its own.
  static constexpr std::chrono::seconds kShortRun{1};

  enum class Next : uint8_t { round, end };

  // A round goes through its rows in order. A row with a descriptor runs when that is ready, and gets poll(2)'s
  // events in `came`. A row without one runs in every round, and checks the time itself.
  struct Row {
    int (Loop::*descriptor)() const;  // -1 while there is nothing to wait for
    short events;
    Next (Loop::*handle)(short came);
  };
  static const Row kRound[];

  Next round();

  int out_of_memory() const { return cgroup_.out_of_memory(); }
  int memory_events() const { return Clock::now() < next_memory_look_ ? -1 : memory_events_.get(); }
  int signals() const { return signals_; }
  int listener() const { return listener_; }
  int channel() const { return box_.channel(); }

  Next memory_ran_out(short);
  Next memory_is_short(short);
  Next signals_came(short came);
  Next pass_on_signals(short);
  Next take_call(short came);
  Next take_events(short);
  Next mind_deadlines(short);
  Next end_if_killed_for_memory(short);
  Next sample_when_due(short);
  Next mind_witness(short);

  void take_signals();
  void forward(int signal, sandbox::Whom whom);
  void end_step();
  void forget_late_overrun(const sandbox::Message& ended);
  void kill_box();
  Next take_event();
  bool should_stop_like(const sandbox::Message& stopped) const;
  void stop_like_step(const sandbox::Message& stopped);
  bool has_memory_run_out() const { return Clock::now() < memory_ran_out_until_; }
  void look_at_memory();
  timespec time_left() const;

  cgroup::Cgroup& cgroup_;
  sandbox::Box& box_;
  sandbox::CallListener calls_;
  int listener_ = box_.listener();  // -1 when no process is left that could ask
  workspace::UsageMeter& meter_;
  const Terminal& terminal_;
  bool step_has_terminal_;
  const int signals_;
  const Deadlines& deadlines_;
  std::optional<sys::WriteWatch>& output_;
  const Clock::time_point start_ = box_.started();
  Countdown countdown_{deadlines_, start_};
  std::optional<Clock::time_point> overrun_since_;  // when stepbox noticed it
  const std::vector<std::string>& unset_variables_;
  Clock::time_point next_witness_ = start_ + kShortRun;
  bool witness_has_heard_ = false;
  Addressees addressees_;
  bool asked_in_grace_ = false;
  bool asked_to_stop_ = false;  // by a SIGTSTP from outside
  Clock::time_point memory_ran_out_until_{};
  const sys::Fd memory_events_ = cgroup_.memory_events();
  Clock::time_point next_memory_look_{};
  MemoryBlame blame_;
  Clock::time_point next_sample_ = Clock::now();
  Ended ended_;
};

Ended Loop::run() {
  // A sleep of a quarter of a millisecond must not stretch to a third (prctl(2), default slack 50 us).
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  // Nor must a sample wait behind the step that fills the volume. Init and the step exist already, and keep the
  // caller's slices.
  sys::ask_for_short_time_slices();
  while (round() == Next::round) {}
  if (step_has_terminal_) terminal_.take_back();
  ended_.memory_holder = blame_.holder();
  ended_.seccomp_log = calls_.result();
  return ended_;
}

constexpr Loop::Row Loop::kRound[] = {
    // First, because the process that held the memory is giving it back right now.
    {&Loop::out_of_memory, POLLIN, &Loop::memory_ran_out},
    {&Loop::memory_events, POLLPRI, &Loop::memory_is_short},
    {&Loop::signals, POLLIN, &Loop::signals_came},
    {nullptr, 0, &Loop::pass_on_signals},
    {&Loop::listener, POLLIN, &Loop::take_call},
    {&Loop::channel, POLLIN, &Loop::take_events},
    {nullptr, 0, &Loop::mind_deadlines},
    {nullptr, 0, &Loop::end_if_killed_for_memory},
    {nullptr, 0, &Loop::sample_when_due},
    {nullptr, 0, &Loop::mind_witness},
};

Loop::Next Loop::round() {
  pollfd watched[std::size(kRound)];
  nfds_t count = 0;
  for (const Row& row : kRound)
    if (row.descriptor != nullptr) watched[count++] = {(this->*row.descriptor)(), row.events, 0};  // -1: skipped
  const timespec left = time_left();
  ::ppoll(watched, count, &left, nullptr);
  const pollfd* next = watched;
  for (const Row& row : kRound) {
    const short came = row.descriptor != nullptr ? (next++)->revents : 0;
    if (row.descriptor != nullptr && came == 0) continue;
    if ((this->*row.handle)(came) == Next::end) return Next::end;
  }
  return Next::round;
}

// v1: the kernel announces that memory has run out a moment before it chooses its victim.
Loop::Next Loop::memory_ran_out(short) {
  if (!has_memory_run_out()) blame_ = {};
  memory_ran_out_until_ = Clock::now() + std::chrono::seconds(1);
  look_at_memory();
  return Next::round;
}

// Nothing follows when the victim was outside the box, because a group above had run out.
Loop::Next Loop::end_if_killed_for_memory(short) {
  if (!has_memory_run_out() || !cgroup_.has_killed_for_memory()) return Next::round;
  look_at_memory();
  ended_.outcome = Signaled{SIGKILL, false};
  return Next::end;
}

// v2: the kernel is short of memory. If it finds none, it kills the whole box by itself, and the event for that may
// come too late. A step can live at its limit for hours, with a file cache: one look a second is enough.
Loop::Next Loop::memory_is_short(short) {
  char ignored[512];
  (void)!::pread(memory_events_.get(), ignored, sizeof ignored, 0);
  next_memory_look_ = Clock::now() + std::chrono::seconds(1);
  // Without a box, this would look at every process of the host.
  if (box_.subreaper() != 0) return Next::round;
  blame_ = {};
  look_at_memory();
  return Next::round;
}

void Loop::look_at_memory() {
  blame_.look(sandbox::memory_of_processes(box_.processes(), box_.subreaper()));
}

Loop::Next Loop::sample_when_due(short) {
  const Clock::time_point now = Clock::now();
  if (now < next_sample_) return Next::round;
  meter_.sample(now);
  next_sample_ = now + meter_.interval();
  return Next::round;
}

timespec Loop::time_left() const {
  const Clock::time_point next = std::min({next_sample_, countdown_.next().value_or(next_sample_),
                                           addressees_.next().value_or(next_sample_), next_witness_});
  auto left = std::max(next - Clock::now(), Clock::duration::zero());
  if (has_memory_run_out()) left = std::min<Clock::duration>(left, std::chrono::milliseconds(1));
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

Loop::Next Loop::signals_came(short came) {
  if ((came & POLLIN) != 0) take_signals();
  return Next::round;
}

// Forwards SIGTSTP, and the SIGCONT that ends it, at once, so that they keep their order. Here the neighbour's
// signals alone decide the addressee.
void Loop::take_signals() {
  signalfd_siginfo info{};
  std::optional<sys::SignalSet> neighbour;
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (!neighbour) neighbour = box_.heard_by_parent();
    if (sandbox::asks_to_end(signal) && !ended_.overrun) ended_.cancelled_by = signal;
    if (signal == SIGTSTP || (signal == SIGCONT && asked_to_stop_))
      forward(signal, sys::has(*neighbour, signal) ? sandbox::Whom::group : sandbox::Whom::command);
    else
      addressees_.heard(signal, Clock::now(), *neighbour);
  }
}

Loop::Next Loop::pass_on_signals(short) {
  const Clock::time_point now = Clock::now();
  if (now < addressees_.next().value_or(Clock::time_point::max())) return Next::round;
  const sys::SignalSet neighbour = box_.heard_by_parent();
  const sys::SignalSet witness = box_.heard_by_witness();
  if (witness != 0) witness_has_heard_ = true;
  while (const auto meant = addressees_.take(now, neighbour, witness)) forward(meant->signal, meant->whom);
  return Next::round;
}

// Replaces a witness that has got a signal: it cannot show the next one. Also replaces, after a while, the first
// witness: it shares stepbox's command line and the variables that the step lacks, so a search by these would find it
// although it does not find the step.
Loop::Next Loop::mind_witness(short) {
  if (addressees_.next()) return Next::round;
  const Clock::time_point now = Clock::now();
  if (!witness_has_heard_ && now < next_witness_) return Next::round;
  witness_has_heard_ = false;
  const bool is_short = now < start_ + kShortRun;
  if (is_short) box_.renew_witness();
  else box_.renew_witness_apart(unset_variables_);
  next_witness_ = is_short ? start_ + kShortRun : Clock::time_point::max();
  return Next::round;
}

void Loop::forward(int signal, sandbox::Whom whom) {
  const bool is_urgent = signal == SIGTERM || signal == SIGINT;
  if (ended_.overrun && is_urgent) {
    // Stepbox has already asked the step to end. One more signal means the same, as from an outer layer with the same
    // deadline. A second one means that the sender does not want to wait.
    if (std::exchange(asked_in_grace_, true) && countdown_.in_grace()) {
      ended_.killed_on_request = true;
      kill_box();
    }
    return;
  }
  if (signal == SIGTSTP || signal == SIGCONT) asked_to_stop_ = signal == SIGTSTP;
  box_.send_signal(signal, whom);
  if (is_urgent && deadlines_.grace_after_cancel && countdown_.is_running()) countdown_.begin_grace(Clock::now());
}

// Ends the loop when the killed box does not go away.
Loop::Next Loop::mind_deadlines(short) {
  for (;;) {
    const Clock::time_point now = Clock::now();
    switch (countdown_.due(now)) {
      case Countdown::Due::nothing: return Next::round;
      case Countdown::Due::look: countdown_.looked(now, output_ && output_->look()); break;
      case Countdown::Due::limit: end_step(); break;
      case Countdown::Due::kill:
        ended_.grace_exceeded = true;
        kill_box();
        break;
      case Countdown::Due::give_up: ended_.outcome = Signaled{SIGKILL, false}; return Next::end;
    }
  }
}

void Loop::end_step() {
  const Clock::time_point now = Clock::now();
  ended_.overrun = countdown_.overrun_at(now);
  overrun_since_ = now;
  const double at = std::chrono::duration<double>(now - start_).count();
  ended_.diagnostics.push_back(diagnose(box_, meter_, *ended_.overrun, deadlines_, at));
  box_.send_signal(SIGTERM);
  countdown_.begin_grace(Clock::now());
}

// Init needs time to wind down, list and kill the processes that the step left behind. A deadline that passes
// meanwhile is none that the step missed.
void Loop::forget_late_overrun(const sandbox::Message& ended) {
  const Clock::time_point at{std::chrono::nanoseconds(ended.at)};
  if (!overrun_since_ || at < start_ || at >= *overrun_since_) return;
  ended_.overrun.reset();
  ended_.grace_exceeded = false;
  ended_.killed_on_request = false;
  ended_.diagnostics.clear();
}

void Loop::kill_box() {
  box_.kill_all();
  countdown_.killed(Clock::now());
}

Loop::Next Loop::take_call(short came) {
  if (!calls_.take(came)) listener_ = -1;
  return Next::round;
}

// Takes all messages that init has sent so far, before a deadline is judged: the message that the step ended in time
// may follow several stops. Bounded, because a step can stop over and over.
Loop::Next Loop::take_events(short) {
  constexpr int kMost = 256;
  pollfd more{box_.channel(), POLLIN, 0};
  for (int i = 0; i < kMost; ++i) {
    if (take_event() == Next::end) return Next::end;
    if (::poll(&more, 1, 0) <= 0) return Next::round;
  }
  return Next::round;
}

Loop::Next Loop::take_event() {
  const std::optional<sandbox::BoxEvent> event = box_.next_event();
  if (!event) {
    // Init ended without a message, so it was killed. Its status comes from the teardown.
    ended_.outcome = BoxKilled{SIGKILL};
    return Next::end;
  }
  switch (event->message.kind) {
    case sandbox::Kind::failed:
      ended_.outcome = NotStarted{event->message.error,
                                  event->message.stage == sandbox::Stage::exec ? event->message.index : -1};
      return Next::end;
    case sandbox::Kind::ended:
      // After a refused execve the step's process ends as well, but the refusal is the outcome.
      if (!std::holds_alternative<NotStarted>(ended_.outcome)) ended_.outcome = outcome_of(event->message.value);
      ended_.ending = event->ending;
      forget_late_overrun(event->message);
      return Next::end;
    case sandbox::Kind::expired:
      // Init enforced the limit while stepbox could not.
      if (!ended_.overrun) ended_.overrun = countdown_.overrun_of_time();
      ended_.grace_exceeded = true;
      countdown_.killed(Clock::now());
      return Next::round;
    case sandbox::Kind::stopped: stop_like_step(event->message); return Next::round;
    // The first three belong to the making of the box (box.cpp); the others are the supervisor's own orders.
    case sandbox::Kind::volumes:
    case sandbox::Kind::executing:
    case sandbox::Kind::weakened:
    case sandbox::Kind::signal:
    case sandbox::Kind::resume:
    case sandbox::Kind::kill: return Next::round;
  }
  return Next::round;
}

// A step that has the terminal stops stepbox however it is stopped. Otherwise only a stop by job control does, and
// only if someone can continue stepbox: a user at a terminal, or the sender of a SIGTSTP. In a CI job, a step that
// stops itself would stop stepbox for ever.
bool Loop::should_stop_like(const sandbox::Message& stopped) const {
  if (box_.has_continued_since(stopped) || std::ranges::any_of(kContinuing, [this](int signal) { return addressees_.hears(signal); }))
    return false;
  if (step_has_terminal_) return true;
  const bool job_control = stopped.value == SIGTSTP || stopped.value == SIGTTIN || stopped.value == SIGTTOU;
  return job_control && (terminal_.fd() >= 0 || asked_to_stop_);
}

// Stops stepbox along with the step: the caller's shell gets its terminal back, and `fg` continues both.
void Loop::stop_like_step(const sandbox::Message& stopped) {
  // A SIGCONT may have arrived meanwhile.
  take_signals();
  if (!should_stop_like(stopped)) return;
  asked_to_stop_ = false;
  if (step_has_terminal_) terminal_.take_back();
  // With the terminal, the rest of the pipeline that the shell started stops too.
  const bool was_stopped = stop_by_job_control(step_has_terminal_ ? 0 : ::getpid());
  // A background step that wants the terminal would only be stopped again and again.
  if (!was_stopped && !step_has_terminal_ && stopped.value != SIGTSTP) return;
  // Stepbox has been continued, in the foreground (fg) or in the background (bg).
  if (was_stopped) countdown_.continued(Clock::now());
  step_has_terminal_ = terminal_.is_ours();
  box_.resume(step_has_terminal_ ? sandbox::GiveTerminal::yes : sandbox::GiveTerminal::no);
}

}  // namespace

Ended supervise(const Supervised& run) {
  return Loop(run).run();
}

}  // namespace stepbox::run
