#include "report/snapshot_text.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

ProcessState process(int pid, std::string command) {
  ProcessState made;
  made.pid = pid;
  made.parent = 1;
  made.state = 'S';
  made.name = "sh";
  made.threads = 1;
  made.command_line = std::move(command);
  return made;
}

Snapshot of(std::vector<ProcessState> processes) {
  Snapshot snapshot;
  snapshot.process_count = processes.size();
  snapshot.processes = std::move(processes);
  return snapshot;
}

}  // namespace

TEST_CASE("a process is a line: state, what it waits in, time, command, open files", "[report][deadlines]") {
  ProcessState one = process(7, "go test ./...");
  one.wait_channel = "futex_wait_queue";
  one.cpu = 12.345;
  one.threads = 9;
  one.files = {{0, "/dev/null"},
               {1, "pipe:[1]"},
               {3, "anon_inode:[eventpoll]"},
               {4, "/box/tmp/x"},
               {5, "tcp 127.0.0.1:80 LISTEN"}};
  const auto lines = report::lines_of(of({one}));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "  process 7 (parent 1) sleeping in futex_wait_queue, cpu 12.35 s, 9 threads: go test ./...; has open "
        "/box/tmp/x, tcp 127.0.0.1:80 LISTEN");
}

TEST_CASE("nothing a process calls itself reaches the terminal as it is", "[report][deadlines]") {
  ProcessState one = process(7, "a\x1b[2Jb\nc");
  one.wait_channel = "\x1b[1m";
  one.files = {{9, "/tmp/\x07\n"}};
  const auto lines = report::lines_of(of({one}));
  CHECK(lines[0] == "  process 7 (parent 1) sleeping in \\x1b[1m, cpu 0.00 s: a\\x1b[2Jb\\nc; has open /tmp/\\x07\\n");
}

TEST_CASE("a process without a command line has its name", "[report][deadlines]") {
  CHECK(report::lines_of(of({process(7, "")}))[0].ends_with(": [sh]"));
}

TEST_CASE("of many processes the first are told, and how many there are", "[report][deadlines]") {
  Snapshot snapshot = of(std::vector<ProcessState>(200, process(7, "x")));
  snapshot.process_count = 5000;
  snapshot.complete = false;
  snapshot.volumes = {{"cache", 1 << 20, 2 << 20, 10, 20}};
  const auto lines = report::lines_of(snapshot);
  REQUIRE(lines.size() == 15);
  CHECK(lines[12] == "  and 4988 more processes");
  CHECK(lines[13] == "  there was no time to look at everything");
  CHECK(lines[14] == "  volume 'cache' holds 1 MiB of 2 MiB, 10 of 20 inodes");
}
