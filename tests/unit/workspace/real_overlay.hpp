// An overlay that the kernel mounts, on a tmpfs, in a mount namespace of its own: only its descriptors know it.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "sys/fd.hpp"
#include "workspace/changes.hpp"

namespace stepbox::test {

// The options of mount(2), and the marks that go with them.
struct OverlayKind {
  const char* name;
  const char* options;
  workspace::OverlayMarks marks;
};
inline constexpr OverlayKind kPlain = {"plain", "index=off,metacopy=off,redirect_dir=off", workspace::OverlayMarks::trusted};
inline constexpr OverlayKind kMetacopy = {"metacopy", "index=on,metacopy=on,redirect_dir=on,xino=on", workspace::OverlayMarks::trusted};
inline constexpr OverlayKind kUserxattr = {"userxattr", "index=off,userxattr", workspace::OverlayMarks::user};

class RealOverlay {
 public:
  // `fill` makes the lower tree; it gets its path.
  RealOverlay(const OverlayKind& kind, const std::function<void(const std::string&)>& fill) : kind_(kind) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
    const sys::Fd ours(ends[0]), theirs(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        make(theirs.get(), fill);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    receive(ours.get());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
  }

  // False, with a warning, where this process may not mount an overlay of this kind.
  bool works() const {
    if (why_not_ != 0) WARN("SKIPPED: no overlay of kind " << kind_.name << " can be mounted here (" << std::strerror(why_not_) << "); run the tests as root or allow user namespaces");
    return why_not_ == 0;
  }

  workspace::OverlayTrees trees() const { return {.lower = fds_[0].get(), .upper = fds_[1].get(), .merged = fds_[2].get(), .marks = kind_.marks}; }
  std::string lower(const std::string& name = {}) const { return path(0, name); }
  std::string upper(const std::string& name = {}) const { return path(1, name); }
  std::string merged(const std::string& name = {}) const { return path(2, name); }

 private:
  std::string path(size_t which, const std::string& name) const { return "/proc/self/fd/" + std::to_string(fds_[which].get()) + "/" + name; }

  static void write_text(const char* path, const std::string& text) { std::ofstream(path) << text; }

  static int enter_namespace() {
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    if (::unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return errno;
    if (uid != 0) {
      write_text("/proc/self/setgroups", "deny");
      write_text("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1");
      write_text("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1");
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ? errno : 0;
  }

  int mount_all(const std::function<void(const std::string&)>& fill) const {
    if (const int error = enter_namespace(); error != 0) return error;
    if (::mount("tmpfs", "/tmp", "tmpfs", 0, "size=512m,nr_inodes=400k") != 0) return errno;
    for (const char* name : {"/tmp/lower", "/tmp/upper", "/tmp/work", "/tmp/merged"}) ::mkdir(name, 0755);
    fill("/tmp/lower");
    const std::string options = std::string("lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work,") + kind_.options;
    return ::mount("overlay", "/tmp/merged", "overlay", 0, options.c_str()) != 0 ? errno : 0;
  }

  void make(int to, const std::function<void(const std::string&)>& fill) const {
    int error = mount_all(fill);
    int fds[3] = {-1, -1, -1};
    const char* names[3] = {"/tmp/lower", "/tmp/upper", "/tmp/merged"};
    for (size_t i = 0; i < 3 && error == 0; ++i)
      if ((fds[i] = ::open(names[i], O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) error = errno;
    msghdr message{};
    iovec part{&error, sizeof error};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
    if (error == 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof fds);
      std::memcpy(CMSG_DATA(header), fds, sizeof fds);
    }
    ::sendmsg(to, &message, 0);
  }

  void receive(int from) {
    msghdr message{};
    iovec part{&why_not_, sizeof why_not_};
    alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    REQUIRE(::recvmsg(from, &message, MSG_CMSG_CLOEXEC) == sizeof why_not_);
    if (why_not_ != 0) return;
    int fds[3];
    std::memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fds);
    for (size_t i = 0; i < 3; ++i) fds_[i] = sys::Fd(fds[i]);
  }

  OverlayKind kind_;
  int why_not_ = 0;
  sys::Fd fds_[3];
};

}  // namespace stepbox::test
