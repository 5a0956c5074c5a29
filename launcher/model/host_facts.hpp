// What the plan needs to know of the host and of the caller, gathered once by host/gather_facts.cpp.
// Plain data, so that plans can be tested without a kernel.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/cgroup.hpp"
#include "model/deadlines.hpp"
#include "model/seccomp.hpp"

namespace stepbox {

enum class HostPathKind : uint8_t { directory, file };  // file: everything that is no directory

struct RootEntry {
  std::string name;
  HostPathKind kind;
  std::string link;  // text of a symbolic link; kind is then meaningless
};

struct MountFact {
  std::string path;
  std::string type;
};

// One descriptor that the caller left open for the step by a known protocol.
struct InheritedFd {
  int fd;
  std::string why;  // "jobserver of make (MAKEFLAGS)"
};

struct HostFacts {
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool privileged = false;  // uid 0 with what shifting ids needs, in this user namespace
  // Why the shifted range cannot be had although privileged; empty when it can.
  std::string no_shift_reason = {};
  // Why no overlay can be put over what is shown; found out by trying. Empty: none was refused.
  std::string no_overlay_reason = {};
  // The ids that this user namespace has, as /proc/self/uid_map and gid_map tell.
  struct IdRange {
    uint32_t first;
    uint32_t count;
    uint32_t outside = 0;  // of the first
  };
  std::vector<IdRange> uid_ranges = {};
  std::vector<IdRange> gid_ranges = {};
  // Uid 0 here is another one outside this user namespace: not the host's, and owner of nothing of its.
  bool root_is_mapped_elsewhere = false;
  uint32_t shift_base = 0;  // first host uid of the slice that this run has locked

  int landlock_abi = 0;           // what Landlock can do here, as landlock(7) counts; 0: nothing
  int landlock_error = 0;         // the errno of the question where the kernel did not answer it
  bool has_socket_scope = false;  // the kernel can keep abstract sockets of others out of reach (Landlock)
  uint64_t capabilities = 0;      // effective ones of the caller, a bit each
  // The workspace of a step without a box. Made by the run; for explain an example.
  std::string private_directory = {};

  std::string kernel = {};
  uint64_t memory_total = 0;
  uint64_t memory_usable = 0;

  uint64_t swap_total = 0;
  // Who could give stepbox a control group of its own: systemd runs the host, and its manager for the caller answers.
  bool has_systemd = false;
  bool has_user_manager = false;
  std::vector<CgroupHierarchy> cgroups = {};
  // Why a limit of kBoxLimits cannot be enforced although the hierarchies look as if; found out by trying.
  std::map<std::string, std::string, std::less<>> no_limit_reasons = {};

  std::string cwd = {};          // as getcwd(2) says
  std::string checkout = {};     // the top of the work tree that cwd is in, or cwd
  bool checkout_is_marked = false;  // by version control or stepbox; else it is cwd by mere presence
  uint32_t checkout_uid = 0;     // who owns the checkout, or the source path that the policy names
  uint32_t checkout_gid = 0;
  std::string home = {};         // $HOME, links resolved; empty when unset, relative or missing
  std::string passwd_home = {};  // of the user database, links resolved; empty when there is none
  std::vector<RootEntry> root_entries = {};
  std::vector<MountFact> mounts = {};
  std::string var_tmp = {};      // /var/tmp with links resolved; empty when it does not exist
  std::string resolv_conf = {};  // what /etc/resolv.conf points to when that is below /run
  std::string terminal = {};     // path of the caller's terminal where one of 0, 1 and 2 is open on it
  std::vector<InheritedFd> inherited = {};
  // What the file that LUCI_CONTEXT names says about time; why it cannot be read, or empty.
  std::optional<OuterDeadline> outer_deadline = {};
  std::string outer_deadline_problem = {};
  double now = 0;  // seconds since the epoch
  std::vector<std::string> environment = {};  // "NAME=value", as inherited

  // With `root: system`, where the step has ids that own files of the system: what the caller may read there and others
  // may not.
  struct PrivatePath {
    std::string path;
    HostPathKind kind;
  };
  std::vector<PrivatePath> private_paths = {};

  // Paths that the policy, the registry and CI variables name and that exist, links resolved.
  // Key: as named ("~" replaced). Paths that do not exist are absent.
  // A symbolic link on the way to one of them; no component of its own path is a link.
  struct PathLink {
    std::string path;
    std::string text;
  };
  struct NamedPath {
    std::string real;
    HostPathKind kind;
    bool is_socket = false;
    std::vector<PathLink> links = {};  // with `root: system` only: with another root they are there anyway
  };
  std::map<std::string, NamedPath, std::less<>> paths = {};

  // Settings files of tools that are to be shown: keys of `paths`.
  std::vector<std::string> settings = {};

  // Files that the command line names and a mask would hide. `path` is a key of `paths`.
  struct Program {
    std::string path;
    bool is_script;
  };
  std::vector<Program> programs = {};

  // The filter that the policy's profile stands for.
  std::shared_ptr<const SeccompFilter> seccomp = {};

  const NamedPath* find(std::string_view path) const {
    const auto found = paths.find(path);
    return found == paths.end() ? nullptr : &found->second;
  }
  // The same for a path as a table writes it, "~/.rustup", without building it.
  const NamedPath* find_below_home(std::string_view path) const;
  // The home directory that "~" stands for; empty when there is none.
  const std::string& tilde() const { return home.empty() ? passwd_home : home; }
  // The value of a variable in the inherited environment, or nothing.
  std::optional<std::string> variable(std::string_view name) const;
};

}  // namespace stepbox
