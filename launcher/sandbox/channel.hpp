// The messages between supervisor, init and step, over one SOCK_SEQPACKET pair.
//
// The supervisor holds one end. Init and, until its execve, the step hold the other. When the supervisor dies, init
// reads an end of file and exits, and the kernel takes the box down with it.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "model/plan.hpp"
#include "model/volumes.hpp"

namespace stepbox::sandbox {

// The stage at which a process of the box failed. It sends two integers, this and errno; the supervisor, which may
// allocate, writes the sentence (failure_text.cpp).
enum class Stage : uint8_t {
  none,
  // init
  groups,
  user_map,
  file_systems,  // fsopen(2), the first of the calls that mount
  shared_memory,
  private_mounts,
  step_clone,
  step_map,
  mount,     // `index` is the call's place in Plan::mounts
  id_map,    // likewise, when the mount cannot be id-mapped
  overlay,        // likewise, when no overlay can be mounted over it
  try_overlay,    // likewise, when an overlay can be mounted, and does not work
  pivot,
  loopback,
  init_privileges,
  processes,  // this /proc does not show the caller's own processes
  // step
  session,
  terminal,
  limits,
  keyring,
  credentials,
  nesting,
  capabilities,
  landlock,
  writes,  // `index` is its place in Plan::writable
  seccomp,
  cache_directory,  // `index` is its place in Plan::cache_directories
  directory,
  descriptors,
  exec,  // `index` is the place in Plan::programs of the program whose interpreter is missing, or -1
};

enum class Kind : uint8_t {
  // from init or step
  volumes,    // descriptors of the volumes ride along, in the plan's order, then two of each overlay (View), and one of
              // the box's /proc
  executing,  // the step is about to call execve, its parent being `value` in its /proc; in seccomp's log mode the
              // filter's listener rides along
  failed,
  weakened,   // a stage failed that the plan can do without; the box is made all the same
  stopped,    // the step was stopped; `value` is the signal, `index` how often it had been continued
  ended,      // `value` is the status as of wait(2)
  expired,    // the time limit and the grace were over, and the supervisor had done nothing: the box is killed
  // from the supervisor
  signal,     // send `value` to the part of the step that `index` names (Whom)
  resume,     // continue the step, and give it the terminal first when `value` is 1
  kill,       // kill every process
};

// The part of the step that a signal goes to.
enum class Whom : int32_t {
  command,  // the process that was started
  group,    // the process group that it was started in
  nobody    // the step has got it already
};

// One for each volume, two for each overlay, and one for the box's /proc. All travel on one message, which the kernel limits to SCM_MAX_FD.
inline constexpr size_t kMaxDescriptors = kMaxVolumes + 2 * kMaxOverlays + 1;
static_assert(kMaxDescriptors <= 253);
inline constexpr int kMaxStrays = 64;

struct StrayRecord {
  int32_t pid;
  char comm[16];  // as in /proc/PID/comm, NUL-terminated
};

struct Message {
  Kind kind;
  Stage stage = Stage::none;
  int32_t index = 0;
  int32_t error = 0;
  int32_t value = 0;
  int64_t at = 0;  // with `executing` and `ended`: when, in nanoseconds of CLOCK_MONOTONIC
};

// Follows Message when kind is `ended`.
struct Ending {
  int64_t user_microseconds;
  int64_t system_microseconds;
  int64_t max_rss_kib;
  uint32_t stray_count;
  bool has_survivors;  // some forked faster than they were killed; only without a pid namespace
  StrayRecord strays[kMaxStrays];
};

struct EndedMessage {
  Message head;
  Ending ending;
};

// Whole messages; EINTR is retried. Allocation-free, for use after clone.
bool send_message(int channel, const Message& message);

// Likewise, but drops the message if the other side has not read for long, as when it is stopped.
bool send_or_drop(int channel, const Message& message);

// Whether less than half of the channel's capacity is in flight. Senders of dispensable messages leave the other half
// to important ones: `expired` and `ended` must fit in the end.
bool has_room(int channel);

// For Message::at. Allocation-free.
int64_t monotonic_nanoseconds();

// SIGTERM, SIGINT, SIGHUP, SIGQUIT.
bool asks_to_end(int signal);

// Whether an order from the supervisor continues a stopped step, as a request to end also does. Both sides count
// these orders, so that the supervisor recognises a `stopped` sent before its order was obeyed.
bool continues_step(const Message& order);

// One message with up to kMaxDescriptors descriptors. 0 or an errno. Allocation-free as well.
int send_with_descriptors(int socket, iovec part, const int* fds, size_t count);

struct Received {
  ssize_t bytes = 0;  // as of recvmsg(2): 0 at the end of file, -1 with errno
  size_t count = 0;   // of descriptors
};

// The next message, as far as it fits into `part`, and its descriptors, which the caller must close. Delivers
// everything that the peer has sent, even if the peer left messages to itself unread. Allocation-free as well.
Received receive_with_descriptors(int socket, iovec part, int (&fds)[kMaxDescriptors]);

}  // namespace stepbox::sandbox
