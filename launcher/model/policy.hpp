// The resolved policy: what was asked for, each value with its origin. Plain data.
//
// Made by policy/resolve.hpp from the layers; read by the plan. Nothing here knows YAML or the host.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.hpp"
#include "model/origin.hpp"
#include "model/outputs.hpp"
#include "model/units.hpp"
#include "model/warm.hpp"

namespace stepbox {

// How a step is isolated. The two weaker modes are for hosts that refuse namespaces, and are only ever chosen by name.
enum class Isolation : uint8_t {
  full,      // a box: namespaces, and a workspace of tmpfs
  landlock,  // no box: a directory of its own, and writes confined by Landlock (landlock(7))
  env        // no box: a directory of its own that the environment points to, and nothing else
};

enum class SourceMode : uint8_t {
  rw,
  ro,
  overlay,  // writable, and what the step changes is discarded
  none
};
enum class RootMode : uint8_t {
  ro,       // all of it, read-only
  overlay,  // all of it, writable, and what the step changes is discarded
  system    // what programs need to run, and named paths
};
enum class HomeMode : uint8_t {
  fresh,
  overlay,  // the host's without its known caches, writable, and what the step changes is discarded
  host
};
enum class SettingsMode : uint8_t { hide, show };  // of tools, in a home that is fresh
enum class NetworkMode : uint8_t { host, loopback, none };

// How policies, options and reports spell a mode. Help, schema and errors list these words. A mode that allows more has
// the larger width.
template <class Mode>
struct Word {
  std::string_view word;
  Mode mode;
  int width = 0;
};

inline constexpr Word<Isolation> kIsolations[] = {
    {"full", Isolation::full, 0}, {"landlock", Isolation::landlock, 1}, {"env", Isolation::env, 2}};
inline constexpr Word<SourceMode> kSourceModes[] = {
    {"rw", SourceMode::rw, 2}, {"ro", SourceMode::ro, 1}, {"overlay", SourceMode::overlay, 1}, {"none", SourceMode::none, 0}};
inline constexpr Word<RootMode> kRootModes[] = {{"ro", RootMode::ro, 1}, {"overlay", RootMode::overlay, 1}, {"system", RootMode::system, 0}};
inline constexpr Word<HomeMode> kHomeModes[] = {
    {"fresh", HomeMode::fresh, 0}, {"overlay", HomeMode::overlay, 1}, {"host", HomeMode::host, 2}};
inline constexpr Word<SettingsMode> kSettingsModes[] = {{"hide", SettingsMode::hide, 0}, {"show", SettingsMode::show, 1}};
inline constexpr Word<NetworkMode> kNetworkModes[] = {
    {"host", NetworkMode::host, 2}, {"loopback", NetworkMode::loopback, 1}, {"none", NetworkMode::none, 0}};
inline constexpr Word<bool> kPermissions[] = {{"allow", true, 1}, {"deny", false, 0}};

const char* name_of(Isolation isolation);
const char* name_of(SourceMode mode);
const char* name_of(RootMode mode);
const char* name_of(HomeMode mode);
const char* name_of(SettingsMode mode);
const char* name_of(NetworkMode mode);

// A volume that the policy gives a size or inode limit of its own; it becomes a tmpfs of its own.
struct VolumeSpec {
  std::string name;  // of kVolumes
  std::optional<Size> size;
  std::optional<uint64_t> inodes;
  Origin origin;
};

enum class PathAccess : uint8_t { ro, rw, hide };
const char* name_of(PathAccess access);

struct PathRule {
  PathAccess access;
  std::string path;  // as written: absolute, or starting with "~/"; relative ones were made absolute
  Origin origin;
};

enum class EnvAction : uint8_t { set, unset, keep, redirect };

struct EnvRule {
  EnvAction action;
  std::string name;   // for keep: a pattern with * and ?
  std::string value;  // set: the value; redirect: a path in the workspace, "cache/mytool"
  Origin origin;
};

// A name and a value that the user gives to a run, to find its report again: "branch" "main".
struct Label {
  std::string name;
  std::string value;
  Origin origin = {};
};

struct RequiredProtection {
  std::string name;
  Origin origin;
};

// A warm cache that a layer names.
struct NamedWarm {
  std::string name;
  Origin origin;  // the strongest layer that is not the project, if there is one
};

// What the machine's owner says of a warm cache: its bounds, its key, and what a cache of the owner's own covers.
struct WarmSpec {
  std::string name = {};
  std::optional<Size> max = {};  // in bytes, as is the other size
  std::optional<uint64_t> keep = {};
  std::optional<std::chrono::milliseconds> refresh_age = {};
  std::optional<Size> refresh_size = {};
  std::vector<std::string> key = {};          // files of the checkout, relative
  std::vector<std::string> directories = {};  // below the workspace: "cache/mytool"
  std::vector<std::string> drop = {};         // patterns, relative to these
  std::optional<WarmMerge> merge = {};
  Origin origin = {};
};

struct PolicyName {
  std::string name;  // "default", "go", or a file's path
  Layer layer;
};

struct Policy {
  std::vector<PolicyName> names;  // in the order in which they were applied
  Sourced<Isolation> isolation;
  Sourced<Size> size;
  Sourced<uint64_t> inodes;
  std::vector<VolumeSpec> volumes;
  Sourced<SourceMode> source;
  Sourced<std::optional<std::string>> source_path;
  Sourced<RootMode> root;
  Sourced<HomeMode> home;
  Sourced<SettingsMode> settings;
  Sourced<NetworkMode> network;
  std::vector<PathRule> paths;
  std::vector<EnvRule> environment;  // in order; a later rule for the same name wins
  Sourced<bool> clear_environment;
  Sourced<bool> allow_nesting;  // nesting: allow | deny
  Limits limits;
  Sourced<std::string> seccomp;  // one of kSeccompNames, or a file: absolute, or starting with "~/"
  Sourced<bool> allow_xattr;     // xattr: allow | deny
  Sourced<bool> seccomp_log;     // list calls instead of refusing them
  Sourced<bool> diff;            // list changes that an overlay discards
  std::vector<RequiredProtection> require;
  std::vector<NamedWarm> warm;        // to read through, one of each name
  std::vector<NamedWarm> warm_offer;  // what a project may name in `warm`
  Sourced<bool> warm_save;            // save the next generation of each that is not the project's choice alone
  std::vector<WarmSpec> warm_caches;
  std::vector<OutputSpec> outputs;  // all of them: none overrides another
  Sourced<std::optional<std::string>> outputs_to;
  Sourced<std::optional<std::string>> outputs_manifest;
  std::vector<Label> labels;  // one of each name, in the order in which the names were first set

  Sourced<std::optional<std::chrono::milliseconds>> timeout;  // of the step, from its start
  Sourced<std::optional<std::chrono::milliseconds>> silence;  // without a byte on stdout and stderr
  Sourced<std::chrono::milliseconds> grace;                   // between SIGTERM and SIGKILL
};

}  // namespace stepbox
