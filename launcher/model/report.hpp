// The record of a run: facts only; the printers (report/) decide how it looks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/changes.hpp"
#include "model/deadlines.hpp"
#include "model/memory_holder.hpp"
#include "model/outcome.hpp"
#include "model/outputs.hpp"
#include "model/policy.hpp"
#include "model/protection.hpp"
#include "model/seccomp.hpp"
#include "model/settings_file.hpp"
#include "model/warm.hpp"

namespace stepbox {

struct VolumeUsage {
  std::string name;
  std::string path;  // in the box: "/box", "/box/cache"
  uint64_t limit_bytes = 0;
  uint64_t peak_bytes = 0;   // the highest sample
  uint64_t final_bytes = 0;
  uint64_t limit_inodes = 0;  // what the step could make; stepbox's own directories are not counted
  uint64_t peak_inodes = 0;
  uint64_t final_inodes = 0;
  bool bytes_full = false;   // a sample found no room for another page
  bool inodes_full = false;
};

struct CacheUsage {
  std::string tool;  // a name of the registry, or "unknown"
  std::string path;  // "/box/cache/go-build"
  uint64_t bytes = 0;
  uint64_t files = 0;
};

// A limit on the whole box, and what the kernel counted.
struct LimitUsage {
  std::string name;       // of kBoxLimits
  uint64_t limit = 0;     // bytes; processes; thousandths of a core
  uint64_t peak = 0;      // the same unit; 0 where the kernel keeps none
  // Processes killed for memory; forks refused; cpu: milliseconds of waiting for the next share.
  uint64_t hits = 0;
  // The hits come from a limit outside the box, such as a group above: the box's own was not reached.
  bool hits_from_above = false;
  // The box has no such limit: stepbox's own group has, and the step or other processes of that group reached it.
  bool is_enclosing = false;
};

struct Stray {
  int pid = 0;  // in the box
  std::string comm;
};

// One way in which the box differs from a run without stepbox: "network", "none".
struct Difference {
  std::string name;
  std::string value;
  std::string origin = {};  // "--network", "strict": the choice behind it; empty for stepbox's default
  bool operator==(const Difference&) const = default;
};

// A warm cache that the step read through, or that was to be saved.
struct WarmUse {
  std::string name;
  std::string generation = {};  // the id of the one that was read; empty: the step started cold
  std::string digest = {};
  std::string why_cold = {};
  uint64_t added_bytes = 0;   // of files that the generation has not, or has otherwise
  uint64_t added_files = 0;
  uint64_t copied_bytes = 0;  // of the workspace, for files of the generation that the step touched
  uint64_t copied_files = 0;
  std::string degraded = {};  // why touching a file took memory, or may have
  std::string saving = {};    // a word of warm::kSavings, or of the two below; empty: the policy does not ask for it
  std::string saved = {};     // the id of the new generation, or of the one that is the same
  std::string sentence = {};  // on the saving
};

inline constexpr std::string_view kNotSaved = "not saved";  // nothing was to be saved, for the reason in the sentence
inline constexpr std::string_view kSaveFailed = "failed";

// Seconds, from the monotonic clock.
struct Times {
  double wall = 0;  // of the step, from exec to its end
  double user = 0;
  double system = 0;
  double setup = 0;
  double export_ = 0;  // of the outputs; part of the teardown
  double teardown = 0;
};

// Identifies a run before anything else about it is known.
struct RunMark {
  std::string id;       // a ULID (model/run_id.hpp): the name of the run for ever, on all hosts
  std::chrono::system_clock::time_point start;
  int pid = 0;          // of stepbox, in its own pid namespace
  std::string host;     // its node name (uname(2))
  std::string engine;   // the CI engine around it: "gitlab"; empty for none that is known
  std::string job;      // what the engine calls its job; empty where it does not say
  std::string boot_id;  // of the kernel: another one after every boot; empty where it cannot be read
};

// By which a user finds the run again.
struct RunLabel {
  std::string name;
  std::string value;
};

struct Report {
  RunMark run;
  std::vector<RunLabel> labels;
  std::chrono::system_clock::time_point end;  // not set while the verdict is `running`
  std::vector<std::string> argv;
  std::string cwd;
  Outcome outcome = Exited{0};
  Verdict verdict = Verdict::success;
  int exit_code = 0;
  int cancelled_by = 0;  // the signal that asked stepbox to stop, 0 when none did
  std::optional<Overrun> overrun;                           // the deadline that ended the step
  std::optional<std::chrono::milliseconds> grace_exceeded;  // the step was killed after this long
  bool killed_on_request = false;                           // a second signal to stepbox cut the grace short
  std::vector<Snapshot> diagnostics;
  std::string sentence;  // "the step failed with exit code 2 and volume 'cache' was full (...)"
  std::vector<PolicyName> policies;
  std::string policy_digest;  // policy::digest(); empty where the report has no reader
  Isolation isolation = Isolation::full;
  std::vector<std::string> gaps;  // what a mode weaker than full does not protect
  std::vector<Protection> protections;
  Times time;
  std::vector<VolumeUsage> volumes;
  uint64_t samples = 0;
  uint64_t memory_peak_bytes = 0;  // of the whole box; without a limit the largest resident set of any one process
  std::vector<LimitUsage> limits;
  std::optional<MemoryHolder> memory_holder;  // where a process of the step was killed for memory
  std::vector<CacheUsage> caches;  // largest first
  std::vector<WarmUse> warm;
  std::string killing_profile;     // the seccomp profile, when it has calls that end the step; else empty
  std::string seccomp_profile;            // as the policy names it
  std::optional<SeccompLog> seccomp_log;  // in log mode: what it would have refused
  std::vector<SettingsFile> settings;     // of the home; also empty if stepbox did not look
  SourceMode source = SourceMode::rw;
  std::string source_path;
  std::vector<TreeChanges> changes;  // of trees that the step saw through an overlay: discarded
  bool lists_changes = false;        // the user asked for the list (--diff)
  CarriedOutputs outputs;
  std::vector<Stray> strays;       // at most 64 named
  uint64_t stray_count = 0;
  std::vector<std::string> leftovers;
  std::string kernel;
  uint64_t memory_total = 0;
  std::vector<std::string> warnings;
  std::string interpreter;  // of the command, if the interpreter was not found; else empty
  std::string hint;         // something the box took away that may have made the step fail; empty if nothing is known
  std::vector<Difference> differences;  // of the box, if the step failed for an unknown cause
};

}  // namespace stepbox
