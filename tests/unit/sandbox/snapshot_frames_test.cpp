#include "sandbox/snapshot_frames.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "sandbox/socket_table.hpp"

using namespace stepbox;
using namespace stepbox::sandbox;
using namespace std::string_literals;

namespace {

// Fields as in proc(5): state, parent, utime 14, stime 15, threads 20.
std::string stat_of(const std::string& name, char state, int parent, long ticks) {
  return "42 (" + name + ") " + state + " " + std::to_string(parent) + " 2 2 0 -1 4194304 1 0 0 0 " +
         std::to_string(ticks) + " 0 0 0 20 0 3 0 100 1 1";
}

}  // namespace

TEST_CASE("what was read of a process comes together", "[sandbox][deadlines]") {
  const Snapshot snapshot = assemble(frame(FrameKind::count, 0, "2") +                                                //
                                     frame(FrameKind::stat, 42, stat_of("sh", 'S', 7, ::sysconf(_SC_CLK_TCK) * 3)) +  //
                                     frame(FrameKind::wait_channel, 42, "do_wait") +                                  //
                                     frame(FrameKind::open_file, 42, "3 /a b") +                                      //
                                     frame(FrameKind::command_line, 42, "sh\0-c\0exit 1\0"s) +                        //
                                     frame(FrameKind::end, 0, ""));
  CHECK(snapshot.complete);
  CHECK(snapshot.process_count == 2);
  REQUIRE(snapshot.processes.size() == 1);
  const ProcessState& process = snapshot.processes[0];
  CHECK(process.pid == 42);
  CHECK(process.parent == 7);
  CHECK(process.name == "sh");
  CHECK(process.state == 'S');
  CHECK(process.cpu == 3);
  CHECK(process.threads == 3);
  CHECK(process.wait_channel == "do_wait");
  CHECK(process.command_line == "sh -c exit 1");
  REQUIRE(process.files.size() == 1);
  CHECK(process.files[0].fd == 3);
  CHECK(process.files[0].target == "/a b");
}

TEST_CASE("a process may call itself anything", "[sandbox][deadlines]") {
  for (const char* name : {") R 1 (", "a) b", "", "))", "\x1b[2J"}) {
    const Snapshot snapshot = assemble(frame(FrameKind::stat, 42, stat_of(name, 'D', 7, 0)));
    REQUIRE(snapshot.processes.size() == 1);
    CHECK(snapshot.processes[0].name == name);
    CHECK(snapshot.processes[0].state == 'D');
    CHECK(snapshot.processes[0].parent == 7);
  }
}

TEST_CASE("a process that does not wait has no wait channel, and a long command line is cut", "[sandbox][deadlines]") {
  const Snapshot snapshot =
      assemble(frame(FrameKind::stat, 42, stat_of("a", 'R', 1, 0)) + frame(FrameKind::wait_channel, 42, "0") +
               frame(FrameKind::command_line, 42, std::string(4096, 'x')));
  CHECK(snapshot.processes.at(0).wait_channel.empty());
  CHECK(snapshot.processes.at(0).command_line == std::string(512, 'x') + "...");
}

TEST_CASE("what is cut off anywhere is what was told until then, and not complete", "[sandbox][deadlines]") {
  const std::string whole = frame(FrameKind::count, 0, "1") + frame(FrameKind::stat, 42, stat_of("sh", 'S', 1, 0)) +
                            frame(FrameKind::open_file, 42, "3 /a") + frame(FrameKind::end, 0, "");
  for (size_t length = 0; length < whole.size(); ++length) {
    const Snapshot snapshot = assemble(std::string_view(whole).substr(0, length));
    CHECK_FALSE(snapshot.complete);
    CHECK(snapshot.processes.size() <= 1);
  }
}

TEST_CASE("nonsense is passed over", "[sandbox][deadlines]") {
  for (const char* stat : {"", "42", "42 (", "42 (a", "42 (a)", "42 )a(", "42 (a) ", "42 (a) S x y z"})
    CHECK(assemble(frame(FrameKind::stat, 42, stat)).processes.size() <= 1);
  CHECK(assemble(frame(FrameKind::open_file, 42, "3 /a") + frame(FrameKind::wait_channel, 9, "x")).processes.empty());
}

TEST_CASE("a socket is named by the kernel's tables", "[sandbox][deadlines]") {
  const std::string tcp =
      "net/tcp\n"
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100\n"
      "   1: 0100007F:1F90 0200000A:01BB 02 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100\n";
  const std::string tcp6 =
      "net/tcp6\n   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 "
      "333 1\n";
  const std::string unix_table =
      "net/unix\nNum       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 444 /run/my socket\n"
      "0000000000000000: 00000002 00000000 00000000 0001 03 555\n";
  SocketNames names;
  for (const std::string& table : {tcp, tcp6, unix_table}) add_sockets(names, table);
  CHECK(names.size() == 5);
  CHECK(names["socket:[111]"] == "tcp 127.0.0.1:8080 LISTEN");
  CHECK(names["socket:[222]"] == "tcp 127.0.0.1:8080 to 10.0.0.2:443 SYN_SENT");
  CHECK(names["socket:[333]"] == "tcp6 [::1]:80 LISTEN");
  CHECK(names["socket:[444]"] == "unix /run/my socket");
  CHECK(names["socket:[555]"] == "unix");

  const Snapshot snapshot =
      assemble(frame(FrameKind::stat, 42, stat_of("a", 'S', 1, 0)) + frame(FrameKind::open_file, 42, "5 socket:[222]") +
               frame(FrameKind::open_file, 42, "6 socket:[9]") + frame(FrameKind::socket_table, 42, tcp));
  CHECK(snapshot.processes.at(0).files.at(0).target == "tcp 127.0.0.1:8080 to 10.0.0.2:443 SYN_SENT");
  CHECK(snapshot.processes.at(0).files.at(1).target == "socket:[9]");
}

TEST_CASE("a table of sockets that is no table names none", "[sandbox][deadlines]") {
  SocketNames names;
  for (const char* table : {"", "net/tcp", "net/tcp\n\n", "net/tcp\n0: x:y z:w 0A a b c d e f g",
                            "net/tcp\n0: 0100007F:XX 0:0 0A 1 2 3 4 5 6", "net/unix\n0 1 2 3 zz 5 6"})
    add_sockets(names, table);
  CHECK(names.empty());
}
