// Where the caller is in the hierarchies, from what hosts of every kind say.
#include "cgroup/hierarchies.hpp"

#include <catch2/catch.hpp>
#include <ostream>

using namespace stepbox;

namespace stepbox {

std::ostream& operator<<(std::ostream& out, const CgroupHierarchy& hierarchy) {
  out << (hierarchy.unified ? "v2" : "v1") << " " << hierarchy.own << " at " << hierarchy.mount << " with";
  for (const std::string& name : hierarchy.controllers) out << " " << name;
  return out;
}

}  // namespace stepbox

namespace {

using Hierarchies = std::vector<CgroupHierarchy>;

Hierarchies found(std::string_view mountinfo, std::string_view own) {
  return cgroup::find_hierarchies(sys::parse_mountinfo(mountinfo), own);
}

CgroupHierarchy v1(std::vector<std::string> controllers, std::string own, std::string mount) {
  return {.unified = false,
          .controllers = std::move(controllers),
          .enabled = {},
          .own = std::move(own),
          .mount = std::move(mount)};
}

CgroupHierarchy v2(std::string own, std::string mount) {
  return {.unified = true, .controllers = {}, .enabled = {}, .own = std::move(own), .mount = std::move(mount)};
}

constexpr const char* kV1 =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
constexpr const char* kV2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";

}  // namespace

TEST_CASE("v1 has a hierarchy for each set of controllers, and one for systemd that limits nothing", "[cgroup]") {
  CHECK(found(kV1, "9:name=systemd:/user.slice\n8:pids:/a\n4:memory:/jobs/17\n1:cpu,cpuacct:/\n") ==
        Hierarchies{v1({"pids"}, "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/pids"),
                    v1({"memory"}, "/sys/fs/cgroup/memory/jobs/17", "/sys/fs/cgroup/memory"),
                    v1({"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct")});
}

TEST_CASE("v2 has one, whatever is below it", "[cgroup]") {
  CHECK(found(kV2, "0::/\n") == Hierarchies{v2("/sys/fs/cgroup", "/sys/fs/cgroup")});
  CHECK(found(kV2, "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u5.scope\n") ==
        Hierarchies{v2("/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-u5.scope",
                       "/sys/fs/cgroup")});
  CHECK(found(kV2, "0::/system.slice/ci.service\n")[0].own == "/sys/fs/cgroup/system.slice/ci.service");
}

TEST_CASE("both versions stand side by side", "[cgroup]") {
  const std::string both = std::string(kV1) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  CHECK(found(both, "4:memory:/job\n0::/init.scope\n") ==
        Hierarchies{v1({"memory"}, "/sys/fs/cgroup/memory/job", "/sys/fs/cgroup/memory"),
                    v2("/sys/fs/cgroup/unified/init.scope", "/sys/fs/cgroup/unified")});
}

TEST_CASE("a container may see its own group as the top, or be told its path on the host", "[cgroup]") {
  // A cgroup namespace of its own.
  CHECK(found(kV2, "0::/\n")[0].own == "/sys/fs/cgroup");
  // None: docker on v1 mounts the container's own group.
  const char* docker = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  CHECK(found(docker, "4:memory:/docker/abc\n")[0].own == "/sys/fs/cgroup/memory");
  CHECK(found(docker, "4:memory:/docker/abc/step\n")[0].own == "/sys/fs/cgroup/memory/step");
}

TEST_CASE("a hierarchy that does not show the caller's own group is none", "[cgroup]") {
  CHECK(found("35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/docker/abcd\n")
            .empty());
  CHECK(found(kV2, "0::/../other\n").empty());
  CHECK(found("31 23 0:28 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n").empty());
  CHECK(found("", "0::/\n").empty());
  CHECK(found(kV2, "").empty());
  CHECK(found(kV2, "nonsense\n:\n::\n0:\n").empty() == false);  // "::" is v2 with an empty path: the top
}

TEST_CASE("the innermost unit of systemd is the one that can be delegated", "[cgroup]") {
  const auto unit = [](const char* groups) { return cgroup::unit_of(found(kV2, groups)[0]); };
  CHECK(unit("0::/system.slice/ci.service\n") == "/sys/fs/cgroup/system.slice/ci.service");
  CHECK(unit("0::/system.slice/ci.service/job/7\n") == "/sys/fs/cgroup/system.slice/ci.service");
  CHECK(unit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n") ==
        "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope");
  CHECK(unit("0::/docker/abc\n").empty());
  CHECK(unit("0::/\n").empty());
}

TEST_CASE("paths with blanks and colons are taken as they are", "[cgroup]") {
  CHECK(found("31 23 0:28 / /sys/fs/c\\040g rw - cgroup2 cgroup2 rw\n", "0::/a:b c\n")[0].own == "/sys/fs/c g/a:b c");
}
