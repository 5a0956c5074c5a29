// Stepbox keeps the deadline of an outer LUCI layer like its own.
#include <chrono>
#include <csignal>

#include <catch2/catch.hpp>

#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

double in_seconds(double seconds) {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count() + seconds;
}

// A step below a LUCI_CONTEXT with this text.
Command below(const Place& place, const std::string& text, std::vector<std::string> options,
              std::vector<std::string> argv) {
  const fs::path file = place.make_file(place.root() / "luci.json", text, 0600);
  Command command = place.step(std::move(options), std::move(argv));
  command.environment.push_back("LUCI_CONTEXT=" + file.string());
  return command;
}

std::string context(double soft_deadline, double grace) {
  const Json deadline = {{"soft_deadline", soft_deadline}, {"grace_period", grace}};
  return Json{{"local_auth", {{"secret", "hunter2"}}}, {"deadline", deadline}}.dump();
}

}  // namespace

TEST_CASE("a step is ended at LUCI's deadline, before LUCI acts", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ended = run(below(place, context(in_seconds(1.5), 1), {}, {"ignore_signals", "100000"}));
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
  CHECK(place.report().at("outcome").at("limit").at("origin") == "LUCI_CONTEXT");
  CHECK(place.report().at("outcome").at("sentence").get<std::string>().find("within the grace of 900ms") !=
        std::string::npos);
  CHECK(ended.err.find("hunter2") == std::string::npos);
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a LUCI deadline that has passed ends the step at once", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(run(below(place, context(in_seconds(-60), 30), {}, {"sleep", "100"})).code() == 124);
}

TEST_CASE("the earlier of LUCI's deadline and the policy's counts", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(run(below(place, context(in_seconds(3600), 30), {"--timeout", "500ms"}, {"sleep", "100"})).code() == 124);
  CHECK(place.report().at("outcome").at("limit").at("origin") == "--timeout");
}

TEST_CASE("LUCI's grace applies when LUCI ends the step itself", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(below(place, context(in_seconds(3600), 1), {}, {"ignore_signals", "100000"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 128 + SIGKILL);
  CHECK(verdict_of(place.report()) == "cancelled");
}

TEST_CASE("a LUCI_CONTEXT without a deadline changes nothing", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string text = GENERATE("{}", R"({"deadline": {}})", R"({"deadline": {"soft_deadline": 0}})");
  CAPTURE(caller, text);
  const Place place(caller);
  const Run ended = run(below(place, text, {}, {"cat", (place.root() / "luci.json").string()}));
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(ended.out == text);
  CHECK(ended.err.empty());
}

TEST_CASE("stepbox says when it does not understand LUCI_CONTEXT, and the step runs", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("its text is malformed") {
    const Run ended = run(below(place, "{\"hunter2", {}, {"true"}));
    INFO(ended);
    CHECK(ended.code() == 0);
    CHECK(ended.err.find("the deadline of LUCI_CONTEXT is not known: cannot understand '" +
                         (place.root() / "luci.json").string() + "': it is not a JSON object") != std::string::npos);
    CHECK(ended.err.find("hunter2") == std::string::npos);
  }
  SECTION("its file is missing, or not a file") {
    const std::string path = GENERATE("/nonexistent/luci.json", "/dev/zero", "/");
    Command command = place.step({}, {"true"});
    command.environment.push_back("LUCI_CONTEXT=" + path);
    const Run ended = run(command);
    INFO(ended);
    CHECK(ended.code() == 0);
    CHECK(ended.err.find("the deadline of LUCI_CONTEXT is not known: '" + path + "' is not a file") !=
          std::string::npos);
  }
}

}  // namespace stepbox::feature
