#include "sys/memory.hpp"

#include <catch2/catch.hpp>

using namespace stepbox::sys;

TEST_CASE("the path in the v2 hierarchy is the line without a controller", "[sys][memory]") {
  CHECK(cgroup_path("0::/user.slice/session-1.scope\n", "") == "/user.slice/session-1.scope");
  CHECK(cgroup_path("0::/\n", "") == "/");
  CHECK(cgroup_path("12:pids:/a\n4:memory:/b\n0::/c\n", "") == "/c");
}

TEST_CASE("the path of a v1 controller is found among those that share its hierarchy", "[sys][memory]") {
  CHECK(cgroup_path("12:pids:/a\n4:memory:/b\n0::/c\n", "memory") == "/b");
  CHECK(cgroup_path("4:cpu,memory,cpuacct:/b\n", "memory") == "/b");
  CHECK(cgroup_path("1:name=systemd:/x\n", "name=systemd") == "/x");
}

TEST_CASE("a path with colons is whole", "[sys][memory]") {
  CHECK(cgroup_path("0::/system.slice/a:b:c\n", "") == "/system.slice/a:b:c");
}

TEST_CASE("a controller that is not there has no path", "[sys][memory]") {
  for (const char* text : {"", "\n", "0::/c\n", "garbage", "4:memo:/b", "4:memory2:/b", ":", "4:memory"}) {
    INFO(text);
    CHECK(cgroup_path(text, "memory").empty());
  }
}

TEST_CASE("this process may use some memory, and no more than there is", "[sys][memory]") {
  const Memory memory = usable_memory().value();
  CHECK(memory.total >= uint64_t{64} << 20);
  CHECK(memory.usable > 0);
  CHECK(memory.usable <= memory.total);
}
