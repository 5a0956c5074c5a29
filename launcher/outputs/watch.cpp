#include "outputs/watch.hpp"

#include <unistd.h>

#include <string>
#include <utility>

#include "model/units.hpp"

namespace stepbox::outputs {
namespace {

// What is over sooner needs no line.
constexpr std::chrono::seconds kQuiet{2};

void write_line(const std::string& text) {
  const std::string line = "\r\033[K" + text;
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

Watch::Watch(std::function<bool()> is_asked_to_end)
    : is_asked_to_end_(std::move(is_asked_to_end)), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

Watch::~Watch() {
  if (is_shown_) write_line("");
}

bool Watch::look(Amount done) {
  if (is_asked_to_end_ && is_asked_to_end_()) return false;
  const auto passed = Clock::now() - begin_;
  if (!is_terminal_ || passed < kQuiet) return true;
  const double seconds = std::chrono::duration<double>(passed).count();
  const double rate = static_cast<double>(done.bytes) / seconds;
  std::string text = "stepbox: carrying out outputs: " + human_bytes(done.bytes) + " of " + human_bytes(whole_.bytes) + ", " +
                     std::to_string(done.files) + " of " + std::to_string(whole_.files) + " files, " + human_bytes(static_cast<uint64_t>(rate)) + "/s";
  // Making a file takes as long as writing some of its content.
  const auto effort = [](const Amount& amount) { return static_cast<double>(amount.bytes) + 65536.0 * static_cast<double>(amount.files); };
  const double finished = effort(done) / effort(whole_);
  if (finished > 0.01) text += ", " + std::to_string(static_cast<long>(seconds / finished - seconds + 0.5)) + " s left";
  write_line(text);
  is_shown_ = true;
  return true;
}

void Watch::say(const char* what) {
  if (!is_terminal_ || Clock::now() - begin_ < kQuiet) return;
  write_line("stepbox: carrying out outputs: " + std::string(what));
  is_shown_ = true;
}

}  // namespace stepbox::outputs
