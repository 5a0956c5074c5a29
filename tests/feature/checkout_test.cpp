// Which directory becomes the writable checkout: a project's. Mere presence never makes it one of the system or a
// home.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;
using in_child::private_mounts;

std::vector<std::string> writing() { return {"sh", "-c", "echo x > stepbox-test-made && echo made"}; }

// An empty directory below a place of the system. The program has its own mount namespace, so the host stays as it is
// and the directory is gone with the case.
std::function<void()> with_tmpfs_on(const std::string& place, const std::string& below, uid_t owner) {
  return [=] {
    private_mounts();
    in_child::mount_empty(place);
    in_child::make_owned_directory(below, 0755, owner);
  };
}

void put_marked(const Place& place, const fs::path& directory) { place.make_directory(directory / ".git"); }

}  // namespace

TEST_CASE("starting in a directory of the system does not make it writable", "[checkout]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string directory = GENERATE("/", "/etc", "/usr/share", "/opt", "/srv", "/var", "/var/lib", "/var/tmp", "/tmp", "/home");
  CAPTURE(caller, directory);
  const Place place(caller);
  for (const char* mode : {"default", "rw"}) {
    CAPTURE(mode);
    const bool is_default = mode == std::string("default");
    Command step = place.step(is_default ? std::vector<std::string>{} : std::vector<std::string>{"--source", mode}, writing());
    step.cwd = directory;
    const Run refused = run(step);
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused) == "");
    const std::string why = directory == "/usr/share" ? "it lies in /usr" : "it is a directory of the system";
    CHECK(refused.err.find("cannot use '" + directory + "' as the checkout: " + why) != std::string::npos);
    const bool was_made = fs::remove(fs::path(directory) / "stepbox-test-made");
    CHECK_FALSE(was_made);
  }
  Command without = place.step({"--source", "none"}, {"sh", "-c", "ls /etc/passwd"});
  without.cwd = directory;
  const Run ran = run(without);
  INFO(ran);
  CHECK(ran.out == "/etc/passwd\n");
}

TEST_CASE("explain and shell refuse the same directories, doctor does not", "[checkout]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  for (const char* command : {"explain", "shell"}) {
    Command refused = place.command({program("stepbox"), command});
    refused.cwd = "/etc";
    CHECK(run(refused).code() == 125);
  }
  Command doctor = place.command({program("stepbox"), "doctor"});
  Command elsewhere = doctor;
  elsewhere.cwd = "/etc";
  CHECK(run(elsewhere).code() == run(doctor).code());
}

TEST_CASE("the remedy in the hint works, and a mark makes it unnecessary", "[checkout]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const std::string directory = "/var/lib/job";
  Command step = place.step({}, writing());
  step.cwd = directory;
  step.prepare = with_tmpfs_on("/var/lib", directory, 0);
  SECTION("neither named nor marked") {
    const Run refused = run(step);
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused) == "");
    CHECK(refused.err.find("hint: change to the project's directory, or name this one: --source-path .") != std::string::npos);
  }
  SECTION("named") {
    Command named = place.step({"--source-path", "."}, writing());
    named.cwd = step.cwd;
    named.prepare = step.prepare;
    const Run ran = run(named);
    INFO(ran);
    CHECK(ran.out == "made\n");
  }
  SECTION("marked") {
    step.prepare = [before = step.prepare, directory] {
      before();
      must(::mkdir((directory + "/.hg").c_str(), 0755) == 0, ".hg");
    };
    const Run ran = run(step);
    INFO(ran);
    CHECK(ran.out == "made\n");
  }
  SECTION("marked by another user, in a directory that everybody may write to") {
    step.prepare = [before = step.prepare, directory] {
      before();
      const std::string mark = directory + "/.git";
      in_child::make_owned_directory(mark, 0755, 4711);
    };
    CHECK(run(step).code() == 125);
  }
}

TEST_CASE("a project needs no mark where projects are kept", "[checkout]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string top = GENERATE("/srv", "/opt", "/mnt");
  CAPTURE(caller, top);
  const Place place(caller);
  Command step = place.step({}, writing());
  step.cwd = top + "/app";
  step.prepare = with_tmpfs_on(top, top + "/app", uid_of(caller));
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "made\n");
}

TEST_CASE("starting in a home does not make it a checkout; naming or marking it does, and its files survive",
          "[checkout]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.home() / "input", "source\n");
  const std::vector<std::string> build = {"sh", "-c", "cat input && echo built > result"};
  const auto in_home = [&](std::vector<std::string> options) {
    Command step = place.step(std::move(options), build);
    step.cwd = place.home();
    return run(step);
  };
  const Run refused = in_home({});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused) == "");
  CHECK(refused.err.find("it is a home directory") != std::string::npos);
  CHECK(in_home({"--source", "ro"}).code() == 125);
  SECTION("named") {
    const Run ran = in_home({"--source-path", "."});
    INFO(ran);
    CHECK(ran.out == "source\n");
  }
  SECTION("marked") {
    put_marked(place, place.home());
    const Run ran = in_home({});
    INFO(ran);
    CHECK(ran.out == "source\n");
  }
  SECTION("named, read-only") {
    CHECK(in_home({"--source-path", ".", "--source", "ro"}).out == "source\n");
    CHECK_FALSE(fs::exists(place.home() / "result"));
    return;
  }
  CHECK(read_file(place.home() / "result") == "built\n");
}

// podman run --user 1000 -w /w: /w becomes the home of a user that the image does not know.
TEST_CASE("a checkout that is the home in the user database is visible, and what the step builds there stays",
          "[checkout]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "input", "source\n");
  const bool is_marked = GENERATE(true, false);
  CAPTURE(is_marked);
  if (is_marked) put_marked(place, place.checkout());
  Command step = place.step(is_marked ? std::vector<std::string>{} : std::vector<std::string>{"--source-path", "."},
                            {"sh", "-c", "cat input && echo built > result && pwd"});
  step.environment[1] = "HOME=/";
  step.prepare = with_passwd_home(place, place.checkout());
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "source\n" + place.checkout().string() + "\n");
  CHECK(read_file(place.checkout() / "result") == "built\n");
}

TEST_CASE("a checkout that contains HOME is visible, and HOME in it is fresh", "[checkout]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path home = place.make_directory(place.checkout() / ".home");
  place.make_file(home / "old", "cache\n");
  put_marked(place, place.checkout());
  Command step = place.step({}, {"sh", "-c", "ls -A " + home.string() + "; echo x > " + (home / "cache").string() + " && echo built > result"});
  step.environment[1] = "HOME=" + home.string();
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.empty());
  CHECK(read_file(place.checkout() / "result") == "built\n");
  CHECK_FALSE(fs::exists(home / "cache"));
}

}  // namespace stepbox::feature
