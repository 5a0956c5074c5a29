#include "cgroup/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "sys/fd.hpp"
#include "sys/remove_tree.hpp"

using namespace stepbox;

namespace {

constexpr std::chrono::minutes kLong{1};
constexpr uid_t kNobody = 65'534;

// In a child, whom modes bind. Its answer, 0 to 255.
int as_nobody(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(255);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Plain directories: what holds for groups without processes holds for them, and a file in one is in the way as a
// process is.
class Folder {
 public:
  Folder() : path_(::mkdtemp(text_)), fd_(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~Folder() {
    sys::remove_tree(fd_.get());
    ::rmdir(path_.c_str());
  }
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

 private:
  char text_[32] = "/tmp/stepbox-test-XXXXXX";
  std::string path_;
  sys::Fd fd_;
};

// The innermost of `depth` directories, one in the other.
sys::Fd nest(int top, int depth) {
  sys::Fd here(::dup(top));
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(here.get(), "deeper", 0755) == 0);
    REQUIRE(::mkdirat(here.get(), "beside", 0755) == 0);
    here = sys::Fd(::openat(here.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(here);
  }
  return here;
}

}  // namespace

TEST_CASE("groups are removed however deep a step has nested them", "[cgroup]") {
  const Folder folder;
  const int depth = GENERATE(0, 1, 2, 3000);
  nest(folder.fd(), depth);
  CHECK(cgroup::remove_group(folder.path().c_str(), kLong) == 0);
  CHECK(::access(folder.path().c_str(), F_OK) != 0);
}

TEST_CASE("groups that a step has taken its own rights to away from itself are removed", "[cgroup]") {
  const Folder folder;
  const mode_t mode = GENERATE(0, 0111, 0444, 0555);
  nest(folder.fd(), 3);
  const auto below = {"", "/deeper", "/deeper/deeper", "/deeper/beside"};
  // Of the suite's user where that is not root.
  if (::geteuid() == 0)
    for (const char* name : below) REQUIRE(::chown((folder.path() + name).c_str(), kNobody, kNobody) == 0);
  REQUIRE(::chmod((folder.path() + "/deeper/deeper").c_str(), mode) == 0);
  REQUIRE(::chmod((folder.path() + "/deeper").c_str(), mode) == 0);
  CHECK(as_nobody([&] { return cgroup::remove_group(folder.path().c_str(), kLong); }) == 0);
  CHECK(::access(folder.path().c_str(), F_OK) != 0);
}

TEST_CASE("a group in use stays with those above it, and that is told", "[cgroup]") {
  const Folder folder;
  const int depth = GENERATE(0, 1, 7);
  const bool has_groups = GENERATE(false, true);
  const sys::Fd innermost = nest(folder.fd(), depth);
  if (has_groups) nest(innermost.get(), 2);
  const sys::Fd process(::openat(innermost.get(), "a process", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(process);
  const std::chrono::milliseconds limit(GENERATE(-1, 0, 20));
  const bool patiently = GENERATE(false, true);
  const int error = patiently ? cgroup::remove_group_patiently(folder.path().c_str(), limit)
                              : cgroup::remove_group(folder.path().c_str(), limit);
  CHECK((error == EBUSY || error == ENOTEMPTY));
  CHECK(::faccessat(innermost.get(), "a process", F_OK, 0) == 0);
}

TEST_CASE("who makes groups as fast as they are removed is not waited for for ever", "[cgroup]") {
  const Folder folder;
  const sys::Fd group = nest(folder.fd(), 1);
  const sys::Fd process(::openat(group.get(), "a process", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(process);
  std::atomic<bool> over = false;
  std::thread maker([&] {
    for (int i = 0; !over; ++i) ::mkdirat(group.get(), ("g" + std::to_string(i % 64)).c_str(), 0755);
  });
  const int error = cgroup::remove_group(folder.path().c_str(), std::chrono::milliseconds(200));
  over = true;
  maker.join();
  CHECK((error == EBUSY || error == ENOTEMPTY));
}

TEST_CASE("a process that is ending is waited for", "[cgroup]") {
  const Folder folder;
  const sys::Fd group = nest(folder.fd(), 1);
  REQUIRE(sys::Fd(::openat(group.get(), "a process", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
  std::thread process([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::unlinkat(group.get(), "a process", 0);
  });
  const int error = cgroup::remove_group_patiently(folder.path().c_str(), kLong);
  process.join();
  CHECK(error == 0);
}

TEST_CASE("what is gone already is removed, and what is no group is not", "[cgroup]") {
  const Folder folder;
  CHECK(cgroup::remove_group((folder.path() + "/missing").c_str(), kLong) == 0);
  const std::string file = folder.path() + "/file";
  REQUIRE(sys::Fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
  CHECK(cgroup::remove_group(file.c_str(), kLong) == ENOTDIR);
}

TEST_CASE("figures are read alone and behind their keys", "[cgroup]") {
  const Folder folder;
  const auto number = [&](std::string_view text, std::string_view key) {
    const sys::Fd file(::openat(folder.fd(), "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return cgroup::Text(folder.fd(), "file").number(key);
  };
  CHECK(number("4096\n", "") == 4096);
  CHECK(number("18446744073709551615", "") == UINT64_MAX);
  CHECK(number("max\n", "") == 0);
  CHECK(number("", "") == 0);
  CHECK(number("low 1\noom 2\noom_kill 3\n", "oom_kill") == 3);
  CHECK(number("low 1\noom_kill 3", "oom_kill") == 3);
  CHECK(number("low 1\noom_killed 3\n", "oom_kill") == 0);
  CHECK(number("oom_kill\n", "oom_kill") == 0);
  CHECK(cgroup::Text(folder.fd(), "missing").number() == 0);
}

TEST_CASE("a value is written into a group's file, and why it cannot be is told", "[cgroup]") {
  const Folder folder;
  REQUIRE(sys::Fd(::openat(folder.fd(), "pids.max", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
  CHECK(cgroup::write_at(folder.fd(), "pids.max", "50") == 0);
  CHECK(cgroup::Text(folder.fd(), "pids.max").number() == 50);
  CHECK(cgroup::write_at(folder.fd(), "pids.limit", "50") == ENOENT);
  CHECK(cgroup::write_at(-1, "pids.max", "50") == EBADF);
}
