// Sizes in percent refer to the memory that the caller may use: the tightest limit of its control group and those
// above.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;

struct Hierarchy {
  fs::path mount;
  const char* limit;
};

Hierarchy memory_hierarchy() {
  const std::string v2 = read_file("/sys/fs/cgroup/cgroup.subtree_control");
  if ((" " + v2).find(" memory") != std::string::npos) return {"/sys/fs/cgroup", "memory.max"};
  return {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"};
}

bool groups_can_be_made() {
  return suite_is_root() && ::access(memory_hierarchy().mount.c_str(), W_OK) == 0;
}

const HostFeature memory_groups = {"memory control groups that root can make", groups_can_be_made,
                                   "run the suite as root, with /sys/fs/cgroup writable"};

// A group with a limit, and a group without one below it.
class LimitedGroup {
 public:
  explicit LimitedGroup(long long bytes) {
    const Hierarchy hierarchy = memory_hierarchy();
    outer_ = hierarchy.mount / ("stepbox-test." + suite_word());
    fs::create_directories(inner());
    write_file(outer_ / hierarchy.limit, std::to_string(bytes));
  }
  LimitedGroup(const LimitedGroup&) = delete;
  LimitedGroup& operator=(const LimitedGroup&) = delete;
  ~LimitedGroup() {
    // The group stays busy until the kernel has buried the last process.
    eventually([this] { return ::rmdir(inner().c_str()) == 0; });
    eventually([this] { return ::rmdir(outer_.c_str()) == 0; });
  }

  // In a child.
  void enter() const {
    const std::string pid = std::to_string(::getpid());
    const int fd = ::open((inner() / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && ::write(fd, pid.data(), pid.size()) > 0, "enter the group");
    ::close(fd);
  }

 private:
  fs::path inner() const { return outer_ / "inner"; }
  fs::path outer_;
};

}  // namespace

TEST_CASE("a size in percent is of the memory that the caller's control group leaves", "[quota]") {
  REQUIRE_HOST(memory_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  constexpr long long kLimit = 400 << 20;
  const LimitedGroup group(kLimit);
  const Place place(caller);
  Command step = place.step({"--size", "50%"}, {"stat", "-f", "-c", "%b %S", "/box/tmp"});
  step.prepare = [&] { group.enter(); };
  const Run ran = run(step);
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(volume_of(place.report(), "workspace").at("limit_bytes") == kLimit / 2);
  CHECK(ran.out == std::to_string(kLimit / 2 / 4096) + " 4096\n");
}

}  // namespace stepbox::feature
