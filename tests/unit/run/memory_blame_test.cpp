#include <catch2/catch.hpp>

#include "run/memory_blame.hpp"

using namespace stepbox;
using run::MemoryBlame;

namespace {

ProcessMemory alive(int pid, const char* name, uint64_t bytes) { return {pid, name, bytes, false}; }
ProcessMemory dying(int pid, const char* name, uint64_t bytes) { return {pid, name, bytes, true}; }

}  // namespace

TEST_CASE("without a look there is nobody to name", "[memory-blame]") {
  MemoryBlame blame;
  CHECK_FALSE(blame.holder());
  blame.look({alive(2, "sh", 0), dying(3, "true", 0)});
  CHECK_FALSE(blame.holder());
}

TEST_CASE("the largest process is named, and not as killed", "[memory-blame]") {
  MemoryBlame blame;
  blame.look({alive(2, "sh", 10), alive(3, "cc1plus", 900), alive(4, "make", 20)});
  REQUIRE(blame.holder());
  CHECK(blame.holder()->name == "cc1plus");
  CHECK(blame.holder()->bytes == 900);
  CHECK_FALSE(blame.holder()->was_killed);
}

TEST_CASE("a process that is dying comes before a larger one that is not", "[memory-blame]") {
  MemoryBlame blame;
  blame.look({alive(2, "java", 900), alive(3, "cc1plus", 800)});
  blame.look({alive(2, "java", 900), dying(3, "cc1plus", 5)});
  REQUIRE(blame.holder());
  CHECK(blame.holder()->pid == 3);
  CHECK(blame.holder()->was_killed);
  // As it was before it gave its memory back.
  CHECK(blame.holder()->bytes == 800);
}

TEST_CASE("a process that had nothing left when it was first seen dying is not named", "[memory-blame]") {
  MemoryBlame blame;
  blame.look({alive(2, "java", 900), dying(3, "sleep", 0)});
  REQUIRE(blame.holder());
  CHECK(blame.holder()->name == "java");
}

TEST_CASE("another program in the same process starts anew", "[memory-blame]") {
  MemoryBlame blame;
  blame.look({alive(3, "cc1plus", 900)});
  blame.look({alive(3, "as", 10)});
  REQUIRE(blame.holder());
  CHECK(blame.holder()->name == "as");
  CHECK(blame.holder()->bytes == 10);
}
