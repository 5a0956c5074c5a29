// A box with a step in it, from the supervisor's side.
//
// Theory of operation. Three processes:
//
//   supervisor   stepbox itself, outside. Makes the plan, starts init, waits, measures, reports.
//   init         PID 1 of the box. Makes the mounts, starts the step, forwards signals, reaps, and ends
//                when the step ends; the kernel then kills every process left in the pid namespace.
//   step         the command.
//
//   supervisor --clone3(namespaces)--> init --clone3(user namespace, as root)--> step
//        |                              |  <- go: ids mapped, volumes made, box made |
//        |<======== channel ============|====================================--------|  (until execve)
//
// Init notices the supervisor's death in two ways: PDEATHSIG, and the end of file on the channel. Init's death kills
// the step. Nothing of the box has a name on the host, so there is nothing to tidy: mounts live in the box's mount
// namespace, and the kernel frees the volumes' memory with the last mount.
//
// The supervisor has one more child beside init, the witness (sys/witness.hpp). The signals that witness and init got
// show which part of the step a signal was meant for (run/addressees.hpp).
//
// Without a box (Plan::isolation) a subreaper takes init's place, and the workspace is a directory of the host. At
// the end of file on the channel, the subreaper kills the step's processes and removes the directory. Its parent is a
// keeper, which is what `init` means here: processes that outlive the subreaper become the keeper's children, and it
// kills them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sandbox/channel.hpp"
#include "sandbox/everybody.hpp"
#include "sandbox/prepared.hpp"
#include "sys/fd.hpp"
#include "sys/witness.hpp"

namespace stepbox::sandbox {

// Why a box could not be made. If the kernel refuses to shift ids for a file system, a plan without shifting may
// still work; the caller decides, and says so.
struct StartFailure {
  Error error;
  bool ids_cannot_be_shifted = false;
  bool overlay_refused = false;  // likewise if the kernel refuses an overlay over a shown path
};

// What ends the wait for a box in the making: one of its paths may be on a server that does not answer.
struct Patience {
  int signals = -1;                                // readable when a signal has arrived; borrowed
  std::function<bool()> is_asked_to_end = {};      // called then; after `false`, `signals` is no longer readable
  std::optional<std::chrono::milliseconds> limit = {};  // from `begin` on
  std::chrono::steady_clock::time_point begin = {};
};

struct BoxEvent {
  Message message;
  std::optional<Ending> ending;  // with Kind::ended
};

// One overlay of the plan. O_PATH descriptors.
struct View {
  sys::Fd merged;  // what the step sees. Owners are the kernel's: of shifted ids, Identity::uids names the outside ones
  sys::Fd upper;   // the layer in volume scratch that its changes are in
};

enum class GiveTerminal : uint8_t { no, yes };

class Box {
 public:
  // Makes the box and starts the step in it. Returns when the step is about to call execve; an event, or the step's
  // end, tells whether that succeeded. The caller must have blocked all signals. If stepbox is asked to end, or the
  // time is over, kills the unfinished box and fails. `terminal` is the controlling terminal to hand over, or -1;
  // `private_directory` is the workspace of a step without a box, or -1. Both are borrowed.
  static std::expected<Box, StartFailure> start(const Plan& plan, const CallerState& caller, int terminal,
                                                const BoxGroups& groups, int private_directory,
                                                const Patience& patience);

  Box(Box&& other) noexcept
      : init_(std::exchange(other.init_, -1)), bounds_(other.bounds_), has_ended_(other.has_ended_),
        has_survivors_(other.has_survivors_), channel_(std::move(other.channel_)), volumes_(std::move(other.volumes_)),
        views_(std::move(other.views_)), processes_(std::move(other.processes_)), listener_(std::move(other.listener_)),
        weaknesses_(std::move(other.weaknesses_)), started_(other.started_), witness_(std::move(other.witness_)),
        parent_of_step_(other.parent_of_step_), continued_(other.continued_) {}
  Box& operator=(Box&&) = delete;
  // Kills the box if it still runs. To get the result, call tear_down() first.
  ~Box();

  // When the step was about to call execve. It may have run for a while before start() returned.
  std::chrono::steady_clock::time_point started() const { return started_; }

  // Readable when there is an event. Borrowed.
  int channel() const { return channel_.get(); }

  // The next event, or nothing when init is gone.
  std::optional<BoxEvent> next_event();

  // Neither these nor kill_all() wait: an order to an init that has been stopped for long is lost. A signal that asks
  // to end also continues a stopped step, no matter which part of the step gets it.
  void send_signal(int signal, Whom whom = Whom::command);
  // Continues the stopped step, with the terminal or in the background.
  void resume(GiveTerminal give);

  // The signals that the step's parent got from outside, apart from those that send_signal() announced: it is in the
  // caller's process group, and blocks all signals. A step of the same user can send it some, too.
  sys::SignalSet heard_by_parent() const;
  // The signals that the witness got: senders choose it like the step, except that it is not in the caller's process
  // group (sys/witness.hpp).
  sys::SignalSet heard_by_witness() const { return witness_.heard(); }
  // Replaces the witness by one that has heard nothing yet. The second function's witness has neither these variables
  // nor stepbox's command line.
  void renew_witness();
  void renew_witness_apart(const std::vector<std::string>& without_variables);

  // Whether stepbox has continued the step since init sent this `stopped`.
  bool has_continued_since(const Message& stopped) const { return stopped.index < continued_; }

  // One O_PATH descriptor per volume, in the plan's order. Borrowed; they keep the volumes alive.
  const std::vector<sys::Fd>& volumes() const { return volumes_; }

  // One per overlay, in the plan's order. Borrowed. Readable until release(): what the step sees changes until
  // tear_down() has returned, and nothing changes afterwards.
  const std::vector<View>& views() const { return views_; }

  // A /proc that shows the step's processes. Borrowed, until the teardown.
  int processes() const { return processes_.get(); }
  // The ancestor of the step's processes, if that /proc shows others too; 0 for a box.
  pid_t subreaper() const { return bounds_ == Bounds::descendants ? init_ : 0; }

  // Features that failed although the box was made: messages of Kind::weakened, for failure_text().
  const std::vector<Message>& weaknesses() const { return weaknesses_; }

  // The listener of a filter in log mode, for a CallListener; otherwise -1. Borrowed.
  int listener() const { return listener_.get(); }

  // Kills every process of the box; an event announces the box's end.
  void kill_all();

  // Waits until every process of the box is dead, killing the rest. The volumes stay readable until release().
  // Returns init's status as of wait(2).
  int tear_down();

  // Whether processes of the step outlive the run, because they forked faster than they were killed. Never with a
  // box. Ask after release().
  bool has_survivors() const { return has_survivors_; }

  // Releases the volumes: the kernel has freed their memory when this returns. Without a box, removes the step's
  // directory.
  void release();

 private:
  Box(pid_t init, sys::Fd channel, Bounds bounds) : init_(init), bounds_(bounds), channel_(std::move(channel)) {}
  std::expected<void, StartFailure> await_step(const Plan& plan, std::chrono::steady_clock::time_point begin,
                                               const Patience& patience);
  std::optional<Error> await_word(const Patience& patience) const;
  void order(const Message& message);
  void take_views(size_t volumes);
  void drop_doubtful_witness();
  void end_descendants();
  void release_keeper();
  int await_init();

  pid_t init_ = -1;
  Bounds bounds_;
  bool has_ended_ = false;
  bool has_survivors_ = false;
  sys::Fd channel_;
  std::vector<sys::Fd> volumes_;
  std::vector<View> views_;
  sys::Fd processes_;
  sys::Fd listener_;
  std::vector<Message> weaknesses_;
  std::chrono::steady_clock::time_point started_;
  sys::Witness witness_;
  pid_t parent_of_step_ = -1;
  int32_t continued_ = 0;  // orders sent that continue the step
};

}  // namespace stepbox::sandbox
