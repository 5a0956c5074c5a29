// A symbolic link in the checkout is the work of the code under test: it opens no place of the host.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

// A directory of the caller's beside the checkout, which no box shows, and links to it in the checkout.
class Beside {
 public:
  explicit Beside(Caller caller) : place(caller), secrets(place.make_directory(place.root() / "secrets", 0700)) {
    place.make_file(secrets / "key", "canary\n", 0600);
    place.make_directory(place.checkout() / ".git");
    link("bin", secrets);
  }
  void link(const fs::path& name, const fs::path& target) const {
    place.make_directory((place.checkout() / name).parent_path());
    fs::create_symlink(target, place.checkout() / name);
  }
  std::string in_checkout(std::string_view name) const { return place.checkout() / name; }

  const Place place;
  const fs::path secrets;
};

Run run_with(const Beside& beside, const std::vector<std::string>& variables, const std::vector<std::string>& options,
             const std::vector<std::string>& argv) {
  Command step = beside.place.step(options, argv);
  for (const std::string& variable : variables) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(step.environment, [&](const std::string& entry) { return entry.starts_with(name); });
    step.environment.push_back(variable);
  }
  return run(step);
}

std::string path_variable(const Beside& beside) {
  for (const std::string& entry : beside.place.step({}, {}).environment)
    if (entry.starts_with("PATH=")) return entry;
  return "PATH=/usr/bin:/bin";
}

}  // namespace

TEST_CASE("a link of the checkout in PATH or in a toolchain's variable shows nothing outside", "[links-out]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Beside beside(caller);
  const std::vector<std::string> look = {"sh", "-c", "cat bin/key; echo alive"};
  const std::string said = "not showing '" + beside.in_checkout("bin") + "' (";
  SECTION("PATH under strict") {
    const Run ran = run_with(beside, {path_variable(beside) + ":" + beside.in_checkout("bin")}, {"--policy", "strict"}, look);
    INFO(ran);
    CHECK(ran.out == "alive\n");
    CHECK(ran.err.find(said + "PATH)") != std::string::npos);
  }
  SECTION("a virtual environment in a reduced root") {
    const Run ran = run_with(beside, {"VIRTUAL_ENV=" + beside.in_checkout("bin")}, {"--root", "system"}, look);
    INFO(ran);
    CHECK(ran.out == "alive\n");
    CHECK(ran.err.find(said + "toolchain of a variable)") != std::string::npos);
  }
  SECTION("a home in the checkout") {
    beside.place.make_directory(beside.place.checkout() / "h");
    beside.link("h/go/bin", beside.secrets);
    const Run ran = run_with(beside, {"HOME=" + beside.in_checkout("h")}, {}, {"sh", "-c", "cat ~/go/bin/key h/go/bin/key; echo alive"});
    INFO(ran);
    CHECK(ran.out == "alive\n");
  }
  SECTION("settings that are shown") {
    beside.link(".cargo/config.toml", beside.secrets / "key");
    const Run ran = run_with(beside, {"CARGO_HOME=" + beside.in_checkout(".cargo")}, {"--settings", "show"},
                             {"sh", "-c", "cat $CARGO_HOME/config.toml; echo alive"});
    INFO(ran);
    CHECK(ran.out == "alive\n");
  }
}

TEST_CASE("a rule for a link of the checkout that leads out is refused, and nothing is written there", "[links-out]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Beside beside(caller);
  for (const char* option : {"--rw", "--ro", "--source-path"}) {
    CAPTURE(option);
    const Run ran = beside.place.run_step({"--policy", "strict", option, "bin"}, {"sh", "-c", "echo x > bin/pwned"});
    INFO(ran);
    CHECK(what_is_wrong_with_refusal(ran) == "");
    CHECK(ran.err.find(beside.in_checkout("bin")) != std::string::npos);
    CHECK(ran.err.find(std::string("name the real path: ") + option + " " + beside.secrets.string()) != std::string::npos);
    CHECK_FALSE(fs::exists(beside.secrets / "pwned"));
  }
  const Run named = beside.place.run_step({"--rw", beside.secrets}, {"sh", "-c", "echo x > bin/meant"});
  INFO(named);
  CHECK(named.code() == 0);
  CHECK(fs::exists(beside.secrets / "meant"));
}

TEST_CASE("a home that a link of the checkout leads out is refused", "[links-out]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Beside beside(caller);
  const Run ran = run_with(beside, {"HOME=" + beside.in_checkout("bin")}, {"--home", "host"}, {"sh", "-c", "echo x > ~/pwned"});
  INFO(ran);
  CHECK(what_is_wrong_with_refusal(ran) == "");
  CHECK(ran.err.find("set HOME to the real path: HOME=" + beside.secrets.string()) != std::string::npos);
  CHECK_FALSE(fs::exists(beside.secrets / "pwned"));
}

}  // namespace stepbox::feature
