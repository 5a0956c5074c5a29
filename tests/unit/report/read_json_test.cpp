// What is read back from a report says the same as the report.
#include <catch2/catch.hpp>
#include <csignal>

#include "report/golden.hpp"
#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

Report read(const std::string& text) {
  Result<Report> report = report::from_json(text);
  INFO((report ? std::string() : report.error().message));
  REQUIRE(report);
  return std::move(*report);
}

}  // namespace

TEST_CASE("a report that is read back is written as it was", "[report][read-json]") {
  CHECK(report::to_json(read(golden("report.json"))) == golden("report.json"));
}

TEST_CASE("so is a short one, of a run that goes on or of one that never began", "[report][read-json]") {
  for (const char* name : {"running.json", "launcher-error.json"}) CHECK(report::to_short_json(read(golden(name))) == golden(name));
}

TEST_CASE("signals, deadlines and diagnostics are read back", "[report][read-json]") {
  Report report = plain_report(Signaled{SIGKILL, false});
  report.cancelled_by = SIGINT;
  report.overrun = Overrun{Deadline::silence, std::chrono::milliseconds(1500), {.layer = Layer::command_line, .place = "--silence"}};
  report.killed_on_request = true;
  Snapshot snapshot;
  snapshot.reason = Deadline::silence;
  snapshot.at = 1.5;
  snapshot.processes = {ProcessState{.pid = 2, .parent = 1, .state = 'D', .name = "a", .wait_channel = "pipe_read", .cpu = 0.25, .threads = 3, .command_line = "a b", .files = {{3, "/box/x"}}}};
  snapshot.process_count = 1;
  snapshot.volumes = {{"cache", 1, 2, 3, 4}};
  report.diagnostics = {snapshot};
  report::conclude(report);
  const std::string text = report::to_json(report);
  CHECK(report::to_json(read(text)) == text);
}

TEST_CASE("what is no report, or one of a newer schema, is an error", "[report][read-json]") {
  struct {
    const char* text;
    const char* error;
  } const rows[] = {
      {"", "this is no report of stepbox: "},
      {"[]", "this is no report of stepbox: it has no schema_version"},
      {R"({"schema_version": 2})", "this report has schema version 2, and this stepbox knows 1"},
      {R"({"schema_version": 1, "outcome": {"verdict": "great"}})", "this is no report of stepbox: 'great' is no verdict"},
      {R"({"schema_version": 1, "outcome": {"verdict": "success"}, "run": {"start": "now"}})", "this is no report of stepbox: 'now' is no time"},
      {R"({"schema_version": 1, "outcome": {"verdict": "success"}, "usage": {"limits": [{"name": "luck"}]}})",
       "this is no report of stepbox: 'luck' is no limit"},
      {R"({"schema_version": 1, "outcome": {"verdict": "success"}, "caches": 4})", "this is no report of stepbox: caches is no list"},
  };
  for (const auto& row : rows) {
    const Result<Report> report = report::from_json(row.text);
    REQUIRE_FALSE(report);
    CHECK(report.error().message.starts_with(row.error));
  }
}

TEST_CASE("what a newer stepbox added to a report is passed over", "[report][read-json]") {
  std::string text = golden("report.json");
  text.insert(text.find("\"run\""), "\"weather\": {\"wind\": 3}, ");
  CHECK(report::to_json(read(text)) == golden("report.json"));
}
