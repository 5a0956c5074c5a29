#include "plan/system_root.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"

namespace stepbox::plan {
namespace {

constexpr std::string_view kPlaces[] = {
    "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    // Nix and Guix keep their programs here. Not /nix and /gnu as a whole: their daemons listen beside the store.
    "/nix/store", "/gnu/store",
    // Programs and data that distributions generate when they install a package.
    "/var/lib/ca-certificates", "/var/lib/ghc", "/var/lib/texmf"};

constexpr std::string_view kPlacesOfSecrets[] = {"/etc", "/usr/local/etc"};

constexpr std::string_view kToolchainVariables[] = {"JAVA_HOME",   "GOROOT",    "MAVEN_HOME",  "GRADLE_HOME", "ANDROID_SDK_ROOT",
                                                    "DOTNET_ROOT", "CUDA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"};

constexpr std::string_view kLibraries[] = {"/lib", "/lib64", "/libexec"};

// The directory above a "bin"; empty for other paths, and above a top-level "bin", which is more than a toolchain.
std::string above_programs(std::string_view programs) {
  if (!programs.ends_with("/bin") && !programs.ends_with("/sbin")) return {};
  const std::string_view above = programs.substr(0, programs.rfind('/'));
  // ~/.local keeps all kinds of data beside its programs, keys among them.
  if (above.rfind('/') == 0 || above.empty() || above.ends_with("/.local")) return {};
  return std::string(above);
}

}  // namespace

std::span<const std::string_view> program_places() { return kPlaces; }

std::span<const std::string_view> places_of_secrets() { return kPlacesOfSecrets; }

std::vector<std::string> announced_toolchains(const Policy& policy, const HostFacts& facts) {
  std::vector<std::string> found;
  const auto comes_through = [&](std::string_view variable) {
    return !policy.clear_environment.value || std::ranges::any_of(policy.environment, [&](const EnvRule& rule) {
      return rule.action == EnvAction::keep && matches_pattern(rule.name, variable);
    });
  };
  const auto add = [&](std::string_view variable) {
    const auto value = facts.variable(variable);
    if (value && value->starts_with('/') && comes_through(variable)) found.push_back(lexically_normal(*value));
  };
  for (const std::string_view variable : kToolchainVariables) add(variable);
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Toolchain& toolchain : tool.toolchains)
      if (!toolchain.variable.empty()) add(toolchain.variable);
  return found;
}

bool is_in_system(std::string_view path) {
  return std::ranges::any_of(kPlaces, [&](std::string_view place) { return is_within(path, place); });
}

std::vector<std::string> paths_beside(const std::string& programs) {
  const std::string above = above_programs(programs);
  if (above.empty()) return {};
  std::vector<std::string> paths = {above};
  for (const std::string_view library : kLibraries) paths.push_back(above + std::string(library));
  return paths;
}

std::string toolchain_of(const std::string& programs, const HostFacts& facts) {
  const std::vector<std::string> paths = paths_beside(programs);
  const auto is_there = [&](const std::string& path) { return facts.find(path) != nullptr; };
  return !paths.empty() && std::any_of(paths.begin() + 1, paths.end(), is_there) ? paths.front() : programs;
}

}  // namespace stepbox::plan
