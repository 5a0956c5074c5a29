// What a step sees of the host with `root: system`: only what programs need to run. Pure.
//
// The rest of the host is absent unless it was named: the checkout, toolchains, rules of the policy, files that a CI
// announces. As root the system is shown without id mapping: its owners are unmapped ids in the box, so the step
// reads only world-readable files. Elsewhere, files that the caller may read and others may not are covered.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

// The places shown, as absolute paths. A host need not have all of them.
std::span<const std::string_view> program_places();

// Whether the path, links resolved, is one of these places or lies below one.
bool is_in_system(std::string_view path);

// System trees that hold configuration, and secrets with it.
std::span<const std::string_view> places_of_secrets();

// Where the caller's variables say that toolchains are: JAVA_HOME and the like, and the registry's. Only variables
// that the step gets too. Absolute paths.
std::vector<std::string> announced_toolchains(const Policy& policy, const HostFacts& facts);

// The directory that a toolchain needs as a whole: "/opt/go" for "/opt/go/bin" when libraries lie beside the "bin",
// otherwise the directory itself. `programs` has its links resolved; the facts say what lies beside it.
std::string toolchain_of(const std::string& programs, const HostFacts& facts);

// The paths whose existence toolchain_of() depends on.
std::vector<std::string> paths_beside(const std::string& programs);

}  // namespace stepbox::plan
