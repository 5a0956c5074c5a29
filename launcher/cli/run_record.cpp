#include "cli/run_record.hpp"

#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <utility>

#include "ci/engines.hpp"
#include "model/outcome.hpp"
#include "model/run_id.hpp"
#include "sys/files.hpp"

namespace stepbox::cli {
namespace {

// A reader that is gone, or a file that may not grow, must not end stepbox. Ignores the signal only for a while,
// because the step inherits ignored signals.
class IgnoredSignal {
 public:
  explicit IgnoredSignal(int signal) : signal_(signal) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(signal_, &ignore, &before_);
  }
  IgnoredSignal(const IgnoredSignal&) = delete;
  IgnoredSignal& operator=(const IgnoredSignal&) = delete;
  ~IgnoredSignal() { ::sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_ {};
};

struct SafeToWrite {
  IgnoredSignal no_reader{SIGPIPE};
  IgnoredSignal no_room{SIGXFSZ};
};

// Without entropy the id would not be unique: then the run has none.
std::string new_run_id(std::chrono::system_clock::time_point start) {
  RunEntropy entropy;
  return ::getrandom(entropy.data(), entropy.size(), GRND_NONBLOCK) == static_cast<ssize_t>(entropy.size()) ? run_id(start, entropy)
                                                                                                           : std::string();
}

RunMark mark_of_this_run() {
  utsname system{};
  ::uname(&system);
  const auto boot_id = sys::read_file("/proc/sys/kernel/random/boot_id", 64);
  const auto start = std::chrono::system_clock::now();
  const ci::Engine* engine = ci::engine_around();
  return {.id = new_run_id(start),
          .start = start,
          .pid = ::getpid(),
          .host = system.nodename,
          .engine = engine != nullptr ? std::string(engine->name) : std::string(),
          .job = engine != nullptr ? ci::job_of(*engine) : std::string(),
          .boot_id = boot_id ? boot_id->substr(0, boot_id->find('\n')) : std::string()};
}

// Empty if unknown; the run will say why.
std::string current_directory() {
  std::string path(PATH_MAX, '\0');
  return ::getcwd(path.data(), path.size()) == nullptr ? std::string() : path.c_str();
}

}  // namespace

Result<RunRecord> RunRecord::open(const std::string& path, std::vector<std::string> argv) {
  RunRecord record;
  if (path.empty()) return record;
  record.beginning_.run = mark_of_this_run();
  TRY_ASSIGN(record.destination_, report::Destination::open(path));
  record.beginning_.argv = std::move(argv);
  record.beginning_.cwd = current_directory();
  return record;
}

Result<> RunRecord::announce() {
  if (!destination_ || !destination_->is_file()) return {};
  const SafeToWrite safe;
  beginning_.verdict = Verdict::running;
  beginning_.sentence = "the run is not over";
  return destination_->announce(report::to_short_json(beginning_));
}

Result<> RunRecord::finish(Report& report) {
  if (!destination_) return {};
  const SafeToWrite safe;
  report.run = beginning_.run;
  report.end = std::chrono::system_clock::now();
  const Result<> written = destination_->write(report::to_json(report));
  if (written || !destination_->is_file()) return written;
  // A few lines may fit where the whole report did not.
  if (!write_failure(written.error().message + "; " + report.sentence)) destination_->withdraw();
  return written;
}

Result<> RunRecord::fail(const Error& error) {
  if (!destination_) return {};
  const SafeToWrite safe;
  const Result<> written = write_failure(error.message);
  if (!written) destination_->withdraw();
  return written;
}

Result<> RunRecord::write_failure(std::string sentence) {
  beginning_.end = std::chrono::system_clock::now();
  beginning_.verdict = Verdict::launcher_error;
  beginning_.exit_code = kExitLauncher;
  beginning_.sentence = std::move(sentence);
  return destination_->write(report::to_short_json(beginning_));
}

}  // namespace stepbox::cli
