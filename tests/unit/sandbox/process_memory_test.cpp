#include <unistd.h>

#include <catch2/catch.hpp>

#include "sandbox/process_memory.hpp"
#include "sandbox/stat_line.hpp"

using namespace stepbox;
using sandbox::parse_process_memory;
using sandbox::StatLine;

TEST_CASE("the fields of a process are found behind any name", "[process-memory]") {
  const StatLine line("42 (a) S (b)) Z 7 3 4\n");
  REQUIRE(line);
  CHECK(line.name() == "a) S (b)");
  CHECK(line.field(3) == "Z");
  CHECK(line.integer(4) == 7);
  CHECK(line.count(6) == 4);
  CHECK(line.field(1).empty());
  CHECK(line.field(99).empty());
  CHECK(line.count(99) == 0);
}

TEST_CASE("what is no such line has no fields", "[process-memory]") {
  for (const char* text : {"", "42", "42 (a", "42 a) S", "42 (a)", "42 )a( S 1"}) {
    CAPTURE(text);
    CHECK_FALSE(StatLine(text));
    CHECK_FALSE(parse_process_memory(42, text));
  }
}

TEST_CASE("memory and the mark of a process that a signal has ended are read", "[process-memory]") {
  const std::string alive = "7 (cc1plus) R 1 1 1 0 -1 4194304 0 0 0 0 1 2 0 0 20 0 1 0 99 1000000 25 184467";
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  REQUIRE(parse_process_memory(7, alive));
  CHECK(parse_process_memory(7, alive)->name == "cc1plus");
  CHECK(parse_process_memory(7, alive)->bytes == 25 * page);
  CHECK_FALSE(parse_process_memory(7, alive)->is_dying);
  CHECK(parse_process_memory(7, alive + " 1 1 0 0 0 256 0")->is_dying);
  CHECK_FALSE(parse_process_memory(7, alive + " 1 1 0 0 0 16384 256")->is_dying);
  std::string dying = alive;
  dying.replace(dying.find("4194304"), 7, std::to_string(4194304 + 0x400 + 0x4));
  CHECK(parse_process_memory(7, dying)->is_dying);
}
