// What a hostile step, a neighbour on the host or the code under test once achieved. Each case keeps one from coming
// back.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

using in_child::mount_ramfs;
using in_child::must;
using in_child::private_mounts;

}  // namespace

TEST_CASE("orphans that keep forking do not keep a box alive", "[hostile]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"outlive", "3"});
  step.timeout = seconds(20);
  const Run ended = run(step);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 0);
}

TEST_CASE("a host /proc that is mounted below the checkout does not appear in the box", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  const bool degraded = GENERATE(false, true);
  if (degraded && caller != Caller::root) return;
  CAPTURE(caller, degraded);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "ls chroot/proc | wc -l; : 2> /dev/null >> chroot/proc/sys/kernel/core_pattern && echo open"});
  const std::string checkout = place.checkout();
  step.prepare = [&] {
    private_mounts();
    if (degraded) mount_ramfs(checkout);
    const std::string proc = checkout + "/chroot/proc";
    must(::mkdir((checkout + "/chroot").c_str(), 0755) == 0 && ::mkdir(proc.c_str(), 0755) == 0, "mkdir");
    must(::mount("proc", proc.c_str(), "proc", 0, nullptr) == 0, "mount proc");
  };
  const Run looked = run(step);
  INFO(looked);
  CHECK(looked.out == "0\n");
}

TEST_CASE("real root's box refuses nested namespaces, which would lead to the host's cgroups", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  Command step = place.step({}, {"sh", "-c", "unshare -U true || echo refused; unshare -C true || echo refused"});
  step.prepare = [&] {
    private_mounts();
    mount_ramfs(place.checkout());
  };
  const Run tried = run(step);
  INFO(tried);
  CHECK(tried.err.find("user ids are not isolated") != std::string::npos);
  CHECK(tried.out == "refused\nrefused\n");
}

TEST_CASE("the workspace bounds System V memory in each kind of root's box", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const bool degraded = GENERATE(false, true);
  CAPTURE(degraded);
  const Place place(Caller::root);
  Command step = place.step({"--size", "64MiB"}, {"sh", "-c", "ipcmk -M 1048576 && ! ipcmk -M 104857600"});
  step.prepare = [&] {
    private_mounts();
    if (degraded) mount_ramfs(place.checkout());
  };
  const Run tried = run(step);
  INFO(tried);
  CHECK(tried.code() == 0);
  CHECK((tried.err.find("user ids are not isolated") != std::string::npos) == degraded);
}

TEST_CASE("real root's step leaves no file capabilities that are valid on the host", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  for (const char* name : {"lower", "upper", "work"}) place.make_directory(place.root() / name);
  const std::string folder = place.root(), checkout = place.checkout();
  Command step = place.step({"--xattr", "allow"}, {"try_escapes", "empower", "tool"});
  step.prepare = [&] {
    private_mounts();
    // An overlay stores file capabilities and cannot be id-mapped.
    const std::string layers = "lowerdir=" + folder + "/lower,upperdir=" + folder + "/upper,workdir=" + folder + "/work";
    must(::mount("overlay", checkout.c_str(), "overlay", 0, layers.c_str()) == 0, "mount overlay");
  };
  const Run tried = run(step);
  INFO(tried);
  CHECK(tried.err.find("user ids are not isolated") != std::string::npos);
  CHECK(tried.out == "tool EPERM\n");
}

TEST_CASE("a user policy that lies in the checkout does not count as the user's", "[hostile]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path target = place.make_directory(place.root() / "target");
  place.make_directory(place.checkout() / "stepbox");
  place.make_file(place.checkout() / "stepbox/policy.yaml", "version: 1\nfilesystem: {rw: [" + target.string() + "]}\n");
  Command step = place.step({}, {"touch", (target / "written").string()});
  step.environment.push_back("XDG_CONFIG_HOME=" + place.checkout().string());
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() != 0);
  CHECK(ran.err.find("ignoring the policy directory") != std::string::npos);
  CHECK_FALSE(fs::exists(target / "written"));
}

TEST_CASE("another user's .git above the checkout does not widen the checkout", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const fs::path jobs = place.make_directory(place.root() / "jobs", 01777);
  place.make_directory(jobs / "mine");
  place.make_directory(jobs / "other");
  const fs::path mark = place.make_directory(jobs / ".git");
  Command step = place.step({}, {"touch", (jobs / "other/written").string()});
  step.cwd = jobs / "mine";
  // Control: root's own mark counts.
  CHECK(run(step).code() == 0);
  fs::remove(jobs / "other/written");
  REQUIRE(::chown(mark.c_str(), 60123, 60123) == 0);
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() != 0);
  CHECK_FALSE(fs::exists(jobs / "other/written"));
}

TEST_CASE("a fifo that the step puts in the report's place is replaced", "[hostile]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run([&] {
    Command step = place.command({program("stepbox"), "run", "--report", "report.json", "--", "sh", "-c", "mkfifo report.json; exit 3"});
    step.cwd = place.checkout();
    return step;
  }());
  INFO(ran);
  CHECK(ran.code() == 3);
  CHECK(fs::is_regular_file(place.checkout() / "report.json"));
}

TEST_CASE("a cleared environment holds no CI token", "[hostile]") {
  const Place place(Caller::user);
  for (const char* option : {"--clear-env", "--policy=strict"}) {
    Command step = place.step({option}, {"env"});
    for (const char* token : {"GITHUB_TOKEN", "CI_JOB_TOKEN", "BUILDKITE_AGENT_ACCESS_TOKEN", "SECRET"})
      step.environment.push_back(std::string(token) + "=canary");
    const Run ran = run(step);
    INFO(ran);
    CHECK(ran.code() == 0);
    CHECK(ran.out.find("canary") == std::string::npos);
  }
}

TEST_CASE("hiding /proc is refused, since stepbox looks for leftover processes there", "[hostile]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  for (const char* path : {"/proc", "/sys", "/dev"}) CHECK(what_is_wrong_with_refusal(place.run_step({"--hide", path}, {"true"})).empty());
}

}  // namespace stepbox::feature
