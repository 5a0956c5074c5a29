// The resolved intent of a run: everything decided, nothing done. Made by plan/make_plan.cpp, printed
// by `stepbox explain`, carried out by sandbox/ as one flat list of calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/cgroup.hpp"
#include "model/deadlines.hpp"
#include "model/limits.hpp"
#include "model/origin.hpp"
#include "model/outputs.hpp"
#include "model/policy.hpp"
#include "model/protection.hpp"
#include "model/seccomp.hpp"
#include "model/warm.hpp"

namespace stepbox {

// How the step's user ids relate to the host's.
enum class UidIsolation : uint8_t {
  shifted,  // root: the step's uid 0 is an unused uid of the host, host trees are seen id-mapped
  mapped,   // ordinary user: own user namespace, the same uid, no capabilities
  degraded, // real root in a user namespace that maps every id to itself, /proc and /sys sealed
  none      // the caller's own ids, without a user namespace
};

struct IdExtent {
  uint32_t inside;
  uint32_t outside;
  uint32_t count;
};

struct Identity {
  UidIsolation isolation = UidIsolation::mapped;
  std::vector<IdExtent> uids;  // of the user namespace
  std::vector<IdExtent> gids;
  uint32_t uid = 0;            // of the step, as it sees itself
  uint32_t gid = 0;
  uint32_t owner_uid = 0;      // of the workspace, as the kernel counts ids
  uint32_t owner_gid = 0;
  std::vector<int> capabilities;  // that the step keeps within its user namespace
};

enum class MountAct : uint8_t {
  directory,  // make a directory at target
  file,       // make a file at target, as a mount point; in cache_directories `source` is its text
  symlink,    // source is its text
  tmpfs,      // a new tmpfs; size and inodes are hard
  bind,       // the host's path `source`
  rebind,     // a path that is already in the box, `source` relative to the box root
  overlay,    // an overlay of layers in the box's directory `source`; `options` name them relative to it
  try_overlay,  // makes such an overlay, removes and makes a directory in it, and drops it again
  proc,       // a new procfs of the box's pid namespace
  devpts,     // a new devpts instance
  terminal,   // the caller's pseudo-terminal `source`, in the devpts of the box under the same number
  seal        // change the attributes of the mount at target
};

// Whether the act makes an entry in a directory and mounts nothing.
constexpr bool makes_entry(MountAct act) {
  switch (act) {
    case MountAct::directory:
    case MountAct::file:
    case MountAct::symlink: return true;
    case MountAct::tmpfs:
    case MountAct::bind:
    case MountAct::rebind:
    case MountAct::overlay:
    case MountAct::try_overlay:
    case MountAct::proc:
    case MountAct::devpts:
    case MountAct::terminal:
    case MountAct::seal: return false;
  }
  return false;
}

// Init makes the box in phases, in this order. After `workspace` the step begins to make its cache directories while
// init does the rest: no mount of a later phase lies above or below one of them.
enum class MountPhase : uint8_t {
  workspace,  // the root, the volumes, and their directories
  host,       // the host's tree, and /sys, /dev, /proc
  shown,      // paths that are shown, writable or hidden by name, and the masks
  seal,       // the root becomes read-only
  last = seal
};

// MountAct::terminal is for numbers below this: getting number N takes opening N terminals first, at 25 us each.
inline constexpr unsigned kMaxTerminals = 64;

// What an overlay stands for.
enum class OverlayOf : uint8_t { source, root, home, warm };

enum class Recursion : uint8_t { single, tree };
enum class IdMapped : uint8_t { no, preferred, required };

// System V segments belong to no volume. A memory limit bounds them; without one, the kernel's own limit on them does.
enum class SegmentBound : uint8_t {
  by_memory_limit,
  if_possible,  // the list of protections says where it is impossible
  required
};

// One call of the flat list. Paths in `target` are relative to the box root; empty is the root itself.
struct MountCall {
  MountAct act;
  MountPhase phase = MountPhase::workspace;
  std::string source = {};
  std::string target = {};
  uint32_t mode = 0;            // directory, file
  uint64_t attributes = 0;      // MOUNT_ATTR_* to set
  uint64_t cleared = 0;         // MOUNT_ATTR_* to clear (a writable bind of a read-only mount)
  Recursion recursion = Recursion::single;
  IdMapped id_mapped = IdMapped::no;
  std::vector<std::pair<std::string, std::string>> options = {};  // tmpfs, devpts, overlay; a flag has no value
  bool onto_file = false;        // the mount point is a file, not a directory
  // stepbox made every component of the target: no link can be on the way, so nothing needs checking.
  bool target_is_ours = false;
  bool optional = false;         // skipped if the source is missing or cannot be reached
  bool protects = false;         // if optional: a source that cannot be reached is an error all the same
  int volume = -1;              // index into FilesPlan::volumes when this tmpfs is a volume
  int overlay = -1;             // index into FilesPlan::overlays when this is an overlay that is written to, or its layer
  // bind: the layers of an overlay that is mounted on top, as paths within the bound tree. A host socket or FIFO seen
  // through the overlay has no peer. Empty: no overlay.
  std::string layers = {};
  bool is_socket = false;        // bind: the named path is a socket
  OverlayOf overlay_of = OverlayOf::source;  // with `overlay`
  std::string why = {};         // for explain and errors: "the checkout", "toolchain of rust"
  Origin origin = {};
};

struct PlannedVolume {
  std::string name;         // "workspace" for the shared tmpfs, else the volume's name
  std::string path;         // "/box", "/box/cache"
  uint64_t bytes = 0;
  uint64_t inodes = 0;      // that the step may create
  uint64_t own_inodes = 0;  // that stepbox itself creates in it, in addition
  Origin size_origin;
  Origin inodes_origin;
};

// Directories of the host that the step sees as one and can write to, while the host's stay as they are: what it
// changes lands in volume scratch. Made with the calls of overlay_calls() (plan/overlays.hpp).
struct PlannedOverlay {
  OverlayOf of = OverlayOf::source;
  std::string path;                 // where the step sees it: "/srv/work", "/box/cache/go-build"
  std::vector<std::string> lowers;  // directories of the host, the topmost first; read through, never written
  std::string why;                  // for explain and errors: "the checkout"
  Origin origin = {};
  std::string file_system = {};     // type of the file system that the first of them lies on, for errors
  std::string layers = {};          // where its layers are, relative to the box root: "box/scratch/overlays/0"

  std::string upper() const { return layers + "/upper"; }
};

// Two descriptors of each travel on one message with those of the volumes.
inline constexpr size_t kMaxOverlays = 100;

// A directory of a warm cache.
struct PlannedWarmDirectory {
  std::string path;         // below the workspace, and in a generation: "cache/go-build"
  int overlay = -1;         // index into FilesPlan::overlays; -1: the step finds the directory empty
  std::string unused = {};  // why its tool looks elsewhere: then the step does not see it, and a save keeps it as it is
  std::string stored = {};  // the generation's directory, on the host; empty: the generation has none
  std::vector<WarmRule> rules = {};
};

// A warm cache that the policy names.
struct PlannedWarm {
  std::string name;
  std::optional<WarmGeneration> generation = {};  // that the step reads through; nothing: it starts cold
  std::string why_cold = {};
  std::string degraded = {};  // why a hit may cost memory here; empty: it costs none
  bool save = false;          // the next generation, if the step succeeds
  std::string why_unsaved = {};  // where the policy asks for saving and this one is left out
  std::string seen = {};      // the id of the newest generation, read or not
  std::string key = {};       // the label of the generation to save; empty: none
  WarmBounds bounds = {};
  std::vector<PlannedWarmDirectory> directories = {};
  Origin origin = {};
};

enum class EnvCause : uint8_t {
  inherited,
  redirect,   // `tool` names the tool of the registry
  toolchain,  // likewise
  warm,       // a setting of a warm cache; `tool` names that
  stepbox,    // set to fit the box: PWD, PATH, LISTEN_PID
  policy      // `origin` says which one
};

// Stands for a pid that only the step itself knows, with room for any pid.
inline constexpr std::string_view kPidText = "(its pid)";

struct EnvEntry {
  std::string name;
  std::string value;
  EnvCause cause = EnvCause::inherited;
  std::string_view tool = {};  // into the registry, which lives for ever
  Origin origin = {};
  bool has_value = true;       // false: the caller's entry had no "=" and is passed on unchanged
};

// A path of the host that a step without a box may write to and below. Landlock denies all other writes.
struct WritablePath {
  std::string path;
  bool is_directory = true;
  bool optional = false;  // skipped if it is missing
  std::string why = {};
  Origin origin = {};
};

// What a mode weaker than a box does not protect. Views of literals.
struct Gap {
  std::string_view name;
  std::string_view text;
};

// What the user should know of the decisions.
struct Remarks {
  std::vector<std::string> notes;  // choices that the policy left open; explain shows them
  std::vector<std::string> warnings;
};

// The command, and what it gets from the caller.
struct StepPlan {
  std::vector<std::string> argv;
  std::vector<std::string> programs;  // absolute paths tried in order, as execvp(3) would
  std::string cwd;
  std::vector<EnvEntry> environment;
  std::vector<std::string> unset;     // names removed, for explain
  std::vector<int> passed_fds;        // above 2, ascending
  std::string terminal;               // for explain; empty: none to hand over
};

// What the step is kept from, apart from files.
struct Confinement {
  Isolation isolation = Isolation::full;
  std::vector<Gap> gaps;                // none in a box
  std::vector<WritablePath> writable;   // with Isolation::landlock
  NetworkMode network = NetworkMode::host;
  int landlock_abi = 0;             // of the host: with Isolation::landlock it says which kinds of writing can be confined
  bool scope_sockets = false;       // Landlock keeps the host's abstract sockets out of reach
  bool scope_signals = false;       // likewise its processes
  bool scope_path_sockets = false;  // likewise its sockets that are files
  std::vector<std::string> open_sockets;         // except these, which were named; relative to the box root
  std::shared_ptr<const SeccompFilter> seccomp;  // never null in a plan that is carried out; "off" has no program
  bool seccomp_log = false;  // the filter refuses nothing: the supervisor lists what it would have refused
  bool deny_nesting = false;
  // Where the step's uid 0 is the host's: it owns the host's cgroup files, and could mount them.
  bool deny_cgroup_namespaces = false;
  SegmentBound segments = SegmentBound::if_possible;
};

struct LimitsPlan {
  CgroupPlan cgroup;                             // limits on the whole box
  std::vector<ProcessLimitSpec> process_limits;  // lowered in the step, never raised
  Deadlines deadlines;
};

// The files that the step sees.
struct FilesPlan {
  // Where the workspace is: "/box" in a box, else a directory of the host that is removed afterwards.
  std::string box = "/box";
  RootMode root = RootMode::ro;
  SourceMode source = SourceMode::rw;
  std::string source_path;                   // empty for none
  std::vector<PlannedVolume> volumes;
  std::vector<PlannedOverlay> overlays = {};
  std::vector<MountCall> mounts;             // phase after phase
  std::vector<MountCall> cache_directories;  // made by the step itself
};

struct Plan {
  StepPlan step;
  Identity identity;
  Confinement confinement;
  LimitsPlan limits;
  FilesPlan files;
  std::vector<PlannedWarm> warm;
  std::string warm_store;  // the caller's; empty where none is needed
  OutputsPlan outputs;

  std::vector<PolicyName> policies;
  std::vector<Protection> protections;
  Remarks remarks;
};

}  // namespace stepbox
