#include "companions/progress_line.hpp"

#include <unistd.h>

#include <utility>

#include "model/units.hpp"
#include "sys/write_all.hpp"

namespace stepbox::companions {
namespace {

constexpr std::chrono::seconds kSilence{2};
constexpr std::chrono::milliseconds kBetween{250};
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), is_terminal_(::isatty(STDERR_FILENO) == 1), start_(Clock::now()), next_(start_ + kSilence) {}

ProgressLine::~ProgressLine() {
  if (is_shown_) (void)sys::write_all(STDERR_FILENO, kClearLine);
}

void ProgressLine::show(uint64_t files, uint64_t bytes) {
  if (!is_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto rate = static_cast<uint64_t>(static_cast<double>(bytes) / seconds);
  is_shown_ = true;
  (void)sys::write_all(STDERR_FILENO, kClearLine + ("stepbox: " + what_) + ": " + std::to_string(files) + " files, " +
                                          human_bytes(bytes) + ", " + human_bytes(rate) + "/s");
}

}  // namespace stepbox::companions
