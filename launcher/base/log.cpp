#include "base/log.hpp"

#include <unistd.h>

#include <mutex>
#include <string>

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/patient_writer.hpp"
#include "base/text.hpp"

namespace stepbox::log {
namespace {

constinit PatientWriter g_stderr(STDERR_FILENO, std::chrono::seconds(2));

// One write(2) per line, straight to descriptor 2: stdio would keep bytes back, and a line in two
// writes can be torn by the step's output. A closed or full stderr is ignored.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    g_stderr.write({line.data(), line.size()});
  }
  void flush_() override {}
};

spdlog::logger& logger() {
  // Made at the first line: a quiet run never pays for it. Leaked on purpose, so that nothing is
  // destroyed under a late message.
  static spdlog::logger& instance = *[] {
    auto* made = new spdlog::logger("stepbox", std::make_shared<StderrSink>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>("stepbox: %v", spdlog::pattern_time_type::utc));
    made->set_level(spdlog::level::info);
    return made;
  }();
  return instance;
}

Verbosity g_verbosity = Verbosity::normal;

}  // namespace

void set_verbosity(Verbosity verbosity) { g_verbosity = verbosity; }

bool is_verbose() { return g_verbosity == Verbosity::verbose; }

void set_patience(std::chrono::milliseconds patience) { g_stderr.set_patience(patience); }

unsigned lost_lines() { return g_stderr.lost(); }

void say(std::string_view line) { logger().log(spdlog::level::info, line); }

void warn(std::string_view line) { logger().log(spdlog::level::warn, line); }

void debug(std::string_view line) {
  if (is_verbose()) logger().log(spdlog::level::info, line);
}

void hint(std::string_view text) {
  g_stderr.write("hint: " + std::string(text) + "\n");
}

void error(const Error& error) {
  for (const std::string_view line : split(error.message, '\n')) logger().log(spdlog::level::err, line);
  if (!error.hint.empty()) hint(error.hint);
}

}  // namespace stepbox::log
