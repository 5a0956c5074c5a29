// A path on a server that does not answer delays neither the caller's signals nor the step's timeout.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

// A FUSE file system whose server never answers: every access waits.
class HungFileSystem {
 public:
  explicit HungFileSystem(fs::path where) : where_(std::move(where)), server_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    REQUIRE(server_ >= 0);
    const std::string options = "fd=" + std::to_string(server_) + ",rootmode=40755,user_id=0,group_id=0,allow_other";
    REQUIRE(::mount("none", where_.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) == 0);
  }
  HungFileSystem(const HungFileSystem&) = delete;
  HungFileSystem& operator=(const HungFileSystem&) = delete;
  // Closing the server's end fails every waiting access with an error.
  ~HungFileSystem() {
    ::close(server_);
    ::umount2(where_.c_str(), MNT_DETACH);
  }
  fs::path path() const { return where_ / "tool"; }

 private:
  fs::path where_;
  int server_;
};

bool waits_for_server(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/wchan").find("fuse") != std::string::npos;
}

}  // namespace

TEST_CASE("a timeout ends stepbox while a path of the host hangs", "[hung-path]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(fuse);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const HungFileSystem remote(place.make_directory(place.checkout() / "remote"));
  Command step = place.step({"--timeout", "1s", "--ro", remote.path().string()}, {"true"});
  step.timeout = seconds(30);
  const Run ran = run(step);
  INFO(ran);
  CHECK_FALSE(ran.timed_out);
  CHECK(ran.code() == 125);
  CHECK(ran.err.find("the run could not be planned within 2s: a path of the host does not answer\nhint: ") != std::string::npos);
  CHECK(verdict_of(place.report()) == "launcher-error");
}

TEST_CASE("a signal ends stepbox while a path of the host hangs", "[hung-path]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(fuse);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const HungFileSystem remote(place.make_directory(place.checkout() / "remote"));
  Process step(place.step({"--ro", remote.path().string()}, {"true"}));
  REQUIRE(eventually([&] { return waits_for_server(step.pid()); }));
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 128 + SIGTERM);
  CHECK(verdict_of(place.report()) == "running");
}

TEST_CASE("a TMPDIR that hangs is looked at while a timeout and signals still count", "[hung-path]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(fuse);
  const Caller caller = GENERATE(from_range(callers()));
  const bool by_signal = GENERATE(true, false);
  CAPTURE(caller, by_signal);
  const Place place(caller);
  const HungFileSystem remote(place.make_directory(place.checkout() / "remote"));
  std::vector<std::string> options = {"--isolation", "env"};
  if (!by_signal) options.insert(options.end(), {"--timeout", "1s"});
  Command step = place.step(options, {"true"});
  step.environment.push_back("TMPDIR=" + remote.path().string());
  step.timeout = seconds(30);
  Process process(step);
  if (by_signal) {
    REQUIRE(eventually([&] { return waits_for_server(process.pid()); }));
    process.signal(SIGTERM);
  }
  const Run ended = process.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == (by_signal ? 128 + SIGTERM : 125));
}

}  // namespace stepbox::feature
