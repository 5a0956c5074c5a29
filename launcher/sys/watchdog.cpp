#include "sys/watchdog.hpp"

#include <csignal>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace stepbox::sys {
namespace {

// A thread inherits the mask of the one that starts it.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

struct Watchdog::Thread {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_stopped = false;
  std::thread thread;

  void wait(std::chrono::milliseconds limit, const std::function<void()>& act) {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, limit, [this] { return is_stopped; })) act();
  }
};

Result<Watchdog> Watchdog::start(std::chrono::milliseconds limit, std::function<void()> act) {
  Watchdog watchdog;
  watchdog.thread_ = std::make_unique<Thread>();
  const AllSignalsBlocked blocked;
  try {
    watchdog.thread_->thread = std::thread([state = watchdog.thread_.get(), limit, act = std::move(act)] { state->wait(limit, act); });
  } catch (const std::system_error& error) {
    return fail_errno("cannot start a thread that watches the time", error.code().value());
  }
  return watchdog;
}

Watchdog::Watchdog() noexcept = default;
Watchdog::Watchdog(Watchdog&&) noexcept = default;

Watchdog& Watchdog::operator=(Watchdog&& other) noexcept {
  stop();
  thread_ = std::move(other.thread_);
  return *this;
}

Watchdog::~Watchdog() { stop(); }

void Watchdog::stop() {
  if (!thread_ || !thread_->thread.joinable()) return;
  {
    const std::lock_guard lock(thread_->mutex);
    thread_->is_stopped = true;
  }
  thread_->changed.notify_one();
  thread_->thread.join();
  thread_.reset();
}

}  // namespace stepbox::sys
