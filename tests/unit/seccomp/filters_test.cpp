// Which filter a word stands for, and that the kernel takes it.
#include "seccomp/filters.hpp"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "sandbox/seccomp.hpp"
#include "seccomp/filter_table.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::seccomp;

namespace {

// The number of the check that failed, or 0.
int in_child_with(const SeccompFilter& filter, int (*check)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(sandbox::load_filter(filter) != 0 ? 99 : check());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("the names of profiles are those that a policy knows", "[sandbox][filter]") {
  CHECK(std::size(kSeccompNames) == kBuiltinFilters.size() + 1);
  for (const std::string_view name : kSeccompNames) {
    const auto filter = find_filter(std::string(name));
    REQUIRE(filter);
    CHECK((*filter)->profile == name);
    CHECK_FALSE((*filter)->summary.empty());
  }
}

TEST_CASE("every group of a built-in profile has a reason", "[sandbox][filter]") {
  for (const std::string name : {"default", "strict"}) {
    const auto filter = find_filter(name);
    REQUIRE(filter);
    CHECK((*filter)->profile == name);
    CHECK_FALSE((*filter)->groups.empty());
    for (const SeccompGroup& group : (*filter)->groups) CHECK(group.why.size() > 40);
  }
}

TEST_CASE("a step that may set extended attributes has the same filter without that group", "[sandbox][filter]") {
  for (const std::string name : {"default", "strict"}) {
    const auto filter = find_filter(name);
    const auto wider = find_filter(name, Attributes::allowed);
    REQUIRE(filter);
    REQUIRE(wider);
    CHECK((*filter)->bounds_memory);
    CHECK_FALSE((*wider)->bounds_memory);
    CHECK((*wider)->profile == name);
    CHECK((*wider)->groups.size() + 1 == (*filter)->groups.size());
    CHECK(std::ranges::count((*filter)->groups, kAttributesGroup, &SeccompGroup::name) == 1);
    CHECK(std::ranges::count((*wider)->groups, kAttributesGroup, &SeccompGroup::name) == 0);
    const auto set = [] { return ::syscall(SYS_setxattr, nullptr, nullptr, nullptr, 0, 0) == -1 ? errno : 0; };
    CHECK(in_child_with(**filter, set) == EOPNOTSUPP);
    CHECK(in_child_with(**wider, set) == EFAULT);
  }
}

TEST_CASE("a file bounds kernel memory where it refuses every call that takes it", "[sandbox][filter]") {
  const test::TempTree tree;
  const std::string path = tree / "own.yaml";
  const auto bounds = [&](const std::string& text, Attributes attributes = Attributes::as_profile) {
    std::ofstream(path, std::ios::trunc) << "version: 1\n" << text;
    const auto filter = find_filter(path, attributes);
    if (!filter) FAIL(filter.error().message);
    return (*filter)->bounds_memory;
  };
  CHECK(bounds("extends: default\n"));
  CHECK_FALSE(bounds("extends: default\n", Attributes::allowed));
  CHECK_FALSE(bounds("extends: default\nwithout: [io-uring]\n"));
  CHECK_FALSE(bounds("extends: default\nwithout: [keyrings]\n"));
  CHECK_FALSE(bounds("extends: default\nwithout: [extended-attributes]\n"));
  // Whatever the group is called, and not where a call is refused for some arguments only.
  const std::string own = "extends: default\nwithout: [extended-attributes]\ngroups:\n  - {name: a, why: a test, refuse: [{calls: [setxattr, ";
  CHECK(bounds(own + "lsetxattr, fsetxattr, setxattrat], answer: EPERM}]}\n"));
  CHECK_FALSE(bounds(own + "lsetxattr, setxattrat], answer: EPERM}, {calls: [fsetxattr], when: [{argument: 0, is: [3]}], answer: EPERM}]}\n"));
}

TEST_CASE("off is no filter", "[sandbox][filter]") {
  const auto filter = find_filter("off");
  REQUIRE(filter);
  CHECK((*filter)->program.empty());
  CHECK(in_child_with(**filter, [] { return ::prctl(PR_GET_SECCOMP) == 0 ? 0 : 1; }) == 0);
}

TEST_CASE("the kernel takes the default filter, and it does what it says", "[sandbox][filter]") {
  const auto filter = find_filter("default");
  REQUIRE(filter);
  CHECK(in_child_with(**filter, [] {
          if (::syscall(SYS_keyctl, 0, 0, 0, 0, 0) != -1 || errno != EPERM) return 2;
          if (::syscall(SYS_io_uring_setup, 1, nullptr) != -1 || errno != ENOSYS) return 3;
          char character = 'x';
          if (::ioctl(-1, TIOCSTI, &character) != -1 || errno != EPERM) return 4;
          if (::ioctl(-1, TCGETS, nullptr) != -1 || errno != EBADF) return 5;
          return 0;
        }) == 0);
}

TEST_CASE("a file is compiled, loaded, and outlives the text it came from", "[sandbox][filter]") {
  const test::TempTree tree;
  const std::string path = tree / "own.yaml";
  std::ofstream(path)
      << "version: 1\ngroups:\n  - {name: mine, why: a test, refuse: [{calls: [getppid], answer: E2BIG}]}\n";
  const auto filter = find_filter(path);
  if (!filter) FAIL(filter.error().message);
  const std::shared_ptr<const SeccompFilter> copy = *filter;
  CHECK(copy->profile == path);
  REQUIRE(copy->groups.size() == 1);
  CHECK(copy->groups[0].name == "mine");
  CHECK_FALSE(copy->kills);
  CHECK(in_child_with(*copy, [] { return ::syscall(SYS_getppid) == -1 && errno == E2BIG ? 0 : 1; }) == 0);
}

TEST_CASE("a file that cannot be a profile is refused with its name", "[sandbox][filter]") {
  const test::TempTree tree;
  const std::string path = tree / "own.yaml";
  const auto refusal = [&](const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
    const auto filter = find_filter(path);
    return filter ? std::string("accepted") : filter.error().message;
  };
  CHECK(refusal("version: 1\n").ends_with("refuses nothing"));
  CHECK(refusal("version: 1\ngruops: []\n").ends_with(path + ":2:1: unknown key 'gruops'"));
  CHECK(refusal("").starts_with("cannot use the seccomp profile '" + path));
  std::filesystem::remove(path);
  const auto missing = find_filter(path);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().number == ENOENT);
}
