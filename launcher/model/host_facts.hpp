// What the plan needs to know about the host and the caller, gathered once by host/gather_facts.cpp.
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
#include "model/warm.hpp"

namespace stepbox {

enum class HostPathKind : uint8_t { directory, file };  // file: everything but a directory

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
  bool privileged = false;  // uid 0 with all that shifting ids needs, in this user namespace
  // Why a privileged caller cannot shift ids; empty when it can.
  std::string no_shift_reason = {};
  // Why no overlay can cover shown paths, found by trying; empty if the kernel refused none.
  std::string no_overlay_reason = {};
  // The ids of this user namespace, from /proc/self/uid_map and gid_map.
  struct IdRange {
    uint32_t first;
    uint32_t count;
    uint32_t outside = 0;  // what `first` is outside
  };
  std::vector<IdRange> uid_ranges = {};
  std::vector<IdRange> gid_ranges = {};
  // Uid 0 maps to another uid outside this user namespace: it is not the host's root and owns none of its files.
  bool root_is_mapped_elsewhere = false;
  uint32_t shift_base = 0;  // first host uid of the slice that this run has locked

  int landlock_abi = 0;           // Landlock's version here, as in landlock(7); 0: none
  int landlock_error = 0;         // the errno if the kernel did not tell the version
  bool has_socket_scope = false;  // Landlock can keep other processes' abstract sockets out of reach
  uint64_t capabilities = 0;      // the caller's effective ones, a bit each
  // The workspace of a step without a box. A run makes it; explain gets an example.
  std::string private_directory = {};

  std::string kernel = {};
  uint64_t memory_total = 0;
  uint64_t memory_usable = 0;

  uint64_t swap_total = 0;
  // What could give stepbox a control group of its own: systemd as the host's init, and the caller's user manager.
  bool has_systemd = false;
  bool has_user_manager = false;
  std::vector<CgroupHierarchy> cgroups = {};
  // Why a limit of kBoxLimits cannot be enforced although the hierarchies suggest it can; found by trying.
  std::map<std::string, std::string, std::less<>> no_limit_reasons = {};

  std::string cwd = {};          // from getcwd(2)
  std::string checkout = {};     // the top of the work tree around cwd, or cwd
  bool checkout_is_marked = false;  // by version control or stepbox; false: it merely is cwd
  uint32_t checkout_uid = 0;     // owner of the checkout, or of the policy's source path
  uint32_t checkout_gid = 0;
  // Where the git directory of a linked work tree or a submodule lies outside the checkout and belongs to it, verified;
  // or why the directory that its `.git` file names does not.
  std::string git_directory = {};
  std::string git_directory_problem = {};
  std::string home = {};         // $HOME, links resolved; empty when unset, relative or missing
  std::string passwd_home = {};  // of the user database, links resolved; empty when there is none
  std::vector<RootEntry> root_entries = {};
  std::vector<MountFact> mounts = {};
  std::string var_tmp = {};      // /var/tmp with links resolved; empty when it does not exist
  std::string resolv_conf = {};  // what /etc/resolv.conf points to when that is below /run
  std::string terminal = {};     // path of the caller's terminal, if descriptor 0, 1 or 2 is open on it
  std::vector<InheritedFd> inherited = {};
  // The deadline in the file that LUCI_CONTEXT names; and why that file cannot be read, or empty.
  std::optional<OuterDeadline> outer_deadline = {};
  std::string outer_deadline_problem = {};
  double now = 0;  // seconds since the epoch
  std::vector<std::string> environment = {};  // "NAME=value", as inherited

  // With `root: system`, where the step's ids own system files: the paths there that the caller may read but others may
  // not.
  struct PrivatePath {
    std::string path;
    HostPathKind kind;
  };
  std::vector<PrivatePath> private_paths = {};

  // A symbolic link on the way to one of `paths`; no component of its own path is a link.
  struct PathLink {
    std::string path;
    std::string text;
  };
  struct NamedPath {
    std::string real;
    HostPathKind kind;
    bool is_socket = false;
    std::vector<PathLink> links = {};
  };
  // The existing paths among those that the policy, the registry and CI variables name, links resolved.
  // Key: the path as named, "~" replaced.
  std::map<std::string, NamedPath, std::less<>> paths = {};

  // Tools' settings files that the step will see: keys of `paths`.
  std::vector<std::string> settings = {};

  // Files that the command line names and that a mask would hide. `path` is a key of `paths`.
  struct Program {
    std::string path;
    bool is_script;
  };
  std::vector<Program> programs = {};

  // What the caller's warm store has of a warm cache that the policy names.
  struct Warm {
    std::string name;
    std::optional<WarmGeneration> generation = {};  // kept from being removed while this run lasts
    bool has_key = false;                      // it was saved with the key below
    std::string newest = {};                   // the id of the newest generation, which may be another one
    std::string tree = {};                     // its directories: TREE/cache/go-build
    std::vector<std::string> directories = {}; // of those that the cache covers, the ones that are there
    std::string key = {};                      // of the checkout's files as they are now; empty: none is asked for
    std::string problem = {};                  // why a generation that is there cannot be read
    std::string remedy = {};
  };
  std::vector<Warm> warm = {};
  std::string warm_store = {};       // empty: the policy names no warm cache, or
  std::string no_warm_store = {};    // there is no place for a store, for this reason
  // The caller's warm store, links resolved, whether or not the policy names a warm cache: boxes hide it. Empty if
  // there is none, or the mode hides nothing.
  std::string kept_store = {};

  // The filter of the policy's seccomp profile.
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
