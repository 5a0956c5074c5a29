// Settings of tools in the home: hidden with it, named after a failed step, and shown by --settings show.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

constexpr const char* kLine = "settings (";

// The state of a file in the report; null where the report does not name it.
Json state_of(const Json& report, const fs::path& path) {
  for (const Json& file : report.at("settings"))
    if (file.at("path") == path.string()) return file.at("state");
  return nullptr;
}

// Settings of npm (a link, as dotfile managers make it), Go and Cargo.
void make_settings(const Place& place) {
  place.make_directory(place.home() / "dotfiles");
  place.make_file(place.home() / "dotfiles/npmrc", "registry=https://npm.example/\n", 0600);
  fs::create_symlink("dotfiles/npmrc", place.home() / ".npmrc");
  REQUIRE(::lchown((place.home() / ".npmrc").c_str(), uid_of(place.caller()), gid_of(place.caller())) == 0);
  for (const char* directory : {".config", ".config/go", ".cargo"}) place.make_directory(place.home() / directory);
  place.make_file(place.home() / ".config/go/env", "GOPROXY=https://go.example\n");
  place.make_file(place.home() / ".cargo/config.toml", "[net]\n");
}

}  // namespace

TEST_CASE("settings in the home are hidden; the report and explain name them", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_settings(place);
  const std::vector<std::string> reading = {"sh", "-c", "cat ~/.npmrc ~/.config/go/env \"$CARGO_HOME/config.toml\" 2> /dev/null; exit 3"};
  const Run failed = place.run_step({}, reading);
  INFO(failed);
  CHECK(failed.code() == 3);
  CHECK(failed.out.empty());
  CHECK(failed.err.find(kLine) == std::string::npos);
  const Json report = place.report();
  CHECK(report.at("settings").size() == 3);
  CHECK(state_of(report, place.home() / ".npmrc") == "hidden");
  CHECK(state_of(report, place.home() / ".config/go/env") == "hidden");
  CHECK(state_of(report, place.home() / ".cargo/config.toml") == "hidden");

  const Run succeeded = place.run_step({}, {"true"});
  INFO(succeeded);
  CHECK(succeeded.err.empty());
  CHECK(state_of(place.report(), place.home() / ".npmrc") == "hidden");

  const Run explained = run(place.command({program("stepbox"), "explain", "--", "true"}));
  INFO(explained);
  CHECK(explained.out.find((place.home() / ".npmrc").string() + " (npm)") != std::string::npos);
}

TEST_CASE("a failed tool whose settings are hidden gets the option that shows them", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_settings(place);
  place.make_file(place.checkout() / "npm", "#!/bin/sh\ntest -e ~/.npmrc\n", 0755);
  const std::string text = "PATH=.:$PATH; npm ci";
  const Run failed = place.run_step({}, {"sh", "-c", text});
  INFO(failed);
  CHECK(lines_of(failed.err).back() == "hint: npm's settings (~/.npmrc) are hidden in the box: --settings show");
  CHECK(place.run_step({"--settings", "show"}, {"sh", "-c", text}).code() == 0);
  CHECK(place.run_step({"--settings", "hide"}, {"sh", "-c", text}).err.find(kLine) == std::string::npos);
  CHECK(place.run_step({"--timeout", "100ms"}, {"sh", "-c", "sleep 10; npm ci"}).err.find(kLine) == std::string::npos);
}

TEST_CASE("--settings show shows settings read-only, where their tools look", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_settings(place);
  const Run shown = place.run_step({"--settings", "show"}, {"sh", "-c", "cat ~/.npmrc ~/.config/go/env \"$CARGO_HOME/config.toml\"; cat dotfiles/npmrc; "
                                                                    "echo x >> ~/.npmrc; rm -f ~/.npmrc; chmod 777 ~/.npmrc; ls -A ~; echo new > ~/new; exit 3"});
  INFO(shown);
  CHECK(shown.out == "registry=https://npm.example/\nGOPROXY=https://go.example\n[net]\n.config\n.npmrc\n");
  CHECK(shown.err.find(kLine) == std::string::npos);
  CHECK(read_file(place.home() / "dotfiles/npmrc") == "registry=https://npm.example/\n");
  struct stat status {};
  REQUIRE(::stat((place.home() / "dotfiles/npmrc").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  for (const char* file : {".npmrc", ".config/go/env", ".cargo/config.toml"}) CHECK(state_of(place.report(), place.home() / file) == "shown");
}

TEST_CASE("the variable shows settings too, and a file that another rule shows is not called hidden", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_settings(place);
  Command by_variable = place.step({}, {"sh", "-c", "cat ~/.npmrc"});
  by_variable.environment.emplace_back("STEPBOX_SETTINGS=show");
  CHECK(run(by_variable).out == "registry=https://npm.example/\n");
  const Run by_rule = place.run_step({"--ro", place.home() / ".cargo/config.toml"}, {"sh", "-c", "cat \"$CARGO_HOME/config.toml\""});
  INFO(by_rule);
  CHECK(by_rule.out == "[net]\n");
  CHECK(state_of(place.report(), place.home() / ".cargo/config.toml") == "shown");
  CHECK(state_of(place.report(), place.home() / ".config/go/env") == "hidden");
  CHECK(place.run_step({"--home", "host"}, {"sh", "-c", "cat ~/.npmrc"}).code() == 0);
  CHECK(state_of(place.report(), place.home() / ".npmrc") == "shown");
}

TEST_CASE("a project's policy may hide settings but not show them", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_settings(place);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nsettings: show\n");
  const Run refused = place.run_step({}, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("show is wider than the hide of default") != std::string::npos);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nsettings: hide\n");
  CHECK(place.run_step({}, {"test", "!", "-e", place.home() / ".npmrc"}).code() == 0);
}

TEST_CASE("a home without settings is not mentioned", "[settings]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // They have the names, but are no settings files.
  place.make_directory(place.home() / ".npmrc");
  REQUIRE(::mkfifo((place.home() / ".netrc").c_str(), 0666) == 0);
  fs::create_symlink("nowhere", place.home() / ".gitconfig");
  for (const char* mode : {"hide", "show"}) {
    CAPTURE(mode);
    const Run failed = place.run_step({"--settings", mode}, {"sh", "-c", "ls -A ~; exit 3"});
    INFO(failed);
    CHECK(failed.code() == 3);
    CHECK(failed.out.empty());
    CHECK(failed.err.find(kLine) == std::string::npos);
    CHECK(place.report().at("settings").empty());
  }
}

TEST_CASE("settings that cannot be looked at do not count as absent", "[settings]") {
  REQUIRE_HOST(call_tracer);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string error = GENERATE("EIO", "ESTALE", "ENOMEM", "ELOOP");
  CAPTURE(caller, error);
  const Place place(caller);
  const std::string path = place.make_file(place.home() / ".npmrc", "registry=https://npm.example/\n");
  const auto with_fault = [&](Command command) {
    const std::vector<std::string> tracer = {"strace", "-qqq", "-o", "/dev/null", "-P", path, "-e", "trace=%file", "-e", "inject=%file:error=" + error};
    command.argv.insert(command.argv.begin(), tracer.begin(), tracer.end());
    return run(command);
  };
  const Run refused = with_fault(place.step({"--settings", "show"}, {"true"}));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("'" + path + "'") != std::string::npos);
  CHECK(refused.err.find(error) != std::string::npos);
  const Run named = with_fault(place.step({}, {"false"}));
  INFO(named);
  CHECK(named.code() == 1);
  CHECK(state_of(place.report(), path) == "hidden");
}

TEST_CASE("settings that are closed to the caller are closed to its tools too", "[settings]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::user);
  make_settings(place);
  const fs::path closed = place.make_directory(place.home() / ".docker");
  write_file(closed / "config.json", "{}");
  REQUIRE(::chown(closed.c_str(), 0, 0) == 0);
  REQUIRE(::chmod(closed.c_str(), 0700) == 0);
  const Run shown = place.run_step({"--settings", "show"}, {"sh", "-c", "cat ~/.npmrc"});
  INFO(shown);
  CHECK(shown.out == "registry=https://npm.example/\n");
  // Another user's home, as setpriv(1) leaves it in HOME.
  REQUIRE(::chown(place.home().c_str(), 0, 0) == 0);
  REQUIRE(::chmod(place.home().c_str(), 0700) == 0);
  const Run failed = place.run_step({}, {"false"});
  INFO(failed);
  CHECK(failed.code() == 1);
  CHECK(failed.err.find(kLine) == std::string::npos);
}

}  // namespace stepbox::feature
