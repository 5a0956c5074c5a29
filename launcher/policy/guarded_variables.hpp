// Variables that a project policy may not touch.
//
// A project's policy comes with the code under test, and most variables act only on what the project runs anyway. These
// act on any program of their kind, so on an operator's own command as well: they make it load or run code that the
// project chose, read its settings from a place that the project chose, or trust another server.
//
// Variables that only a build tool reads (GOFLAGS, CFLAGS, MAVEN_OPTS) are not here: the tool builds the project's
// code, whatever its options.
#pragma once

#include <span>
#include <string_view>

namespace stepbox::policy {

struct GuardedVariables {
  std::string_view patterns;  // names, with * and ? for parts, separated by blanks
  std::string_view reason;    // "the dynamic linker loads what it names into every program"
};

std::span<const GuardedVariables> guarded_variables();

// Why a project policy may not set, redirect or unset the variable; empty where it may.
std::string_view reason_against(std::string_view variable);

}  // namespace stepbox::policy
