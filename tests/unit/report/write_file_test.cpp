#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;
namespace fs = std::filesystem;

namespace {

// An empty directory, gone at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "stepbox-report-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  std::string path_;
};

const Report kReport = plain_report(Exited{0});
const std::string kExpected = report::to_json(kReport);

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// Both at once.
Result<> write_report(const Report& report, const std::string& path) {
  TRY_ASSIGN(const report::Destination destination, report::Destination::open(path));
  return destination.write(report::to_json(report));
}

Error failure_of(const std::string& path) {
  const Result<> written = write_report(kReport, path);
  REQUIRE_FALSE(written);
  return written.error();
}

}  // namespace

TEST_CASE("a new file gets the whole report and nothing lies beside it", "[report]") {
  const Folder folder;
  REQUIRE(write_report(kReport, folder / "out.json"));
  CHECK(content_of(folder / "out.json") == kExpected);
  CHECK(folder.entries() == 1);
}

TEST_CASE("a symbolic link is replaced and what it points to is left alone", "[report]") {
  const Folder folder;
  put(folder / "precious", "precious");
  fs::create_symlink(folder / "precious", folder / "out.json");
  REQUIRE(write_report(kReport, folder / "out.json"));
  CHECK(content_of(folder / "precious") == "precious");
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "out.json")));
}

TEST_CASE("a link that the step puts in a directory's place leads nowhere", "[report]") {
  const Folder folder;
  fs::create_directory(folder / "build");
  fs::create_directory(folder / "elsewhere");
  const Result<report::Destination> destination = report::Destination::open(folder / "build/out.json");
  REQUIRE(destination);
  fs::rename(folder / "build", folder / "moved");
  fs::create_directory_symlink(folder / "elsewhere", folder / "build");
  REQUIRE(destination->write(kExpected));
  CHECK(fs::is_empty(folder / "elsewhere"));
  CHECK(content_of(folder / "moved/out.json") == kExpected);
}

TEST_CASE("opening a destination makes nothing", "[report]") {
  const Folder folder;
  REQUIRE(report::Destination::open(folder / "out.json"));
  CHECK(folder.entries() == 0);
}

TEST_CASE("a directory that disappears before the report is written is told", "[report]") {
  const Folder folder;
  fs::create_directory(folder / "build");
  const Result<report::Destination> destination = report::Destination::open(folder / "build/out.json");
  REQUIRE(destination);
  fs::remove(folder / "build");
  const Result<> written = destination->write(kExpected);
  REQUIRE_FALSE(written);
  CHECK(written.error().number == ENOENT);
}

TEST_CASE("a path without slash is in the current directory", "[report]") {
  const Folder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder / "");
  CHECK(write_report(kReport, "out.json"));
  fs::current_path(before);
  CHECK(content_of(folder / "out.json") == kExpected);
}

TEST_CASE("a missing directory is told with path and remedy", "[report]") {
  const Folder folder;
  const Error error = failure_of(folder / "missing/out.json");
  CHECK(error.message ==
        "cannot write the report to '" + (folder / "missing/out.json") + "': no such file or directory (ENOENT)");
  CHECK(error.hint == "create the directory first");
}

TEST_CASE("a directory is no file for a report, however it is written", "[report]") {
  const Folder folder;
  fs::create_directory(folder / "build");
  CHECK(failure_of(folder / "build").number == EISDIR);
  CHECK(failure_of(folder / "build/").number == EISDIR);
  CHECK(failure_of(folder / "build/.").number == EISDIR);
  CHECK(failure_of("").number == EISDIR);
  CHECK(failure_of("/").hint == "name a file in that directory");
}

TEST_CASE("a file is no directory for a report", "[report]") {
  const Folder folder;
  put(folder / "file", "");
  CHECK(failure_of(folder / "file/out.json").number == ENOTDIR);
}

TEST_CASE("a lone dash is asked about", "[report]") {
  CHECK(failure_of("-").hint == "say /dev/stdout for standard output, ./- for a file of that name");
}

TEST_CASE("a character device is written to and stays one", "[report]") {
  CHECK(write_report(kReport, "/dev/null"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a full device is told with its remedy", "[report]") {
  const Error error = failure_of("/dev/full");
  CHECK(error.message == "cannot write the report to '/dev/full': no space left on device (ENOSPC)");
  CHECK(error.hint == "free some space there, or name a file elsewhere");
}

TEST_CASE("a fifo with a reader is written to", "[report]") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const sys::Fd reader(::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(write_report(kReport, folder / "fifo"));
  std::string text(kExpected.size() + 1, '\0');
  CHECK(::read(reader.get(), text.data(), text.size()) == static_cast<ssize_t>(kExpected.size()));
}

TEST_CASE("a fifo without a reader is an error and no wait", "[report]") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(failure_of(folder / "fifo").hint == "start the reader of the fifo before stepbox");
}

TEST_CASE("a descriptor is written to where it stands", "[report]") {
  const Folder folder;
  put(folder / "log", "before\n");
  const sys::Fd log(::open((folder / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  REQUIRE(write_report(kReport, "/dev/fd/" + std::to_string(log.get())));
  CHECK(content_of(folder / "log") == "before\n" + kExpected);
}

TEST_CASE("a full pipe that does not block is waited for", "[report]") {
  Report large = kReport;
  large.warnings.assign(3000, std::string(100, 'w'));
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const sys::Fd reader(ends[0]);
  sys::Fd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_report(large, "/proc/self/fd/" + std::to_string(writer.get())) ? 0 : 1);
  writer.close();
  REQUIRE(::fcntl(reader.get(), F_SETFL, 0) == 0);
  std::string text;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(size));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(text == report::to_json(large));
}

TEST_CASE("a reader that is gone is told", "[report]") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  const sys::Fd writer(ends[1]);
  CHECK(failure_of("/dev/fd/" + std::to_string(writer.get())).hint == "keep the reader running until stepbox has ended");
  ::signal(SIGPIPE, before);
}

TEST_CASE("a descriptor that is closed or only for reading is told", "[report]") {
  CHECK(failure_of("/dev/fd/987654").hint == "open that descriptor for writing before stepbox is started");
  const sys::Fd reading(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(failure_of("/dev/fd/" + std::to_string(reading.get())).number == EBADF);
}

TEST_CASE("a file that may not grow leaves nothing behind and keeps the old one", "[report]") {
  const Folder folder;
  put(folder / "out.json", "old");
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const Result<> written = write_report(kReport, folder / "out.json");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(written);
  CHECK(written.error().number == EFBIG);
  CHECK(written.error().hint == "raise the limit on the size of files (ulimit -f)");
  CHECK(content_of(folder / "out.json") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a name that cannot be looked at is told before the step runs", "[report]") {
  const Folder folder;
  const Result<report::Destination> destination = report::Destination::open(folder / std::string(300, 'n'));
  REQUIRE_FALSE(destination);
  CHECK(destination.error().number == ENAMETOOLONG);
}

TEST_CASE("a directory that cannot be written is told before the step runs", "[report]") {
  if (::geteuid() == 0) {
    WARN("skipped as root: permissions do not bind root; run as another user");
    return;
  }
  const Folder folder;
  fs::permissions(folder / "", fs::perms::owner_read | fs::perms::owner_exec);
  const Result<report::Destination> destination = report::Destination::open(folder / "out.json");
  fs::permissions(folder / "", fs::perms::owner_all);
  REQUIRE_FALSE(destination);
  CHECK(destination.error().number == EACCES);
  CHECK(destination.error().hint == "name a file in a directory that you can write to");
}

TEST_CASE("what is announced is replaced by the report", "[report]") {
  const Folder folder;
  put(folder / "out.json", "old");
  Result<report::Destination> destination = report::Destination::open(folder / "out.json");
  REQUIRE(destination);
  REQUIRE(destination->is_file());
  REQUIRE(destination->announce("running"));
  CHECK(content_of(folder / "out.json") == "running");
  REQUIRE(destination->write(kExpected));
  CHECK(content_of(folder / "out.json") == kExpected);
  CHECK(folder.entries() == 1);
  // That is true, and stays.
  destination->withdraw();
  CHECK(content_of(folder / "out.json") == kExpected);
}

TEST_CASE("what was announced can be taken back, unless another file has its name", "[report]") {
  const Folder folder;
  Result<report::Destination> destination = report::Destination::open(folder / "out.json");
  REQUIRE(destination);
  REQUIRE(destination->announce("running"));
  SECTION("it has it") {
    destination->withdraw();
    CHECK(folder.entries() == 0);
  }
  SECTION("another has it") {
    put(folder / "other", "other");
    fs::rename(folder / "other", folder / "out.json");
    destination->withdraw();
    CHECK(content_of(folder / "out.json") == "other");
  }
  SECTION("none has it") {
    fs::remove(folder / "out.json");
    destination->withdraw();
    CHECK(folder.entries() == 0);
  }
}

TEST_CASE("what is written to as it stands is no file that can be announced in", "[report]") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const std::string& path : {std::string("/dev/null"), std::string("/dev/stdout"), std::string("/dev/fd/2"), folder / "fifo"}) {
    CAPTURE(path);
    const Result<report::Destination> destination = report::Destination::open(path);
    REQUIRE(destination);
    CHECK_FALSE(destination->is_file());
  }
}
