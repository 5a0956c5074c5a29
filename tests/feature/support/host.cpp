#include "support/host.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

#include <catch2/catch.hpp>

#include "support/caller.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

int g_skipped = 0;

bool is_program(const char* path) {
  return ::access(path, X_OK) == 0;
}

bool can_unshare() {
  const pid_t child = ::fork();
  if (child == 0) {
    become(Caller::user);
    ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

const HostFeature root_suite = {"root", suite_is_root, "run the suite as root"};
const HostFeature user_namespaces = {"user namespaces", can_unshare,
                                     "sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone"};
const HostFeature fuse = {"FUSE", [] { return ::access("/dev/fuse", R_OK | W_OK) == 0; }, "modprobe fuse"};
const HostFeature bubblewrap = {"bubblewrap", [] { return is_program("/usr/bin/bwrap"); },
                                "apt-get install bubblewrap"};
const HostFeature full_screen_pager = {"less", [] { return is_program("/usr/bin/less"); }, "apt-get install less"};
const HostFeature gnu_make = {"make", [] { return is_program("/usr/bin/make"); }, "apt-get install make"};
const HostFeature bash_shell = {"bash", [] { return is_program("/bin/bash"); }, "apt-get install bash"};
const HostFeature zsh_shell = {"zsh", [] { return is_program("/bin/zsh"); }, "apt-get install zsh"};
const HostFeature fish_shell = {"fish", [] { return is_program("/usr/bin/fish"); }, "apt-get install fish"};
// Before Linux 6.2 there is no switch, and it always works.
const HostFeature legacy_tiocsti = {"dev.tty.legacy_tiocsti=1",
                                    [] {
                                      const fs::path knob = "/proc/sys/dev/tty/legacy_tiocsti";
                                      return !fs::exists(knob) || read_file(knob).starts_with('1');
                                    },
                                    "sysctl dev.tty.legacy_tiocsti=1 (for the time of the test)"};

const HostFeature python = {"python3", [] { return is_program("/usr/bin/python3"); }, "apt-get install python3"};
const HostFeature c_compiler = {"gcc", [] { return is_program("/usr/bin/gcc"); }, "apt-get install gcc"};
const HostFeature call_tracer = {"strace", [] { return is_program("/usr/bin/strace"); }, "apt-get install strace"};
const HostFeature ssh_agent = {"ssh-agent", [] { return is_program("/usr/bin/ssh-agent"); }, "apt-get install openssh-client"};
const HostFeature version_control = {"git", [] { return is_program("/usr/bin/git"); }, "apt-get install git"};
bool host_has(const HostFeature& feature) {
  if (feature.is_there()) return true;
  const char* must = std::getenv("STEPBOX_MUST_WORK");
  if (must != nullptr && std::strcmp(must, "1") == 0)
    FAIL("this host lacks " << feature.name << "; " << feature.remedy);
  ++g_skipped;
  std::cerr << "SKIPPED: " << Catch::getResultCapture().getCurrentTestName() << ": this host lacks " << feature.name
            << "; remedy: " << feature.remedy << "\n";
  return false;
}

int skipped_cases() {
  return g_skipped;
}

int patience_factor() {
  const char* text = std::getenv("STEPBOX_TEST_PATIENCE");
  return text != nullptr ? std::max(1, std::atoi(text)) : 1;
}

long shmem_kib() {
  std::ifstream in("/proc/meminfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("Shmem:")) return std::atol(line.c_str() + std::strlen("Shmem:"));
  return 0;
}

}  // namespace stepbox::feature
