// After a failed step one line says which effects of the box may matter. Its claims about files are true, and its
// advice works.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <system_error>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

std::string hint_of(const Run& run) {
  std::string hint;
  for (const std::string& line : lines_of(run.err))
    if (line.starts_with("hint: ")) hint += hint.empty() ? line.substr(6) : "\n" + line;
  return hint;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// A listener that never answers.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 1) == 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(fd_); }

 private:
  int fd_;
};

// A home that lies where homes usually do, in a place that the box replaces with nothing else.
class Home {
 public:
  explicit Home(Caller caller) {
    std::string name = "/srv/stepbox-hints.XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    REQUIRE(::chown(path_.c_str(), uid_of(caller), gid_of(caller)) == 0);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

  Run run_step(const Place& place, std::vector<std::string> options, std::vector<std::string> argv) const {
    Command command = place.step(std::move(options), std::move(argv));
    command.environment.push_back("HOME=" + path_.string());
    std::erase_if(command.environment, [&](const std::string& entry) { return entry.starts_with("HOME=") && entry.substr(5) != path_; });
    return run(command);
  }

 private:
  fs::path path_;
};

// In the foreground, so that it ends with the test.
Command agent_command(const Place& place, const std::string& socket) {
  return place.command({"/usr/bin/ssh-agent", "-D", "-a", socket});
}

}  // namespace

TEST_CASE("after a failed step one line lists what was chosen for it, and the report all differences", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run failed = place.run_step({"--network", "none", "--source", "ro"}, {"sh", "-c", "exit 3"});
  INFO(failed);
  CHECK(hint_of(failed).empty());
  CHECK(lines_of(failed.err).back() == "stepbox: chosen for this step: checkout ro [--source], network none [--network]");
  const Json outcome = place.report().at("outcome");
  CHECK(outcome.at("hint").is_null());
  bool has_home = false;
  for (const Json& difference : outcome.at("differences"))
    has_home = has_home || difference == Json{{"name", "home"}, {"value", "fresh"}};
  CHECK(has_home);
  const Run plain = place.run_step({}, {"false"});
  CHECK(lines_of(plain.err).size() == 1);
}

TEST_CASE("a successful step gets no hint, and a failure of known cause only its own remedy", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run succeeded = place.run_step({}, {"true"});
  CHECK(succeeded.err.empty());
  CHECK(place.report().at("outcome").at("hint").is_null());
  CHECK(place.report().at("outcome").at("differences").empty());
  const Run full = place.run_step({"--size", "1MiB"}, {"fill_volume", "/tmp/x"});
  INFO(full);
  CHECK(full.code() == 7);
  CHECK(hint_of(full) == "raise it with --size SIZE");
  CHECK(place.run_step({"--summary", "never"}, {"false"}).err.empty());
}

TEST_CASE("a command that the shell did not find but the caller's PATH has is named, with the option that shows it",
          "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string tool = place.make_file(place.make_directory(place.home() / "apps") / "mytool", "#!/bin/sh\necho works $1\n", 0755);
  const fs::path bin = place.make_directory(place.home() / "bin");
  fs::create_symlink(tool, bin / "mytool");
  const auto step = [&](std::vector<std::string> options, std::vector<std::string> argv) {
    Command command = place.step(std::move(options), std::move(argv));
    command.environment[0] += ":" + bin.string();
    return run(command);
  };
  const std::vector<std::string> argv = GENERATE(values<std::vector<std::string>>(
      {{"sh", "-c", "echo x | mytool shell"}, {"sh", "-ec", "A=1 mytool shell"}}));
  CAPTURE(argv);
  const Run hidden = step({}, argv);
  INFO(hidden);
  CHECK(hidden.code() == 127);
  CHECK(hint_of(hidden) == "command 'mytool' is '" + tool + "' on the host, which is hidden in the box: show it with --ro " + tool);
  const Run shown = step({"--ro", tool}, argv);
  INFO(shown);
  CHECK(shown.out.starts_with("works "));
  place.make_file(place.checkout() / "build.sh", "set -e\nif true; then\n  mytool script\nfi\n", 0755);
  // The project wrote the script, so nothing is said of the host.
  CHECK(hint_of(step({}, {"sh", "-e", "build.sh"})) == "command 'mytool' of script 'build.sh' is not in the box");
}

TEST_CASE("a hint does not tell the project which files the host has", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string key = place.make_file(place.make_directory(place.root() / "secret") / "key", "#!/bin/sh\n", 0755);
  const bool is_there = GENERATE(true, false);
  const std::string target = is_there ? key : key + "-that-is-not-there";
  CAPTURE(target);
  fs::create_symlink(target, place.checkout() / "b1");
  place.make_file(place.checkout() / "link.sh", "ln -sf '" + target + "' ./b2\n");
  const std::string told = "a link on the way to './b1' leads to a path that is not in the box";
  CHECK(hint_of(place.run_step({}, {"cat", "./b1"})) == told);
  CHECK(hint_of(place.run_step({}, {"./b1"})) == told);
  CHECK(hint_of(place.run_step({}, {"sh", "-c", ". ./link.sh; cat ./b2"})) == "a link on the way to './b2' leads to a path that is not in the box");
  place.make_file(place.checkout() / "s.sh", "#!" + target + "\n", 0755);
  const Run script = place.run_step({}, {"./s.sh"});
  INFO(script);
  CHECK(hint_of(script) == "correct the script's first line, or install the program that it names");
}

TEST_CASE("a relative path is looked up where the step runs", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string told = "'" + place.checkout().string() + "' is read-only in the box, as the whole checkout: if the step is meant to write there, --source rw";
  const std::vector<std::string> argv = GENERATE(values<std::vector<std::string>>(
      {{"touch", "./x"}, {"touch", "x"}, {"sh", "-c", "echo x > x"}, {"sh", "-c", "mkdir sub/"}, {"tee", "x"}}));
  CAPTURE(argv);
  CHECK(hint_of(place.run_step({"--source", "ro"}, argv)) == told);
  CHECK(hint_of(place.run_step({"--source", "ro"}, {"sh", "-c", "cd /tmp; touch ./x; false"})).empty());
}

TEST_CASE("a file above a checkout that is only part of a tree gets the option that shows the tree", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "go.mod", "module\n");
  const fs::path part = place.make_directory(place.checkout() / "part");
  const auto step = [&](std::vector<std::string> options) {
    Command command = place.step(std::move(options), {"cat", "../go.mod"});
    command.cwd = part;
    return run(command);
  };
  const Run hidden = step({});
  INFO(hidden);
  CHECK(hint_of(hidden) == "'../go.mod' lies above the checkout and is hidden in the box: show the whole tree with --source-path ..");
  const Run shown = step({"--source-path", ".."});
  INFO(shown);
  CHECK(shown.out == "module\n");
}

TEST_CASE("a command that did not start gets the reason that holds", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run missing = place.run_step({}, {"./missing.sh"});
  INFO(missing);
  CHECK(lines_of(missing.err) == std::vector<std::string>{"stepbox: command './missing.sh' was not found in the box"});
  place.make_file(place.checkout() / "noexec.sh", "#!/bin/sh\n", 0644);
  const Run refused = place.run_step({}, {"./noexec.sh"});
  INFO(refused);
  CHECK(hint_of(refused) == "make it executable: chmod +x ./noexec.sh");
  CHECK(hint_of(place.run_step({}, {"no-such-command-anywhere"})) ==
        "command 'no-such-command-anywhere' is not on the host either: correct its name, or install it");
}

TEST_CASE("a shell is left without a word about its last command", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto shell = [&](const std::string& script) {
    Command command = place.command({program("stepbox"), "shell"});
    command.environment.push_back("SHELL=" + place.make_file(place.checkout() / "shell", "#!/bin/sh\n" + script + "\n", 0755).string());
    return run(command);
  };
  const Run left = shell("exit 3");
  INFO(left);
  CHECK(left.code() == 3);
  CHECK(left.err.empty());
  CHECK(contains(shell("sleep 1000 & exit 3").err, "process left running was killed"));
}

TEST_CASE("a command that exists nowhere, or that the box has, is not called hidden", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(hint_of(place.run_step({}, {"sh", "-c", "no-such-command-anywhere"})).empty());
  CHECK(hint_of(place.run_step({}, {"sh", "-c", "cat /no/such/file"})).empty());
  CHECK(hint_of(place.run_step({}, {"sh", "-c", "cat /etc/passwd /proc/self/stat > /dev/null; false"})).empty());
}

TEST_CASE("a path on the command line that the box hides is named, and the hint works", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string file = place.make_file(place.root() / "data", "data\n");
  SECTION("as a word") {
    const Run hidden = place.run_step({}, {"cat", file});
    CHECK(hint_of(hidden) == "'" + file + "' exists on the host but is hidden in the box: show it with --ro " + file);
    CHECK(place.run_step({"--ro", file}, {"cat", file}).out == "data\n");
  }
  SECTION("in a shell's text, after an equals sign") {
    CHECK(contains(hint_of(place.run_step({}, {"sh", "-c", "make --file='" + file + "' || exit 1"})), "--ro " + file));
  }
  SECTION("not a path that the step itself created there") {
    CHECK(hint_of(place.run_step({}, {"sh", "-c", "mkdir -p '" + place.root().string() + "' && echo x > '" + file + "' && cat '" + file +
                                                      "' && exit 1"})).empty());
  }
  SECTION("not a path that no mask hides") {
    CHECK(hint_of(place.run_step({}, {"sh", "-c", "cat '" + (place.checkout() / "nothing").string() + "'"})).empty());
  }
  SECTION("a path hidden by --hide is reported as such, without advice against it") {
    place.make_directory(place.checkout() / "secret");
    const std::string key = place.make_file(place.checkout() / "secret/key", "key\n");
    const Run hidden = place.run_step({"--hide", place.checkout() / "secret"}, {"cat", key});
    CHECK(hint_of(hidden) == "'" + key + "' exists on the host but is hidden in the box (--hide)");
  }
}

TEST_CASE("a file of the home that a shell's text names is looked up in both homes", "[hints]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string text = GENERATE("cat ~/settings", "cat \"$HOME/settings\"", "cat ${HOME}/settings");
  CAPTURE(caller, text);
  const Place place(caller);
  const Home home(caller);
  const std::string settings = place.make_file(home.path() / "settings", "mine\n");
  const Run hidden = home.run_step(place, {}, {"sh", "-c", text});
  INFO(hidden);
  CHECK(hint_of(hidden) == "'~/settings' exists on the host but is hidden in the box: show it with --ro " + settings);
  CHECK(home.run_step(place, {"--ro", settings}, {"sh", "-c", text}).out == "mine\n");
  // A home below /tmp has no path of its own in the box, and showing the file would not help.
  place.make_file(place.home() / "settings", "mine\n");
  CHECK(hint_of(place.run_step({}, {"sh", "-c", text})).empty());
}

TEST_CASE("a path that is writable only outside the box is reported as read-only", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string shown = place.make_directory(place.root() / "shown");
  const Run refused = place.run_step({"--ro", shown}, {"sh", "-c", "echo x > '" + shown + "/made'"});
  INFO(refused);
  CHECK(hint_of(refused) == "'" + shown + "' is read-only in the box: if the step is meant to write there, --rw " + shown);
  CHECK(place.run_step({"--rw", shown}, {"sh", "-c", "echo x > '" + shown + "/made'"}).code() == 0);
  const std::string made = place.checkout() / "made";
  CHECK(contains(hint_of(place.run_step({"--source", "ro"}, {"touch", made})), "as the whole checkout: if the step is meant to write there, --source rw"));
  // A path that the step only reads is not worth a hint.
  CHECK(hint_of(place.run_step({"--ro", shown}, {"sh", "-c", "ls '" + shown + "'; false"})).empty());
  CHECK(hint_of(place.run_step({}, {"sh", "-c", "echo x > /no/such/directory/made"})).empty());
}

TEST_CASE("a client whose socket is hidden is told so, and showing the socket works", "[hints]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string socket = place.root() / "docker.sock";
  const Listener listener(socket);
  REQUIRE(::chmod(socket.c_str(), 0777) == 0);
  const fs::path client = place.make_file(place.checkout() / "docker", "#!/bin/sh\ntest -S \"${DOCKER_HOST#unix://}\"\n", 0755);
  const auto step = [&](std::vector<std::string> options) {
    Command command = place.step(std::move(options), {"sh", "-c", "./docker build ."});
    command.environment.push_back("DOCKER_HOST=unix://" + socket);
    return run(command);
  };
  const Run hidden = step({});
  INFO(hidden);
  CHECK(hint_of(hidden).starts_with("'docker' talks to '" + socket + "', which is hidden in the box: show it with --ro " + socket));
  CHECK(step({"--ro", socket}).code() == 0);
}

TEST_CASE("an ssh-agent that is hidden can be shown to an ordinary user's step", "[hints]") {
  REQUIRE_HOST(ssh_agent);
  const Place place(Caller::user);
  const std::string socket = place.root() / "agent";
  Process agent(agent_command(place, socket));
  REQUIRE(eventually([&] { return fs::exists(socket); }));
  const auto step = [&](std::vector<std::string> options) {
    Command command = place.step(std::move(options), {"sh", "-c", "ssh-add -l; exit 1"});
    command.environment.push_back("SSH_AUTH_SOCK=" + socket);
    return run(command);
  };
  const Run hidden = step({});
  INFO(hidden);
  CHECK(hint_of(hidden) == "the ssh-agent at '" + socket + "' (SSH_AUTH_SOCK) is hidden in the box: show it with --ro " + socket);
  const Run shown = step({"--ro", socket});
  INFO(shown);
  CHECK(shown.out == "The agent has no identities.\n");
  CHECK(hint_of(shown).empty());
  agent.signal(SIGTERM);
}

TEST_CASE("root's ssh-agent refuses a step with shifted ids; the hint offers two ways out, and both work", "[hints]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(ssh_agent);
  const Place place(Caller::root);
  const std::string socket = place.root() / "agent";
  const std::string key = place.root() / "key";
  REQUIRE(run(place.command({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key})).code() == 0);
  Process agent(agent_command(place, socket));
  REQUIRE(eventually([&] { return fs::exists(socket); }));
  Command step = place.step({"--ro", socket}, {"ssh-add", "-l"});
  step.environment.push_back("SSH_AUTH_SOCK=" + socket);
  const Run refused = run(step);
  INFO(refused);
  // The agent closes the connection: the client reports it, or dies of it.
  CHECK(refused.code() != 0);
  CHECK(contains(hint_of(refused), "the step's user ids are shifted"));
  CHECK(contains(hint_of(refused), "ssh-agent sh -c 'ssh-add KEY && ...', with --ro KEY"));
  // A step that does not use the agent.
  Command other = place.step({}, {"false"});
  other.environment.push_back("SSH_AUTH_SOCK=" + socket);
  CHECK(hint_of(run(other)).empty());
  // The case above covers the first way out.
  const Run own = place.run_step({"--ro", key}, {"ssh-agent", "sh", "-c", "ssh-add -q '" + key + "' && ssh-add -l"});
  INFO(own);
  CHECK(contains(own.out, "(ED25519)"));
  agent.signal(SIGTERM);
}

TEST_CASE("a hidden safe.directory setting is named where git needs it", "[hints]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(version_control);
  const Place place(Caller::root);
  REQUIRE(run(place.command({"git", "init", "-q", "."})).code() == 0);
  const Home home(Caller::root);
  const std::string settings = place.make_file(home.path() / ".gitconfig", "[safe]\n\tdirectory = *\n");
  REQUIRE(run(place.command({"chown", "-R", "1234", "."})).code() == 0);
  const Run dubious = home.run_step(place, {}, {"sh", "-c", "git status -s"});
  INFO(dubious);
  CHECK(contains(dubious.err, "dubious ownership"));
  CHECK(hint_of(dubious) == "the checkout belongs to another user, and git's safe.directory is in '" + settings +
                                "', which is hidden in the box: show it with --ro " + settings);
  CHECK(home.run_step(place, {"--ro", settings}, {"sh", "-c", "git status -s"}).code() == 0);
}

TEST_CASE("git trusts the caller's own checkout in the box as it does outside", "[hints]") {
  REQUIRE_HOST(version_control);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  REQUIRE(run(place.command({"git", "init", "-q", "."})).code() == 0);
  const Run trusted = place.run_step({}, {"git", "status", "-s"});
  INFO(trusted);
  CHECK(trusted.code() == 0);
}

}  // namespace stepbox::feature
