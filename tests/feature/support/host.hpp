// What a case needs from the host. Where it is missing the case is skipped with a loud line; with STEPBOX_MUST_WORK=1,
// as CI sets it, the case fails.
#pragma once

#include <string>

namespace stepbox::feature {

struct HostFeature {
  const char* name;
  bool (*is_there)();
  const char* remedy;
};

extern const HostFeature root_suite;  // the suite itself runs as root
extern const HostFeature user_namespaces;
extern const HostFeature bubblewrap;
extern const HostFeature fuse;  // file systems whose server is a process
extern const HostFeature full_screen_pager;  // less
extern const HostFeature gnu_make;
extern const HostFeature bash_shell;
extern const HostFeature zsh_shell;
extern const HostFeature fish_shell;
extern const HostFeature legacy_tiocsti;
extern const HostFeature python;
extern const HostFeature c_compiler;
extern const HostFeature call_tracer;  // strace
extern const HostFeature ssh_agent;
extern const HostFeature version_control;  // git

// Whether the case can go on; prints why not. With STEPBOX_MUST_WORK=1 a missing feature fails the case.
bool host_has(const HostFeature& feature);
int skipped_cases();

// The factor that stretches every time limit of the suite: STEPBOX_TEST_PATIENCE, for emulated machines. Otherwise 1.
int patience_factor();

// For a failing case to say about the machine.
long shmem_kib();

}  // namespace stepbox::feature

#define REQUIRE_HOST(needed) \
  if (!::stepbox::feature::host_has(needed)) return
