// The step sees and may do what the user named: --source, --ro, --rw, --hide, --home, toolchains, CI files.
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {

TEST_CASE("a read-only checkout can be read but not written", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "input", "source\n");
  const Run built = place.run_step(
      {"--source", "ro"}, {"sh", "-c", "cat input; echo x > made; echo x > input; rm input; chmod 777 .; echo $?"});
  INFO(built);
  CHECK(built.out == "source\n1\n");
  CHECK(read_file(place.checkout() / "input") == "source\n");
  CHECK_FALSE(fs::exists(place.checkout() / "made"));
}

TEST_CASE("root's step writes to a checkout elsewhere that belongs to a directory user", "[shown-paths]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const fs::path elsewhere = place.make_directory(place.root() / "elsewhere");
  REQUIRE(::chown(elsewhere.c_str(), 70'000, 70'000) == 0);
  const Run built = place.run_step({"--source-path", elsewhere.string()}, {"sh", "-c", "touch made; stat -c %u ."});
  INFO(built);
  CHECK(built.code() == 0);
  CHECK(built.out == "70000\n");
  CHECK(fs::exists(elsewhere / "made"));
}

TEST_CASE("without a checkout the step sees none of it, and starts in its home", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "input", "source\n");
  const Run built =
      place.run_step({"--source", "none"}, {"sh", "-c", "pwd; cat '" + (place.checkout() / "input").string() + "'"});
  INFO(built);
  CHECK(built.out == "/box/home\n");
  CHECK(built.code() != 0);
}

TEST_CASE("--ro shows a hidden path, --rw lets writes through, --hide hides a visible path", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path shown = place.make_directory(place.root() / "shown");
  place.make_file(shown / "file", "shown\n");
  const fs::path hidden = place.make_directory(place.checkout() / "hidden");
  place.make_file(hidden / "file", "hidden\n");
  const std::string file = (shown / "file").string();
  SECTION("neither") {
    CHECK(place.run_step({}, {"cat", file}).code() != 0);
  }
  SECTION("--ro") {
    const Run ran = place.run_step({"--ro", shown}, {"sh", "-c", "cat '" + file + "'; echo x >> '" + file + "'"});
    INFO(ran);
    CHECK(ran.out == "shown\n");
    CHECK(ran.code() != 0);
    CHECK(read_file(file) == "shown\n");
  }
  SECTION("--rw, and new files belong to the caller") {
    const Run ran = place.run_step(
        {"--rw", shown}, {"sh", "-c", "echo more >> '" + file + "' && echo new > '" + (shown / "new").string() + "'"});
    INFO(ran);
    CHECK(ran.code() == 0);
    CHECK(read_file(file) == "shown\nmore\n");
    struct stat status {};
    REQUIRE(::stat((shown / "new").c_str(), &status) == 0);
    CHECK(status.st_uid == uid_of(caller));
    CHECK(status.st_gid == gid_of(caller));
  }
  SECTION("one file alone") {
    const Run ran =
        place.run_step({"--rw", file}, {"sh", "-c", "echo more >> '" + file + "'; ls '" + shown.string() + "'"});
    INFO(ran);
    CHECK(ran.out == "file\n");
    CHECK(read_file(file) == "shown\nmore\n");
  }
  SECTION("--hide") {
    const Run ran = place.run_step({"--hide", hidden}, {"sh", "-c", "ls -A hidden; echo x > hidden/new"});
    INFO(ran);
    CHECK(ran.out.empty());
    CHECK(ran.code() != 0);
    CHECK_FALSE(fs::exists(hidden / "new"));
  }
  SECTION("--hide of one file") {
    const Run ran = place.run_step({"--hide", hidden / "file"}, {"cat", "hidden/file"});
    INFO(ran);
    CHECK(ran.out.empty());
  }
}

TEST_CASE("--hide holds wherever else the same tree is shown", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path data = place.make_directory(place.root() / "data");
  const fs::path hidden = place.make_directory(data / "sub");
  place.make_file(hidden / "key", "canary\n");
  place.make_file(data / "tool", "#!/bin/sh\necho works\n", 0755);
  fs::create_symlink(data, place.home() / "sdk");
  const std::string sdk = place.home() / "sdk";
  const std::vector<std::string> look = {"sh", "-c", "cat " + sdk + "/sub/key; " + sdk + "/tool"};
  const std::string policy = GENERATE("default", "strict");
  CAPTURE(policy);
  SECTION("a rule") {
    const Run ran = place.run_step({"--policy", policy, "--ro", sdk, "--hide", hidden}, look);
    INFO(ran);
    CHECK(ran.out == "works\n");
  }
  SECTION("PATH") {
    Command step = place.step({"--policy", policy, "--hide", hidden}, look);
    step.environment[0] += ":" + sdk;
    const Run ran = run(step);
    INFO(ran);
    CHECK(ran.out == "works\n");
  }
}

TEST_CASE("--home host shows the real home, and what the step writes there stays", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.home() / "config", "mine\n");
  const Run ran = place.run_step({"--home", "host"}, {"sh", "-c", "cat $HOME/config && echo kept > $HOME/kept"});
  INFO(ran);
  CHECK(ran.out == "mine\n");
  CHECK(read_file(place.home() / "kept") == "kept\n");
}

TEST_CASE("a checkout in a home that only its owner may enter works", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.home(), 0700);
  const fs::path project = place.make_directory(place.home() / "project", 0700);
  place.make_directory(place.home() / "private", 0700);
  place.make_file(place.home() / "private/key", "key\n", 0600);
  place.make_file(project / "input", "source\n", 0600);
  Command step = place.step({}, {"sh", "-c", "pwd; cat input; echo made > result; cat ../private/key"});
  step.cwd = project;
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == project.string() + "\nsource\n");
  CHECK(ran.code() != 0);
  CHECK(read_file(project / "result") == "made\n");
}

TEST_CASE("programs of a toolchain in the home are found, read-only", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.home() / ".cargo");
  const fs::path bin = place.make_directory(place.home() / ".cargo/bin");
  place.make_file(bin / "mytool", "#!/bin/sh\necho tool $1\n", 0755);
  Command step = place.step({}, {"sh", "-c", "mytool works; echo x > " + (bin / "mytool").string()});
  step.environment[0] += ":" + bin.string();
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "tool works\n");
  CHECK(ran.code() != 0);
  CHECK(read_file(bin / "mytool").starts_with("#!"));
}

TEST_CASE("the files of a CI engine are let through by the value of their variables", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path temp = place.make_directory(place.root() / "runner-temp");
  const fs::path output = place.make_file(temp / "output", "");
  Command step = place.step({}, {"sh", "-c", "echo key=value >> $GITHUB_OUTPUT"});
  step.environment.push_back("GITHUB_ACTIONS=true");
  step.environment.push_back("GITHUB_OUTPUT=" + output.string());
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(output) == "key=value\n");
}

TEST_CASE("a link in the checkout to a hidden command works with the command shown", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string tool = place.make_file(place.root() / "mytool", "#!/bin/sh\necho works\n", 0755);
  fs::create_symlink(tool, place.checkout() / "link");
  const Run hidden = place.run_step({}, {"./link"});
  INFO(hidden);
  CHECK(hidden.code() == 127);
  // Whether the link's target exists on the host is not for the checkout's author to know.
  CHECK(lines_of(hidden.err).back() == "hint: a link on the way to './link' leads to a path that is not in the box");
  const Run shown = place.run_step({"--ro", tool}, {"./link"});
  INFO(shown);
  CHECK(shown.out == "works\n");
}

TEST_CASE("a step in a subdirectory of a work tree sees the files above it", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.checkout() / ".git");
  place.make_file(place.checkout() / "go.mod", "module\n");
  place.make_directory(place.checkout() / "cmd");
  Command step = place.step({}, {"sh", "-c", "pwd; cat ../go.mod; echo x > ../made"});
  step.cwd = place.checkout() / "cmd";
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == (place.checkout() / "cmd").string() + "\nmodule\n");
  CHECK(fs::exists(place.checkout() / "made"));
}

TEST_CASE("a root step can change owners and modes of its own files, as installers do", "[shown-paths]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const Run ran = place.run_step(
      {}, {"sh", "-c",
           "echo x > f && chown 33:42 f && chmod 4755 f && stat -c '%u:%g %a' f && chown 33 /tmp && stat -c %u /tmp"});
  INFO(ran);
  CHECK(ran.out == "33:42 4755\n33\n");
  struct stat status {};
  REQUIRE(::stat((place.checkout() / "f").c_str(), &status) == 0);
  CHECK(status.st_uid == 33);
  CHECK(status.st_gid == 42);
}

TEST_CASE("files keep their owners when root boxes an ordinary user's checkout", "[shown-paths]") {
  REQUIRE_HOST(root_suite);
  const Place owner(Caller::user);
  owner.make_file(owner.checkout() / "theirs", "source\n", 0600);
  Command step = owner.step(
      {}, {"sh", "-c", "cat theirs && echo more >> theirs && stat -c %u theirs && echo new > new && stat -c %u new"});
  step.caller = Caller::root;
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.out == "source\n" + std::to_string(uid_of(Caller::user)) + "\n0\n");
  struct stat status {};
  REQUIRE(::stat((owner.checkout() / "new").c_str(), &status) == 0);
  CHECK(status.st_uid == 0);
}

TEST_CASE("paths inside are short and the same for every caller", "[shown-paths]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run one = place.run_step({}, {"sh", "-c", "echo $HOME $TMPDIR $XDG_CACHE_HOME $XDG_RUNTIME_DIR; ls /box"});
  const Run two = place.run_step({}, {"sh", "-c", "echo $HOME $TMPDIR $XDG_CACHE_HOME $XDG_RUNTIME_DIR; ls /box"});
  INFO(one);
  CHECK(one.out == two.out);
  CHECK(one.out.starts_with("/box/home "));
  CHECK(lines_of(one.out).at(0).size() < 107);
}

}  // namespace stepbox::feature
