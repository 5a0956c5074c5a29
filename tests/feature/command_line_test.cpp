// The program and the script that the command line names are there, even where the box replaces their directory.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

constexpr const char* kScript = "#!/bin/sh\necho works\n";

// The box replaces the parent of each place; the suite's folder is in /tmp.
fs::path temporary(const Place& place) { return place.make_directory(place.root() / "temporary"); }

std::vector<std::string> run_by(const std::string& prefix, const std::string& last) {
  std::vector<std::string> words;
  for (const std::string& word : lines_of(prefix)) words.push_back(word);
  words.push_back(last);
  return words;
}

bool has_go() { return ::access("/usr/bin/go", X_OK) == 0; }
const HostFeature go_compiler = {"go", has_go, "apt-get install golang-go"};
// Cargo starts doctests through a runner.
const HostFeature rust_doctests = {"rustdoc --test-runtool",
                                   [] { return std::system("PATH=$PATH:/root/.cargo/bin rustdoc --help 2>/dev/null | grep -q test-runtool") == 0; },
                                   "install Rust 1.89 or newer"};

}  // namespace

TEST_CASE("a program in a directory that the box replaces is run from there", "[command-line]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const bool in_home = GENERATE(false, true);
  const fs::path folder = in_home ? place.home() : temporary(place);
  const std::string tool = place.make_file(folder / "tool", kScript, 0755);
  place.make_file(folder / "secret", "secret\n");
  CAPTURE(tool);
  for (const char* prefix : {"", "env\nA=b", "timeout\n60", "nice"}) {
    CAPTURE(prefix);
    const Run ran = place.run_step({}, run_by(prefix, tool));
    INFO(ran);
    CHECK(ran.out == "works\n");
    CHECK(ran.err.empty());
  }
  SECTION("the file alone, read-only, in a directory of the step's own") {
    const std::string text = "#!/bin/sh\nls -A " + folder.string() + "; echo x >> " + tool + "; touch " + folder.string() + "/made && echo made\n";
    place.make_file(folder / "look", text, 0755);
    const Run ran = place.run_step({}, {(folder / "look").string()});
    INFO(ran);
    CHECK(ran.out == "look\nmade\n");
    CHECK_FALSE(fs::exists(folder / "made"));
    CHECK(read_file(tool) == kScript);
  }
  SECTION("by its name, where PATH has the replaced directory itself") {
    if (!in_home) return;
    Command step = place.step({}, {"tool"});
    step.environment[0] += ":" + folder.string();
    const Run ran = run(step);
    INFO(ran);
    CHECK(ran.out == "works\n");
  }
  SECTION("by a path relative to its working directory") {
    const Run ran = place.run_step({}, {fs::relative(tool, place.checkout()).string()});
    INFO(ran);
    CHECK(ran.out == "works\n");
  }
}

TEST_CASE("an interpreter runs the script that an engine left in /tmp", "[command-line]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string prefix = GENERATE(as<std::string>{}, "sh", "sh\n-xe", "bash\n-e", "bash\n--noprofile\n--norc\n-eo\npipefail", "env\nA=b\nsh\n-e");
  CAPTURE(caller, prefix);
  if (prefix.starts_with("bash")) REQUIRE_HOST(bash_shell);
  const Place place(caller);
  const fs::path script = place.make_file(temporary(place) / "script.sh", "echo works", 0644);
  const Run ran = place.run_step({}, run_by(prefix, script));
  INFO(ran);
  CHECK(ran.out == "works\n");
}

TEST_CASE("naming a link on the command line does not show the link's target", "[command-line]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path folder = temporary(place);
  const fs::path secret = place.make_file(folder / "secret", "echo secret\n", 0600);
  const fs::path tool = place.make_file(folder / "tool", "#!/bin/sh\necho secret\n", 0700);
  SECTION("a script, whoever made the link") {
    fs::create_symlink(secret, folder / "link");
    CHECK(place.run_step({}, {"sh", folder / "link"}).out.empty());
  }
  SECTION("a script in the checkout") {
    fs::create_symlink(secret, place.checkout() / "link");
    CHECK(place.run_step({}, {"sh", "link"}).out.empty());
    CHECK(place.run_step({}, {"sh", place.checkout() / "link"}).out.empty());
  }
  SECTION("a program in the checkout") {
    fs::create_symlink(tool, place.checkout() / "link");
    CHECK(place.run_step({}, {"./link"}).out.empty());
  }
  SECTION("a directory in the checkout") {
    fs::create_directory_symlink(folder, place.checkout() / "directory");
    CHECK(place.run_step({}, {"sh", "directory/secret"}).out.empty());
  }
  SECTION("a program that is not executable") {
    CHECK(place.run_step({}, {secret.string()}).out.empty());
  }
  SECTION("a target that --hide names") {
    CHECK(place.run_step({"--hide", tool}, {tool.string()}).out.empty());
  }
}

TEST_CASE("directories, fifos and missing paths are not shown", "[command-line]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path folder = temporary(place);
  const fs::path fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0777) == 0);
  CHECK(place.run_step({}, {folder.string()}).code() == 127);
  CHECK(place.run_step({}, {fifo.string()}).code() == 127);
  CHECK(place.run_step({}, {(folder / "missing").string()}).code() == 127);
  CHECK(place.run_step({}, {"sh", folder.string()}).code() != 0);
}

TEST_CASE("a place that the step writes to is not replaced by the host's", "[command-line]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string option = GENERATE("--ro", "--rw");
  const std::string directory = GENERATE("/tmp", "/var/tmp", "/dev/shm", "/run");
  CAPTURE(caller, option, directory);
  const Place place(caller);
  const Run refused = place.run_step({option, directory}, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused) == "");
  CHECK(refused.err.find("cannot show '" + directory + "' (" + option + "): the box has its own there") != std::string::npos);
  CHECK(refused.err.find(option + " " + directory + "/NAME") != std::string::npos);
}

TEST_CASE("go test -exec runs its test programs in boxes", "[command-line][tools]") {
  REQUIRE_HOST(go_compiler);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "go.mod", "module example\n\ngo 1.19\n");
  place.make_directory(place.checkout() / "sub");
  for (const char* name : {"a_test.go", "sub/b_test.go"})
    place.make_file(place.checkout() / name,
                    "package p\nimport (\"os\"; \"testing\")\n"
                    "func TestBox(t *testing.T) { if os.Getenv(\"HOME\") != \"/box/home\" { t.Fatal(os.Getenv(\"HOME\")) } }\n");
  Command test = place.command({"go", "test", "-exec", program("stepbox").string() + " run --", "./..."});
  test.environment.push_back("GOFLAGS=-mod=mod");
  test.timeout = seconds(300);
  const Run ran = run(test);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.find("ok  \texample") != std::string::npos);
  CHECK(ran.out.find("ok  \texample/sub") != std::string::npos);
}

TEST_CASE("cargo runs unit tests and doctests in boxes through a runner", "[command-line][tools]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(rust_doctests);
  const Place place(Caller::root);
  const std::string in_box = "assert_eq!(std::env::var(\"HOME\").unwrap(), \"/box/home\");";
  place.make_file(place.checkout() / "Cargo.toml", "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
  for (const char* directory : {"src", ".cargo"}) place.make_directory(place.checkout() / directory);
  place.make_file(place.checkout() / "src/lib.rs", "/// ```\n/// " + in_box + "\n/// ```\npub fn f() {}\n#[test]\nfn t() { " + in_box + " }\n");
  place.make_file(place.checkout() / ".cargo/config.toml",
                  "[target.'cfg(all())']\nrunner = [\"" + program("stepbox").string() + "\", \"run\", \"--\"]\n");
  Command test = place.command({"cargo", "test", "--offline"});
  // Rustup's cargo before the system's: either of them with the compiler of the other fails.
  REQUIRE(test.environment[0].starts_with("PATH="));
  test.environment[0].insert(5, "/root/.cargo/bin:");
  test.environment.emplace_back("RUSTUP_HOME=/root/.rustup");
  test.timeout = seconds(300);
  const Run ran = run(test);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.find("1 passed") != ran.out.rfind("1 passed"));
}

}  // namespace stepbox::feature
