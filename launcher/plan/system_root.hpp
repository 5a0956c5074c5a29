// What a step sees of the host with `root: system`: what programs need to run. Pure.
//
// Everything else of the host is not there, unless it was named: the checkout, toolchains, rules of the policy, files
// that a CI announces. As root the system is seen without id mapping, so that its owners are nobody's in the box, and
// the step reads what everybody may read; elsewhere what the caller may read and others may not is covered.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

// The places that are shown, as absolute paths. A host need not have all of them.
std::span<const std::string_view> program_places();

// Whether the path, links resolved, is one of them or lies below one.
bool is_in_system(std::string_view path);

// Trees of the system in which configuration lies, and secrets with it.
std::span<const std::string_view> places_of_secrets();

// What the caller's variables that come through to the step say about where toolchains are: JAVA_HOME and the like, and
// those of the registry. Absolute paths.
std::vector<std::string> announced_toolchains(const Policy& policy, const HostFacts& facts);

// Where a toolchain's programs lie in a "bin" beside its libraries, all of it is needed: "/opt/go" for "/opt/go/bin".
// Else the directory itself. `programs` has its links resolved; what lies beside it is looked up in the facts.
std::string toolchain_of(const std::string& programs, const HostFacts& facts);

// The paths whose existence toolchain_of() depends on.
std::vector<std::string> paths_beside(const std::string& programs);

}  // namespace stepbox::plan
