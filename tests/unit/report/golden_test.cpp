// One sample report, one expected file per format. After a wanted change: look at the difference, then
// write what the test prints into the file.
#include <catch2/catch.hpp>
#include <csignal>

#include "report/golden.hpp"
#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

TreeChanges sample_changes(ChangedTree tree, std::string path) {
  TreeChanges changed{.tree = tree, .path = std::move(path)};
  Changes& changes = changed.changes;
  changes.of(ChangeKind::added) = {11, 12, 13};
  changes.of(ChangeKind::modified) = {21, 22, 23};
  changes.of(ChangeKind::deleted) = {31, 32, 33};
  changes.of(ChangeKind::touched) = {41, 42, 43};
  changes.biggest = {{.kind = ChangeKind::modified, .path = "a\xff\n", .bytes = 20},
                     {.kind = ChangeKind::added, .type = EntryType::directory, .path = "b", .bytes = 10, .files = 3, .moved_from = "c"},
                     {.kind = ChangeKind::deleted, .type = EntryType::link, .path = "d", .bytes = 0}};
  changes.unlisted = 5;
  changes.touched = {{.kind = ChangeKind::touched, .path = "e", .bytes = 7}};
  changes.caches = {{.tool = "cargo", .path = "target/", .places = 2, .files = 4, .bytes = 6}};
  changes.left_out = 8;
  return changed;
}

// Every field has a value of its own, so that two that change places are seen.
Report sample() {
  Report report = full_cache_report(Exited{1});
  report.run = {.id = "01KGGY59H5B4W6P8R0T2V4X6Z8",
                .start = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'770'091'506'789)),
                .pid = 4711,
                .host = "builder-7",
                .engine = "gitlab",
                .job = "815",
                .boot_id = "5f0c7f5e-4f5c-4b8e-9d0e-0c1f6a7f3b21"};
  report.labels = {{"branch", "größe"}, {"try", "2"}};
  report.end = report.run.start + std::chrono::milliseconds(62'345);
  report.argv = {"go", "build", "-ldflags", "-X 'main.name=größe'\n", "bad\xff" "byte"};
  report.cwd = "/work/checkout";
  report.policies = {{"default", Layer::built_in}, {"go", Layer::named}, {".stepbox.yaml", Layer::project}};
  report.policy_digest = "sha256:" + std::string(64, 'a');
  report.protections = {{"quota", true, ProtectionState::degraded, "there is no memory limit"},
                        {"mount-isolation", true, ProtectionState::active, ""},
                        {"network-isolation", false, ProtectionState::off, "network: host"}};
  report.time = {12.3456789, 20.5, 1.25, 0.0021, 0.0101, 0.0305};
  report.volumes[0].peak_bytes = 310 * kMiB;
  report.volumes[0].final_bytes = 300 * kMiB;
  report.volumes[0].peak_inodes = 50;
  report.volumes[0].final_inodes = 40;
  report.volumes[1].peak_bytes = 4 * kGiB;
  report.volumes[1].final_bytes = 3700 * kMiB;
  report.volumes[1].limit_inodes = 200'000;
  report.volumes[1].peak_inodes = 41'100;
  report.volumes[1].final_inodes = 41'000;
  report.samples = 124;
  report.memory_peak_bytes = 512 * kMiB;
  report.limits = {{"memory", kGiB, 512 * kMiB, 0}, {"cpu", 500, 0, 250}};
  report.memory_holder = MemoryHolder{17, "cc1\xff", 400 * kMiB, true};
  report.seccomp_profile = "default";
  report.seccomp_log = SeccompLog{{{.name = "keyctl",
                                    .architecture = "i386",
                                    .is_native = false,
                                    .count = 3,
                                    .process = "cc1\n",
                                    .arguments = {1, 0xffffffffffffffff, 3, 4, 5, 6},
                                    .groups = {"keyrings", "more"}}},
                                  2};
  report.settings = {{"npm", "~/.npmrc", "/home/bob/.npmrc", false}, {"cargo", "~/.cargo/config.toml", "/home/bob/.cargo/config.toml", true}};
  report.warm = {{.name = "go",
                  .generation = "000042-9f86d081884c",
                  .digest = "9f86d081884c7d65",
                  .added_bytes = 8192,
                  .added_files = 2,
                  .copied_bytes = 4096,
                  .copied_files = 257,
                  .degraded = "the kernel did not grant the overlay option metacopy at /box/cache/go-build",
                  .saving = "not saved",
                  .sentence = "the step did not succeed"},
                 {.name = "cpp", .why_cold = "nothing has been saved yet"}};
  report.source_path = "/work/checkout";
  report.changes = {sample_changes(ChangedTree::source, "/work/checkout"), sample_changes(ChangedTree::root, "/")};
  report.outputs = {.state = CarriedOutputs::State::carried,
                    .to = "/srv/out",
                    .listed = {{.path = "bin/app", .bytes = 4, .mode = 0755, .sha256 = std::string(64, 'b'), .target = {}},
                               {.path = "bin/link", .kind = OutputKind::link, .mode = 0777, .sha256 = {}, .target = "app"}},
                    .files = 10'002,
                    .directories = 1,
                    .bytes = 40'008,
                    .missing = {"*.log"}};
  report.strays = {{17, "sleep"}, {23, "java"}};
  report.stray_count = 2;
  report.leftovers = {"cgroup 'stepbox-4711' is still there"};
  report.kernel = "6.1.0-18-amd64";
  report.memory_total = 16 * kGiB;
  report.warnings = {"cannot show '/opt/sdk' in the box: it does not exist"};
  report.hint = "the box: network none";
  report.differences = {{"network", "none"}, {"environment", "without A\xff"}};
  report.verdict = report::verdict_of(report);
  report.sentence = report::sentence_of(report);
  return report;
}

}  // namespace

TEST_CASE("the JSON report is as expected", "[report]") { CHECK(report::to_json(sample()) == golden("report.json")); }

TEST_CASE("the short report of a run that is not over has neither end nor exit code", "[report]") {
  Report report = sample();
  report.verdict = Verdict::running;
  report.sentence = "the run is not over";
  CHECK(report::to_short_json(report) == golden("running.json"));
}

TEST_CASE("the short report of a run that stepbox could not carry out says why", "[report]") {
  Report report = sample();
  report.verdict = Verdict::launcher_error;
  report.exit_code = kExitLauncher;
  report.sentence = "no such policy: 'lots\xff'";
  CHECK(report::to_short_json(report) == golden("launcher-error.json"));
}

TEST_CASE("a step ended by a signal has its name in the JSON report", "[report]") {
  Report report = plain_report(Signaled{SIGTERM, false});
  report.cancelled_by = SIGINT;
  const std::string json = report::to_json(report);
  CHECK(json.find("\"signal\": \"SIGTERM\"") != std::string::npos);
  CHECK(json.find("\"cancelled_by\": \"SIGINT\"") != std::string::npos);
  CHECK(json.find("\"exit_code\": 143") != std::string::npos);
}

TEST_CASE("a deadline is in the JSON report, with what the step was doing", "[report][deadlines]") {
  Report report = plain_report(Signaled{SIGKILL, false});
  report.overrun =
      Overrun{Deadline::silence, std::chrono::milliseconds(1500), {.layer = Layer::command_line, .place = "--silence"}};
  report.grace_exceeded = std::chrono::seconds(10);
  Snapshot snapshot;
  snapshot.reason = Deadline::silence;
  snapshot.at = 1.5;
  snapshot.process_count = 1;
  ProcessState process;
  process.pid = 2;
  process.parent = 1;
  process.state = 'D';
  process.name = "a\xff\n";
  process.files = {{3, "/box/tmp/\x1b"}};
  snapshot.processes = {process};
  snapshot.volumes = {{"cache", 1, 2, 3, 4}};
  report.diagnostics = {snapshot};
  CHECK(report::to_json(report).find(golden("deadline.part.json")) != std::string::npos);
  CHECK(report::to_json(report).find(golden("diagnostics.part.json")) != std::string::npos);
}

TEST_CASE("other records are told in the same form, bytes that are not UTF-8 included", "[report]") {
  const std::string json = report::records_to_json({{"checks", {{{"name", "tmpfs"}, {"cause", "a\xff"}}, {}}}});
  CHECK(json.starts_with("{\n  \"schema_version\": 1,\n  \"checks\": [\n    {\n      \"name\": \"tmpfs\","));
  CHECK(json.find("\"cause\": \"a\uFFFD\"") != std::string::npos);
  CHECK(json.ends_with("    {}\n  ]\n}\n"));
}

TEST_CASE("the summary is as expected", "[report]") {
  CHECK(report::summary(sample(), report::SummaryStyle::plain) + "\n" == golden("summary.txt"));
}

TEST_CASE("the summary for GitHub is as expected", "[report]") {
  CHECK(report::summary(sample(), report::SummaryStyle::github) + "\n" == golden("summary.github"));
}
