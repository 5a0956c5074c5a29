// The file that --report names tells the truth from the moment stepbox has read its arguments.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;

constexpr const char* kOlder = R"({"schema_version": 1, "outcome": {"verdict": "success", "exit_code": 0}})";

// A step that waits until the case lets it go on.
class Waiting {
 public:
  explicit Waiting(Command step) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    gate_ = ends[1];
    step.stdin_fd = ends[0];
    process.emplace(step);
    ::close(ends[0]);
    REQUIRE(process->waits_for("ready"));
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { open_gate(); }

  void open_gate() {
    if (gate_ >= 0) ::close(gate_);
    gate_ = -1;
  }
  Run finish() {
    open_gate();
    return process->finish();
  }

  std::optional<Process> process;

 private:
  int gate_ = -1;
};

const std::vector<std::string> kWait = {"sh", "-c", "echo ready; read line; exit 0"};

bool is_time(const Json& text) {
  return text.is_string() && text.get<std::string>().size() == 24 && text.get<std::string>().ends_with('Z');
}

// The message without the prefix of each line, and without the hint.
std::string message_of(const Run& ran) {
  constexpr std::string_view kPrefix = "stepbox: ";
  std::string message;
  for (const std::string& line : lines_of(ran.err))
    if (line.starts_with(kPrefix)) message += (message.empty() ? "" : "\n") + line.substr(kPrefix.size());
  return message;
}

struct Refused {
  const char* what;
  std::vector<std::string> words;  // after `stepbox`; REPORT stands for the file
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
  return out << refused.what;
}

Command stepbox(const Place& place, std::vector<std::string> words) {
  for (std::string& word : words)
    if (const size_t at = word.find("REPORT"); at != std::string::npos) word.replace(at, 6, place.report_file().string());
  words.insert(words.begin(), program("stepbox"));
  return place.command(words);
}

// Mounts a file system with `options` at the report's place; only the program that is started sees it.
void mount_small(const Place& place, const char* options) {
  in_child::private_mounts();
  must(::mount("small", (place.root() / "out").c_str(), "tmpfs", 0, options) == 0, "mount");
}

}  // namespace

TEST_CASE("the report says that the step is running, and afterwards how it ended", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.report_file(), kOlder);
  Waiting step(place.step({}, kWait));
  const Json during = place.report();
  INFO(during.dump(2));
  CHECK(verdict_of(during) == "running");
  CHECK(during.at("outcome").at("exit_code").is_null());
  CHECK(during.at("run").at("pid") == step.process->pid());
  CHECK(is_time(during.at("run").at("start")));
  CHECK(during.at("run").at("end").is_null());
  CHECK(during.at("step").at("argv") == Json(kWait));
  CHECK(during.at("step").at("cwd") == place.checkout().string());
  CHECK_FALSE(during.contains("usage"));
  const Run ran = step.finish();
  INFO(ran);
  const Json after = place.report();
  CHECK(verdict_of(after) == "success");
  CHECK(after.at("run").at("start") == during.at("run").at("start"));
  CHECK(after.at("run").at("pid") == during.at("run").at("pid"));
  CHECK(is_time(after.at("run").at("end")));
  CHECK(after.contains("usage"));
  CHECK(fs::directory_iterator(place.root() / "out") != fs::directory_iterator());
  CHECK(std::distance(fs::directory_iterator(place.root() / "out"), fs::directory_iterator()) == 1);
}

TEST_CASE("the report of a killed stepbox still says that the step is running", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.report_file(), kOlder);
  Waiting step(place.step({}, kWait));
  step.process->signal(SIGKILL);
  CHECK(step.finish().code() == 137);
  CHECK(verdict_of(place.report()) == "running");
  CHECK(place.report().at("run").at("pid") == step.process->pid());
}

TEST_CASE("an older report of success does not survive a run that was refused", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Refused refused = GENERATE(
      Refused{"an unknown option", {"run", "--report", "REPORT", "--bogus", "--", "true"}},
      Refused{"an unknown option before", {"run", "--bogus", "--report=REPORT", "--", "true"}},
      Refused{"no subcommand", {"--report", "REPORT", "--bogus", "--", "true"}},
      Refused{"no command", {"run", "--report", "REPORT"}},
      Refused{"an option without its value", {"run", "--report", "REPORT", "--size"}},
      Refused{"a bad value", {"run", "--report", "REPORT", "--size", "lots", "--", "true"}},
      Refused{"the last one counts", {"run", "--report", "/nowhere/r", "--report", "REPORT", "--bogus", "--", "true"}},
      Refused{"a command for a shell", {"shell", "--report", "REPORT", "--", "true"}},
      Refused{"an unknown policy", {"run", "--report", "REPORT", "--policy", "nope", "--", "true"}},
      Refused{"a sum that does not fit", {"run", "--report", "REPORT", "--limit", "memory=64MiB", "--volume", "cache=1GiB", "--", "true"}},
      Refused{"a protection that is not asked for", {"run", "--report", "REPORT", "--require", "network-isolation", "--", "true"}},
      Refused{"a descriptor that is not open", {"run", "--report", "REPORT", "--pass-fd", "77", "--", "true"}});
  CAPTURE(caller, refused);
  const Place place(caller);
  place.make_file(place.report_file(), kOlder);
  const Run ran = run(stepbox(place, refused.words));
  INFO(ran);
  REQUIRE(ran.code() == 125);
  const Json report = place.report();
  CHECK(verdict_of(report) == "launcher-error");
  CHECK(report.at("outcome").at("exit_code") == 125);
  CHECK(report.at("outcome").at("sentence") == message_of(ran));
  CHECK(is_time(report.at("run").at("end")));
}

TEST_CASE("a report that a variable names is kept true as well", "[report-file]") {
  const Place place(Caller::user);
  place.make_file(place.report_file(), kOlder);
  Command command = stepbox(place, {"run", "--bogus", "--", "true"});
  command.environment.push_back("STEPBOX_REPORT=" + place.report_file().string());
  CHECK(run(command).code() == 125);
  CHECK(verdict_of(place.report()) == "launcher-error");
}

TEST_CASE("words that only look like the report's option are left alone", "[report-file]") {
  const Place place(Caller::user);
  place.make_file(place.report_file(), kOlder);
  const std::vector<std::string> words =
      GENERATE(std::vector<std::string>{"run", "--bogus", "--", "true", "--report", "REPORT"},
               std::vector<std::string>{"run", "--bogus", "true", "--report", "REPORT"},
               std::vector<std::string>{"run", "--hide", "--report", "--bogus", "--", "REPORT"},
               std::vector<std::string>{"run", "--report", "REPORT", "--help"});
  const Run ran = run(stepbox(place, words));
  INFO(ran);
  CHECK(read_file(place.report_file()) == kOlder);
}

TEST_CASE("a stream gets one document, however the run ends", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  const auto [words, verdict] = GENERATE(table<std::vector<std::string>, std::string>(
      {{{"run", "--report", "/dev/stdout", "--", "true"}, "success"},
       {{"run", "--report", "/dev/fd/1", "--", "no-such-command"}, "not-found"},
       {{"run", "--report", "/dev/stdout", "--bogus", "--", "true"}, "launcher-error"},
       {{"run", "--report", "/dev/stdout", "--policy", "nope", "--", "true"}, "launcher-error"}}));
  CAPTURE(caller, words);
  const Place place(caller);
  const Run ran = run(stepbox(place, words));
  INFO(ran);
  CHECK(verdict_of(Json::parse(ran.out)) == verdict);
}

TEST_CASE("stepbox says before the step runs that it cannot begin the report", "[report-file]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  const char* options = GENERATE("mode=0777,size=4k", "mode=0777,nr_inodes=2");
  CAPTURE(caller, options);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "echo ran > ran"});
  step.prepare = [&] {
    mount_small(place, options);
    write_file(place.root() / "out/rest", std::string(4096, 'x'));
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(what_is_wrong_with_refusal(ran).empty());
  CHECK(ran.err.find("cannot write the report to") != std::string::npos);
  CHECK_FALSE(fs::exists(place.checkout() / "ran"));
}

TEST_CASE("stepbox says when the report may not grow, and dies of no signal", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // Enough for the first report and for a short one at the end.
  Command step = place.step({}, {"true"});
  step.as_caller = [] {
    const rlimit small{1024, 1024};
    must(::setrlimit(RLIMIT_FSIZE, &small) == 0, "setrlimit");
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 125);
  CHECK(ran.err.find("cannot write the report to") != std::string::npos);
  const Json report = place.report();
  CHECK(verdict_of(report) == "launcher-error");
  CHECK(report.at("outcome").at("sentence").get<std::string>().ends_with("; the step succeeded"));
}

TEST_CASE("if the final report cannot be written, no report keeps saying that the step is running", "[report-file]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step({}, kWait);
  command.prepare = [&] { mount_small(place, "mode=0777,size=8k"); };
  Waiting step(command);
  const fs::path seen = "/proc/" + std::to_string(step.process->pid()) + "/root" + (place.root() / "out").string();
  REQUIRE(read_file(seen / "report.json").find("running") != std::string::npos);
  // This handle keeps the directory after the end of the mount namespace.
  const int out = ::open(seen.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(out >= 0);
  write_file(seen / "rest", std::string(4096, 'x'));
  const Run ran = step.finish();
  INFO(ran);
  CHECK(ran.code() == 125);
  CHECK(ran.err.find("cannot write the report to") != std::string::npos);
  CHECK(::faccessat(out, "report.json", F_OK, 0) != 0);
  CHECK(::faccessat(out, "rest", F_OK, 0) == 0);
  ::close(out);
}

TEST_CASE("a step cannot reach the report that says it is running", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string file = place.report_file();
  const Run ran = place.run_step({}, {"sh", "-c", "test -e " + file + "; echo $?; echo forged > " + file + "; rm " + file});
  INFO(ran);
  CHECK(ran.out == "1\n");
  CHECK(verdict_of(place.report()) == "failure");
}

TEST_CASE("a run has a name that no other has, its host, and its labels", "[report-file]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    const Run ran = place.run_step({"--label", "branch=main", "--label", "try=1", "--label", "try=2"}, {"true"});
    INFO(ran);
    CHECK(ran.code() == 0);
    const Json report = place.report();
    ids.push_back(report["run"]["id"]);
    CHECK(report["run"]["labels"] == Json::parse(R"([{"name": "branch", "value": "main"}, {"name": "try", "value": "2"}])"));
    CHECK(report["run"]["boot_id"].get<std::string>() + "\n" == read_file("/proc/sys/kernel/random/boot_id"));
    CHECK(report["run"]["host"].get<std::string>() + "\n" == read_file("/proc/sys/kernel/hostname"));
  }
  for (const std::string& id : ids) CHECK(id.size() == 26);
  CHECK(ids[0] < ids[1]);
}

}  // namespace stepbox::feature
