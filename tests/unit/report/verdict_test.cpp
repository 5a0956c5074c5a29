#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;
using report::verdict_of;

namespace {

std::string sentence(Report report) {
  report.verdict = verdict_of(report);
  return report::sentence_of(report);
}

Report cancelled(Outcome outcome) {
  Report report = plain_report(outcome);
  report.cancelled_by = SIGTERM;
  return report;
}

}  // namespace

TEST_CASE("exit code and signal decide where nothing was full", "[report]") {
  CHECK(verdict_of(plain_report(Exited{0})) == Verdict::success);
  CHECK(verdict_of(plain_report(Exited{2})) == Verdict::failure);
  CHECK(verdict_of(plain_report(Signaled{SIGSEGV, false})) == Verdict::signal);
  CHECK(verdict_of(plain_report(BoxKilled{SIGKILL})) == Verdict::launcher_error);
}

TEST_CASE("a forbidden system call is the verdict only where the profile kills", "[report]") {
  Report report = plain_report(Signaled{SIGSYS, true});
  CHECK(verdict_of(report) == Verdict::signal);
  report.killing_profile = "/srv/ci.yaml";
  CHECK(verdict_of(report) == Verdict::seccomp);
  CHECK(sentence(report) ==
        "the step was ended by SIGSYS: it made a system call that the seccomp profile '/srv/ci.yaml' forbids");
  report.outcome = Signaled{SIGSEGV, false};
  CHECK(verdict_of(report) == Verdict::signal);
  report.outcome = Signaled{SIGSYS, true};
  report.cancelled_by = SIGTERM;
  CHECK(verdict_of(report) == Verdict::cancelled);
}

TEST_CASE("a command that could not be executed is told apart from one that is not there", "[report]") {
  CHECK(verdict_of(plain_report(NotStarted{ENOENT})) == Verdict::not_found);
  CHECK(verdict_of(plain_report(NotStarted{ENOTDIR})) == Verdict::not_found);
  CHECK(verdict_of(plain_report(NotStarted{EACCES})) == Verdict::not_executable);
  CHECK(verdict_of(plain_report(NotStarted{ENOEXEC})) == Verdict::not_executable);
}

TEST_CASE("a step that failed while a volume was full failed by the quota", "[report]") {
  CHECK(verdict_of(full_cache_report(Exited{1})) == Verdict::disk_quota);
  CHECK(verdict_of(full_cache_report(Signaled{SIGBUS, false})) == Verdict::disk_quota);
}

TEST_CASE("a step that succeeded although a volume was full has succeeded", "[report]") {
  CHECK(verdict_of(full_cache_report(Exited{0})) == Verdict::success);
}

TEST_CASE("a volume without inodes is another quota, and bytes come first", "[report]") {
  Report report = plain_report(Exited{1});
  report.volumes[0].inodes_full = true;
  CHECK(verdict_of(report) == Verdict::inode_quota);
  report.volumes[1].bytes_full = true;
  CHECK(verdict_of(report) == Verdict::disk_quota);
}

TEST_CASE("a step that a deadline ended has that verdict, whatever it exited with and whatever came later",
          "[report][deadlines]") {
  for (const Outcome& outcome :
       {Outcome{Exited{0}}, Outcome{Exited{3}}, Outcome{Signaled{SIGTERM, false}}, Outcome{BoxKilled{SIGKILL}}}) {
    Report report = full_cache_report(outcome);
    report.cancelled_by = SIGTERM;
    report.overrun = Overrun{Deadline::timeout, std::chrono::minutes(30), {}};
    CHECK(verdict_of(report) == Verdict::timeout);
    report.overrun->deadline = Deadline::silence;
    CHECK(verdict_of(report) == Verdict::silence);
  }
}

TEST_CASE("the sentence of a deadline names the limit, its origin, and how the step took it", "[report][deadlines]") {
  Report report = plain_report(Signaled{SIGTERM, false});
  report.overrun = Overrun{Deadline::timeout,
                           std::chrono::minutes(30),
                           {.layer = Layer::project, .place = "ci.yaml", .line = 3, .column = 9}};
  CHECK(sentence(report) ==
        "the step ran into its time limit of 30m (ci.yaml:3:9); asked to end, it was ended by SIGTERM");
  report.outcome = Exited{0};
  CHECK(sentence(report) ==
        "the step ran into its time limit of 30m (ci.yaml:3:9); asked to end, it exited with code 0");
  report.overrun->deadline = Deadline::silence;
  report.outcome = Signaled{SIGKILL, false};
  report.grace_exceeded = std::chrono::seconds(10);
  CHECK(sentence(report) ==
        "the step wrote nothing to its stdout and stderr for 30m (ci.yaml:3:9); it did not end within the grace of 10s "
        "and "
        "was killed");
  report.grace_exceeded.reset();
  report.killed_on_request = true;
  CHECK(sentence(report) ==
        "the step wrote nothing to its stdout and stderr for 30m (ci.yaml:3:9); stepbox was asked to stop twice, and "
        "it was "
        "killed");
}

TEST_CASE("a cancelled step that did not end in the grace says so", "[report][deadlines]") {
  Report report = cancelled(Signaled{SIGKILL, false});
  report.grace_exceeded = std::chrono::seconds(10);
  CHECK(sentence(report) ==
        "the step was stopped by SIGTERM sent to stepbox; it did not end within the grace of 10s and was killed");
}

TEST_CASE("being asked to stop is what ended the step", "[report]") {
  CHECK(verdict_of(cancelled(Signaled{SIGTERM, false})) == Verdict::cancelled);
  CHECK(verdict_of(cancelled(Signaled{SIGKILL, false})) == Verdict::cancelled);
  CHECK(verdict_of(cancelled(Exited{143})) == Verdict::cancelled);
  CHECK(verdict_of(cancelled(BoxKilled{SIGKILL})) == Verdict::cancelled);
}

TEST_CASE("a step that handles the signal and exits with 0 has succeeded", "[report]") {
  CHECK(verdict_of(cancelled(Exited{0})) == Verdict::success);
}

TEST_CASE("a step that never started was not cancelled", "[report]") {
  CHECK(verdict_of(cancelled(NotStarted{ENOENT})) == Verdict::not_found);
}

TEST_CASE("a full volume that is cancelled is cancelled, and the sentence tells both", "[report]") {
  Report report = full_cache_report(Signaled{SIGTERM, false});
  report.cancelled_by = SIGTERM;
  CHECK(verdict_of(report) == Verdict::cancelled);
  CHECK(sentence(report) ==
        "the step was stopped by SIGTERM sent to stepbox while volume 'cache' was full (4 GiB; most of it "
        "go-build: 3.6 GiB)");
}

TEST_CASE("plain ends are plain sentences", "[report]") {
  CHECK(sentence(plain_report(Exited{0})) == "the step succeeded");
  CHECK(sentence(plain_report(Exited{2})) == "the step exited with code 2");
  CHECK(sentence(plain_report(Signaled{SIGSEGV, true})) == "the step was ended by SIGSEGV");
  CHECK(sentence(plain_report(BoxKilled{SIGKILL})) ==
        "the box was killed from outside by SIGKILL; how the step would have ended is not known");
}

TEST_CASE("a failed step tells how full its volumes were seen, from half on, and claims no more", "[report]") {
  Report report = plain_report(Exited{1});
  report.volumes[0].peak_bytes = 4 * kGiB - 1;  // 49 % of 8 GiB
  CHECK(sentence(report) == "the step exited with code 1");
  report.volumes[0].peak_bytes = 5 * kGiB;
  CHECK(sentence(report) == "the step exited with code 1; volume 'workspace': highest sample 62 % of 8 GiB");
  // The fullest comes first, by bytes or by inodes.
  report.volumes[1].peak_bytes = 4 * kGiB - 1;
  report.volumes[0].peak_inodes = 700'000;
  CHECK(sentence(report) ==
        "the step exited with code 1; volume 'cache': highest sample 99 % of 4 GiB; volume 'workspace': highest sample 70 % "
        "of 1000000 inodes");
  report.volumes.push_back(volume("tmp", "/box/tmp", kGiB));
  report.volumes[2].peak_bytes = kGiB / 2;
  CHECK(sentence(report).find("'tmp'") == std::string::npos);
  // A write to mapped memory in a full tmpfs.
  report.outcome = Signaled{SIGBUS, false};
  CHECK(sentence(report).starts_with("the step was ended by SIGBUS; volume 'cache': highest sample 99 % of 4 GiB"));
}

TEST_CASE("where the cause is known, or the step succeeded, the fill levels are not told", "[report]") {
  Report report = plain_report(Exited{1});
  report.volumes[0].peak_bytes = 6 * kGiB;
  const std::string told = sentence(report);
  REQUIRE(told.find("highest sample") != std::string::npos);
  report.outcome = Exited{0};
  CHECK(sentence(report) == "the step succeeded");
  report.outcome = Signaled{SIGTERM, false};
  report.cancelled_by = SIGTERM;
  CHECK(sentence(report).find("highest sample") == std::string::npos);
  report = full_cache_report(Exited{1});
  report.volumes[0].peak_bytes = 6 * kGiB;
  CHECK(sentence(report).find("highest sample") == std::string::npos);
}

TEST_CASE("verdict, exit code and sentence agree", "[report]") {
  struct Row {
    Report report;
    Verdict verdict;
    int code;
  };
  const auto with = [](Outcome outcome, auto change) {
    Report report = plain_report(outcome);
    change(report);
    return report;
  };
  const auto memory = [](Report& report) { report.limits = {{"memory", kGiB, kGiB, 1}}; };
  const auto late = [](Report& report) { report.overrun = Overrun{Deadline::timeout, std::chrono::seconds(1), {}}; };
  const auto late_and_memory = [&](Report& report) { memory(report), late(report); };
  const auto nothing = [](Report&) {};
  const Row rows[] = {
      {with(Exited{0}, nothing), Verdict::success, 0},
      {with(Exited{3}, nothing), Verdict::failure, 3},
      {with(Signaled{SIGSEGV, false}, nothing), Verdict::signal, 139},
      {with(NotStarted{ENOENT}, nothing), Verdict::not_found, 127},
      {with(NotStarted{EACCES}, nothing), Verdict::not_executable, 126},
      {with(BoxKilled{SIGKILL}, nothing), Verdict::launcher_error, 125},
      {with(Exited{0}, late), Verdict::timeout, 124},
      {with(BoxKilled{SIGKILL}, late), Verdict::timeout, 124},
      {with(Exited{0}, memory), Verdict::out_of_memory, 137},
      {with(Exited{3}, memory), Verdict::out_of_memory, 3},
      {with(Exited{0}, late_and_memory), Verdict::out_of_memory, 137},
      {cancelled(CancelledBefore{SIGTERM}), Verdict::cancelled, 143},
      {full_cache_report(Exited{1}), Verdict::disk_quota, 1},
  };
  for (Row row : rows) {
    report::conclude(row.report);
    CAPTURE(row.report.sentence);
    CHECK(row.report.verdict == row.verdict);
    CHECK(row.report.exit_code == row.code);
    CHECK(row.report.sentence == report::sentence_of(row.report));
  }
}

TEST_CASE("a deadline is worded in one place", "[report][deadlines]") {
  const Overrun overrun{Deadline::timeout, std::chrono::minutes(30), {.layer = Layer::command_line, .place = "--timeout"}};
  CHECK(report::overrun_text(overrun) == "the step ran into its time limit of 30m (--timeout)");
  Report report = plain_report(Signaled{SIGTERM, false});
  report.overrun = overrun;
  CHECK(sentence(report).starts_with(report::overrun_text(overrun) + "; "));
}

TEST_CASE("a cancelled step tells the signal, and its exit code if it had one", "[report]") {
  CHECK(sentence(cancelled(Signaled{SIGKILL, false})) == "the step was stopped by SIGTERM sent to stepbox");
  CHECK(sentence(cancelled(Exited{3})) == "the step was stopped by SIGTERM sent to stepbox; it exited with code 3");
}

TEST_CASE("a command that was not found is named", "[report]") {
  Report report = plain_report(NotStarted{ENOENT});
  report.argv = {"foo", "--bar"};
  CHECK(sentence(report) == "command 'foo' was not found in the box");
  report.argv = {"fo\no"};
  CHECK(sentence(report) == "command 'fo\\no' was not found in the box");
}

TEST_CASE("a script may be there and its interpreter not", "[report]") {
  Report report = plain_report(NotStarted{ENOENT});
  report.argv = {"./build.sh"};
  CHECK(sentence(report) == "command './build.sh' was not found in the box");
  report.outcome = NotStarted{ENOENT, 0};
  CHECK(sentence(report) == "the interpreter of command './build.sh' was not found in the box");
}

TEST_CASE("a command that cannot be executed has its reason", "[report]") {
  Report report = plain_report(NotStarted{EACCES});
  report.argv = {"./README"};
  CHECK(sentence(report) == "command './README' cannot be executed: permission denied (EACCES)");
}

TEST_CASE("the sentence names the full volume, its limit and the biggest tool in it", "[report]") {
  CHECK(sentence(full_cache_report(Exited{1})) ==
        "the step exited with code 1 while volume 'cache' was full (4 GiB; most of it go-build: 3.6 GiB)");
}

TEST_CASE("less than half is not most of it", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.caches[0].bytes = kGiB;
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'cache' was full (4 GiB; the largest part go-build: 1 GiB)");
}

TEST_CASE("a tool's folders in one volume are added up", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.caches = {{"npm", "/box/cache/npm", 1500 * kMiB, 1},
                   {"cargo", "/box/cache/cargo/registry", kGiB, 1},
                   {"cargo", "/box/cache/cargo/git", 1536 * kMiB, 1}};
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'cache' was full (4 GiB; most of it cargo: 2.5 GiB)");
}

TEST_CASE("what belongs to no known tool is named by its path", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.volumes[0].bytes_full = true;
  report.volumes[1].bytes_full = false;
  report.caches = {{"unknown", "/box/home/.wasm\ntime", 7 * kGiB, 1}};
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'workspace' was full (8 GiB; most of it /box/home/.wasm\\ntime: 7 GiB)");
}

TEST_CASE("a cache counts for the volume that is mounted closest to it", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.volumes[0].bytes_full = true;
  report.volumes[1].bytes_full = false;
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'workspace' was full (8 GiB; the largest part /box/home/.wasmtime: "
        "300 MiB)");
}

TEST_CASE("a full volume of which nothing is known is still named", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.caches.clear();
  CHECK(sentence(report) == "the step exited with code 1 while volume 'cache' was full (4 GiB)");
}

TEST_CASE("a volume without inodes tells their number and who has them", "[report]") {
  Report report = full_cache_report(Exited{1});
  report.volumes[1].bytes_full = false;
  report.volumes[1].inodes_full = true;
  report.volumes[1].limit_inodes = 50'000;
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'cache' had no inode left (50000; most of them go-build: 41000)");
}

TEST_CASE("two full volumes are both named", "[report]") {
  Report report = plain_report(Exited{1});
  for (VolumeUsage& full : report.volumes) full.bytes_full = true;
  CHECK(sentence(report) ==
        "the step exited with code 1 while volume 'workspace' was full (8 GiB) and volume 'cache' was full (4 GiB)");
}

TEST_CASE("a limit that was reached has a hint at the option that raises it", "[report]") {
  const auto hint = [](Report report) {
    report::conclude(report);
    return report.hint;
  };
  Report full = plain_report(Exited{1});
  full.volumes[0].bytes_full = true;
  CHECK(hint(full) == "raise it with --size SIZE");
  CHECK(hint(full_cache_report(Exited{1})) == "raise it with --volume cache=SIZE");
  CHECK(hint(full_cache_report(Exited{0})).empty());
  Report inodes = plain_report(Exited{1});
  inodes.volumes[0].inodes_full = inodes.volumes[1].inodes_full = true;
  CHECK(hint(inodes) == "raise it with --inodes COUNT and --volume cache=SIZE,inodes=COUNT");
  Report memory = plain_report(Signaled{SIGKILL, false});
  memory.limits = {{"memory", kGiB, kGiB, 1}};
  CHECK(hint(memory) == "raise it with --limit memory=SIZE");
  memory.limits[0].hits_from_above = true;
  CHECK(hint(memory).empty());
  Report processes = plain_report(Exited{1});
  processes.limits = {{"processes", 10, 10, 1}};
  CHECK(hint(processes) == "raise it with --limit processes=COUNT");
  processes.hint = "known already";
  CHECK(hint(processes) == "known already");
}

TEST_CASE("a process killed for memory comes before everything but a step that never ran", "[report]") {
  Report report = full_cache_report(Exited{0});
  report.limits = {{"memory", kGiB, kGiB, 2}};
  report.volumes[0].peak_bytes = 600 * kMiB;
  CHECK(verdict_of(report) == Verdict::out_of_memory);
  CHECK(sentence(report) ==
        "memory ran out at the limit of 1 GiB while the volumes held 600 MiB, and the kernel killed 2 processes; the step "
        "itself exited with code 0");
  Report without_box = report;
  without_box.volumes.clear();
  CHECK(sentence(without_box).starts_with("memory ran out at the limit of 1 GiB, and the kernel killed 2 processes"));
  Report from_above = report;
  from_above.limits[0].hits_from_above = true;
  CHECK(verdict_of(from_above) == Verdict::out_of_memory);
  CHECK(sentence(from_above).starts_with("memory ran out outside of the box, whose own limit of 1 GiB was not "
                                         "reached, while the volumes held 600 MiB, and the kernel killed 2 processes; "));
  report.cancelled_by = SIGTERM;
  CHECK(verdict_of(report) == Verdict::out_of_memory);
  report.outcome = NotStarted{ENOENT};
  CHECK(verdict_of(report) == Verdict::not_found);
}

TEST_CASE("a process that memory was taken from is named as surely as it is known", "[report]") {
  Report report = plain_report(Signaled{SIGKILL, false});
  report.volumes.clear();
  report.limits = {{"memory", kGiB, kGiB, 1}};
  const auto text = [&](const MemoryHolder& holder) {
    report.memory_holder = holder;
    return sentence(report);
  };
  CHECK(text({7, "cc1\nplus", 900 * kMiB, true}) ==
        "memory ran out at the limit of 1 GiB, and the kernel killed 1 process: 'cc1\\nplus' (900 MiB); the step was ended "
        "by SIGKILL");
  CHECK(text({7, "cc1plus", 900 * kMiB, false}) ==
        "memory ran out at the limit of 1 GiB, and the kernel killed 1 process; the largest was 'cc1plus' (900 MiB); the "
        "step was ended by SIGKILL");
  CHECK(text({7, "cc1plus", 2 * kGiB, true}).find(": 'cc1plus' (2 GiB in memory, files it maps included); ") != std::string::npos);
  // The last one left of many, perhaps; it says nothing.
  CHECK(text({7, "make", 9 * kMiB, false}).find("make") == std::string::npos);
  report.limits[0].hits = 3;
  CHECK(text({7, "cc1plus", 900 * kMiB, true}).find("killed 3 processes, among them 'cc1plus' (900 MiB); ") !=
        std::string::npos);
}

TEST_CASE("memory that ran out around a box without a limit is the cause of a step that failed for no surer reason",
          "[report]") {
  Report report = plain_report(Signaled{SIGKILL, false});
  report.limits = {{.name = "memory", .limit = 512 * kMiB, .hits = 1, .hits_from_above = true, .is_enclosing = true}};
  CHECK(verdict_of(report) == Verdict::out_of_memory);
  CHECK(sentence(report) ==
        "memory ran out in the control group that stepbox runs in (limit 512 MiB), where the kernel killed 1 process, of "
        "the step or beside it; the step was ended by SIGKILL");
  report.outcome = Exited{2};
  CHECK(verdict_of(report) == Verdict::out_of_memory);
  CHECK(sentence(report).ends_with("; the step exited with code 2"));
  report.outcome = BoxKilled{SIGKILL};
  CHECK(verdict_of(report) == Verdict::out_of_memory);
  report.outcome = Exited{0};
  CHECK(verdict_of(report) == Verdict::success);
  CHECK(sentence(report) == "the step succeeded");
  report.outcome = Exited{2};
  report.cancelled_by = SIGTERM;
  CHECK(verdict_of(report) == Verdict::cancelled);
  report.overrun = Overrun{Deadline::timeout, std::chrono::seconds(1), {}};
  CHECK(verdict_of(report) == Verdict::timeout);
}

TEST_CASE("a refused process is the cause only of a step that failed, and behind a full volume", "[report]") {
  Report report = plain_report(Exited{1});
  report.limits = {{"memory", kGiB, kMiB, 0}, {"processes", 50, 50, 3}, {"cpu", 500, 0, 1'000}};
  CHECK(verdict_of(report) == Verdict::process_limit);
  CHECK(sentence(report) == "the step exited with code 1 while the limit of 50 processes was reached");
  report.limits[1].hits_from_above = true;
  CHECK(verdict_of(report) == Verdict::failure);
  CHECK(sentence(report) == "the step exited with code 1 while a limit on processes outside of the box was "
                            "reached (not the box's own limit of 50 processes)");
  report.outcome = Exited{0};
  CHECK(verdict_of(report) == Verdict::success);
  report = full_cache_report(Exited{1});
  report.limits = {{"processes", 50, 50, 3}};
  CHECK(verdict_of(report) == Verdict::disk_quota);
  CHECK(sentence(report).ends_with(") and the limit of 50 processes was reached"));
}

TEST_CASE("waiting for the processor is no cause of anything", "[report]") {
  Report report = plain_report(Exited{1});
  report.limits = {{"cpu", 500, 0, 1'000}};
  CHECK(verdict_of(report) == Verdict::failure);
  report.outcome = Exited{0};
  report.verdict = Verdict::success;
  CHECK_FALSE(report::is_noteworthy(report));
}

TEST_CASE("a script whose interpreter is missing is told with it", "[report]") {
  Report told;
  told.argv = {"./s.sh"};
  told.outcome = NotStarted{ENOENT, 0};
  told.interpreter = "/usr/bin/pyton";
  told.verdict = report::verdict_of(told);
  CHECK(told.verdict == Verdict::not_found);
  CHECK(report::sentence_of(told) == "the interpreter '/usr/bin/pyton' of command './s.sh' was not found in the box");
}

TEST_CASE("a step that succeeded has failed if its outputs have, and no other step has", "[report]") {
  Report told = plain_report(Exited{0});
  told.outputs = {.state = CarriedOutputs::State::failed, .to = {}, .listed = {}, .failure = Error{"output 'x' is a FIFO"}};
  CHECK(verdict_of(told) == Verdict::output_missing);
  CHECK(exit_code_of(Verdict::output_missing, told.outcome) == 123);
  CHECK(sentence(told) == "the step succeeded, but its outputs were not carried out: output 'x' is a FIFO");
  told.outputs.state = CarriedOutputs::State::carried;
  CHECK(sentence(told) == "the step succeeded; output 'x' is a FIFO");
  told.outcome = Exited{3};
  CHECK(verdict_of(told) == Verdict::failure);
}
