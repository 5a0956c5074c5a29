// --root system: the step sees the part of the host that programs need, and reads none of its secrets.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

using in_child::mount_empty;
using in_child::must;
using in_child::private_mounts;

// The step's user: root with shifted ids, root where they cannot be shifted, an ordinary user.
enum class Posture { shifted, degraded, user };

Caller caller_of(Posture posture) { return posture == Posture::user ? Caller::user : Caller::root; }

std::vector<Posture> postures() {
  return suite_is_root() ? std::vector{Posture::shifted, Posture::degraded, Posture::user} : std::vector{Posture::user};
}

// In the child, before stepbox. A checkout that cannot be id-mapped makes root's box the degraded one.
void take_posture(const Place& place, Posture posture) {
  if (posture == Posture::degraded) in_child::mount_ramfs(place.checkout());
}

void make_file_in_child(const char* path, const char* text, mode_t mode, uid_t owner) {
  FILE* file = std::fopen(path, "w");
  must(file != nullptr && std::fputs(text, file) >= 0 && std::fclose(file) == 0, path);
  must(::chown(path, owner, owner) == 0 && ::chmod(path, mode) == 0, path);
}

std::string state_of(const Json& report, std::string_view name) {
  for (const Json& protection : report.at("protections"))
    if (protection.at("name") == name) return protection.at("state");
  return "not told";
}

}  // namespace

TEST_CASE("a step reads the files of /etc that everybody may read, whatever its user", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Posture posture = GENERATE(from_range(postures()));
  CAPTURE(static_cast<int>(posture));
  const Place place(caller_of(posture));
  // Beside the host's own secrets: one of the caller's, and a directory of root's with a readable file in it.
  const auto prepare = [&] {
    private_mounts();
    take_posture(place, posture);
    mount_empty("/etc/skel");
    make_file_in_child("/etc/skel/own", "own-canary\n", 0600, uid_of(place.caller()));
    make_file_in_child("/etc/skel/public", "public-canary\n", 0644, 0);
    must(::mkdir("/etc/skel/closed", 0700) == 0 && ::chown("/etc/skel/closed", uid_of(place.caller()), 0) == 0, "closed");
    make_file_in_child("/etc/skel/closed/inner", "inner-canary\n", 0644, 0);
  };
  const std::vector<std::string> look = {
      "sh", "-c", "cat /etc/skel/*; cat /etc/skel/closed/inner; for f in $(find /etc -type f ! -perm -o+r); do test -s $f && cat $f | grep -q . && echo \"reads $f\"; done; cat /etc/passwd | grep -c ."};
  Command outside = place.command(look);
  outside.prepare = prepare;
  const Run control = run(outside);
  Command step = place.step({"--root", "system"}, look);
  step.prepare = prepare;
  const Run ran = run(step);
  INFO(ran);
  for (const char* canary : {"own-canary", "inner-canary", "public-canary"}) CHECK(control.out.find(canary) != std::string::npos);
  CHECK(control.out.find("reads /etc/skel/own") != std::string::npos);
  if (posture != Posture::user) CHECK(control.out.find("reads /etc/shadow") != std::string::npos);
  CHECK(ran.code() == 0);
  // The last line comes from /etc/passwd.
  CHECK(lines_of(ran.out).size() == 2);
  CHECK(ran.out.starts_with("public-canary\n"));
  CHECK(state_of(place.report(), "host-files") == (posture == Posture::degraded ? "degraded" : "active"));
}

TEST_CASE("under the policy strict a step reads no secret of /etc and nothing of /srv", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({"--policy", "strict"}, {"sh", "-c", "cat /etc/shadow /srv/data; echo alive"});
  step.prepare = [] {
    private_mounts();
    mount_empty("/srv");
    make_file_in_child("/srv/data", "canary\n", 0644, 0);
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "alive\n");
}

TEST_CASE("under strict root's step reads no closed file beside the programs of PATH, but its own toolchains", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const fs::path app = place.make_directory(place.root() / "app");
  const fs::path programs = place.make_directory(app / "bin");
  for (const char* name : {"lib", "conf"}) place.make_directory(app / name);
  place.make_file(programs / "tool", "#!/bin/sh\necho works\n", 0755);
  place.make_file(app / "conf/token", "canary\n", 0600);
  place.make_directory(place.home() / ".cargo", 0700);
  const fs::path own = place.make_directory(place.home() / ".cargo/bin", 0700);
  place.make_file(own / "mine", "#!/bin/sh\necho mine\n", 0700);
  Command step = place.step({"--policy", "strict"}, {"sh", "-c", "tool; mine; cat " + (app / "conf/token").string()});
  step.environment[0] += ":" + programs.string() + ":" + own.string();
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "works\nmine\n");
}

TEST_CASE("a step with a reduced root sees the system and its checkout, and nothing else of the host",
          "[system-root]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "input", "source\n");
  const Run looked = place.run_step(
      {"--root", "system"}, {"sh", "-c", "cat input; ls /; ls -A /var/* /home/* /srv/* /mnt/* /media/* /opt/* /boot/* 2>/dev/null"});
  INFO(looked);
  const std::vector<std::string> lines = lines_of(looked.out);
  REQUIRE(!lines.empty());
  CHECK(lines.front() == "source");
  for (const char* gone : {"boot", "srv", "mnt", "media", "opt", "lost+found"})
    CHECK(std::find(lines.begin(), lines.end(), gone) == lines.end());
  for (const char* there : {"usr", "etc", "tmp", "proc", "dev", "box", "bin"})
    CHECK(std::find(lines.begin(), lines.end(), there) != lines.end());
}

TEST_CASE("a step with a reduced root has its home at the same path, and its temporary directories", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({"--root", "system"}, {"sh", "-ec",
                                                   "for d in \"$HOME\" /mnt/homes/tester /tmp /var/tmp /dev/shm; do echo x > $d/file; done; "
                                                   "ls /mnt/homes /mnt/homes/tester; echo made > made"});
  step.environment[1] = "HOME=/mnt/homes/tester";
  step.prepare = [&] {
    private_mounts();
    mount_empty("/mnt");
    must(::mkdir("/mnt/homes", 0755) == 0 && ::mkdir("/mnt/homes/other", 0755) == 0, "homes");
    in_child::make_owned_directory("/mnt/homes/tester", 0700, uid_of(caller));
    make_file_in_child("/mnt/homes/tester/secret", "canary\n", 0600, uid_of(caller));
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "/mnt/homes:\ntester\n\n/mnt/homes/tester:\nfile\n");
  CHECK(read_file(place.checkout() / "made") == "made\n");
}

TEST_CASE("a toolchain in /opt that PATH names by a link works with a reduced root", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({"--root", "system"}, {"sh", "-c", "greet; echo $?; ls /opt"});
  step.environment[0] += ":/opt/greeter/bin";
  step.prepare = [] {
    private_mounts();
    mount_empty("/opt");
    for (const char* path : {"/opt/greeter-1.2", "/opt/greeter-1.2/bin", "/opt/greeter-1.2/lib", "/opt/neighbour"})
      must(::mkdir(path, 0755) == 0, path);
    must(::symlink("greeter-1.2", "/opt/greeter") == 0, "link");
    make_file_in_child("/opt/greeter-1.2/lib/text", "hello\n", 0644, 0);
    make_file_in_child("/opt/greeter-1.2/bin/greet", "#!/bin/sh\nexec cat \"$(dirname \"$0\")/../lib/text\"\n", 0755, 0);
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "hello\n0\ngreeter\ngreeter-1.2\n");
}

TEST_CASE("--ro shows a path of the host that a reduced root lacks", "[system-root]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto with_tools = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--root", "system"});
    Command step = place.step(std::move(options), {"/opt/tools/mytool"});
    step.prepare = [] {
      private_mounts();
      mount_empty("/opt");
      must(::mkdir("/opt/tools", 0755) == 0, "tools");
      make_file_in_child("/opt/tools/mytool", "#!/bin/sh\necho works\n", 0755, 0);
    };
    return run(step);
  };
  const Run hidden = with_tools({});
  INFO(hidden);
  CHECK(hidden.code() == 127);
  CHECK(hidden.err.find("--ro /opt/tools") != std::string::npos);
  CHECK(with_tools({"--ro", "/opt/tools"}).out == "works\n");
}

TEST_CASE("files that a CI announces can be read with a reduced root, and written where --rw names them",
          "[system-root]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path temp = place.make_directory(place.root() / "runner-temp");
  const fs::path output = place.make_file(temp / "output", "before\n");
  const auto append = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--root", "system"});
    Command step = place.step(std::move(options), {"sh", "-c", "cat $GITHUB_OUTPUT; echo key=value >> $GITHUB_OUTPUT"});
    step.environment.push_back("GITHUB_ACTIONS=true");
    step.environment.push_back("GITHUB_OUTPUT=" + output.string());
    return run(step);
  };
  const Run read = append({});
  INFO(read);
  CHECK(read.out == "before\n");
  CHECK(read.code() != 0);
  CHECK(read_file(output) == "before\n");
  CHECK(append({"--rw", output.string()}).code() == 0);
  CHECK(read_file(output) == "before\nkey=value\n");
}

TEST_CASE("a project may reduce the root but never widen it again", "[system-root]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto with_project = [&](const char* root, std::vector<std::string> options) {
    place.make_file(place.checkout() / ".stepbox.yaml", std::string("version: 1\nroot: ") + root + "\n");
    return place.run_step(std::move(options), {"sh", "-c", "ls -d /srv /usr 2> /dev/null"});
  };
  CHECK(with_project("system", {}).out == "/usr\n");
  place.make_directory(place.home() / ".config");
  place.make_directory(place.home() / ".config/stepbox");
  place.make_file(place.home() / ".config/stepbox/policy.yaml", "version: 1\nroot: system\n");
  const Run widened = with_project("ro", {});
  INFO(widened);
  CHECK(what_is_wrong_with_refusal(widened).empty());
  CHECK(widened.err.find("ro is wider than the system of") != std::string::npos);
}

TEST_CASE("a reduced root needs a box", "[system-root]") {
  const Place place(Caller::user);
  const Run refused = place.run_step({"--isolation", "env", "--root", "system"}, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("root system") != std::string::npos);
}

}  // namespace stepbox::feature
