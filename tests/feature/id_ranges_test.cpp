// The ranges of user ids that root's boxes take: no two boxes share one, and no other user can take them away.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;

constexpr int kRanges = 2046;

// In the child, before stepbox: mounts a /run that belongs to the place, and that other children can mount too.
void share_run(const Place& place) {
  in_child::private_mounts();
  must(::mount((place.root() / "run").c_str(), "/run", nullptr, MS_BIND, nullptr) == 0, "bind /run");
}

void lock_ranges(int file, int first, int count, short type = F_WRLCK) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = first;
  lock.l_len = count;
  REQUIRE(::fcntl(file, F_OFD_SETLK, &lock) == 0);
}

// The file that boxes with this /run lock, as the first box creates it.
int file_of_locks(const Place& place) {
  fs::create_directories(place.root() / "run/stepbox");
  fs::permissions(place.root() / "run/stepbox", fs::perms(0700));
  return ::open((place.root() / "run/stepbox/ids").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

// A neighbour in its own network namespace that takes everything an ordinary user can take there.
class Neighbour {
 public:
  Neighbour() {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    pid_ = in_child::fork_without_handlers();
    if (pid_ == 0) take_names(ready[1]);
    ::close(ready[1]);
    char byte = 0;
    const bool told = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    REQUIRE(told);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string network() const { return "/proc/" + std::to_string(pid_) + "/ns/net"; }

 private:
  [[noreturn]] static void take_names(int ready) {
    must(::unshare(CLONE_NEWNET) == 0, "unshare");
    const rlimit many{4096, 4096};
    must(::setrlimit(RLIMIT_NOFILE, &many) == 0, "setrlimit");
    become(Caller::user);
    for (int i = 0; i < kRanges; ++i) {
      const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      const int length = std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "stepbox/ids/%d", i);
      const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
      must(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
    }
    must(::write(ready, "r", 1) == 1, "write");
    for (;;) ::pause();
  }
  pid_t pid_;
};

std::string uid_map_of(const Run& run) {
  return lines_of(run.out).empty() ? "" : lines_of(run.out).front();
}

}  // namespace

TEST_CASE("a neighbour cannot stop root's boxes by taking socket names", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const Neighbour neighbour;
  Command step = place.step({}, {"true"});
  step.prepare = [&] {
    const int network = ::open(neighbour.network().c_str(), O_RDONLY | O_CLOEXEC);
    must(::setns(network, CLONE_NEWNET) == 0, "setns");
  };
  const Run ended = run(step);
  INFO(ended);
  CHECK(ended.code() == 0);
}

TEST_CASE("no ordinary user can open the locks of the ranges", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  place.make_directory(place.root() / "run");
  Command step = place.step({}, {"true"});
  step.prepare = [&] { share_run(place); };
  const Run ended = run(step);
  INFO(ended);
  CHECK(ended.code() == 0);
  REQUIRE(fs::exists(place.root() / "run/stepbox/ids"));
  CHECK(fs::status(place.root() / "run/stepbox").permissions() == fs::perms(0700));
  CHECK(fs::status(place.root() / "run/stepbox/ids").permissions() == fs::perms(0600));
  CHECK(fs::file_size(place.root() / "run/stepbox/ids") == 0);
}

TEST_CASE("boxes in two network namespaces do not take the same range of user ids", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  place.make_directory(place.root() / "run");
  const int file = file_of_locks(place);
  REQUIRE(file >= 0);
  // Locks all ranges but two.
  lock_ranges(file, 0, 700);
  lock_ranges(file, 702, kRanges - 702);
  const auto box = [&](const std::string& script) {
    Command step = place.step({}, {"sh", "-c", "cat /proc/self/uid_map; " + script});
    step.prepare = [&] {
      share_run(place);
      must(::unshare(CLONE_NEWNET) == 0, "unshare");
    };
    return step;
  };
  int held[2];
  REQUIRE(::pipe2(held, O_CLOEXEC) == 0);
  Command long_one = box("echo up; read word");
  long_one.stdin_fd = held[0];
  Process first(long_one);
  REQUIRE(first.waits_for("up\n"));
  const Run second = run(box("true"));
  INFO(second);
  CHECK(second.code() == 0);
  CHECK(uid_map_of(second) != lines_of(first.out()).front());
  // With one more taken, no range is left.
  const std::string left = uid_map_of(second);
  lock_ranges(file, left.contains(std::to_string(1'879'048'192U + 700U * 131'072U)) ? 700 : 701, 1);
  const Run refused = run(box("touch canary"));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.contains("/run/stepbox/ids"));
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
  // A box that has ended has freed its range.
  ::close(held[1]);
  CHECK(first.finish().code() == 1);
  CHECK(run(box("true")).code() == 0);
  ::close(held[0]);
  ::close(file);
}

TEST_CASE("root's box is refused, not weakened, where root has no /run of its own", "[hostile]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  place.make_directory(place.root() / "run");
  const std::string how = GENERATE("read-only", "a user's", "a link");
  CAPTURE(how);
  if (how == "a user's") ::chown(place.make_directory(place.root() / "run/stepbox").c_str(), uid_of(Caller::user), gid_of(Caller::user));
  if (how == "a link") {
    place.make_directory(place.root() / "elsewhere");
    fs::create_symlink(place.root() / "elsewhere", place.root() / "run/stepbox");
  }
  Command step = place.step({"--summary", "never"}, {"sh", "-c", "echo ran > canary"});
  step.prepare = [&] {
    share_run(place);
    if (how == "read-only") must(::mount(nullptr, "/run", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0, "remount");
  };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.contains("/run/stepbox"));
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

}  // namespace stepbox::feature
