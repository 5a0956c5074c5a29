// Variables that a project policy may not touch.
//
// A project's policy comes with the code under test, and most variables act only on what the project runs anyway. These
// act on any program of their kind, so on an operator's own command as well: they make it load or run code that the
// project chose, read its settings from a place that the project chose, or trust another server.
//
// Variables that act only on code while it is compiled (CC, CFLAGS, RUSTFLAGS, CGO_ENABLED) are not here: a compiler works
// on what the operator asked it to build. The list can never be complete: stepbox-policy(5) says what an
// operator can do about it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace stepbox::policy {

enum class Case : uint8_t { as_written, any };

struct GuardedVariables {
  std::string_view patterns;        // names, with * and ? for parts, separated by blanks
  std::string_view reason;          // "the dynamic linker loads what it names into every program"
  Case spelling = Case::as_written; // any: programs also read https_Proxy, so patterns are in lower case
  std::string_view free = {};       // names that the patterns match, but that do no harm
};

std::span<const GuardedVariables> guarded_variables();

// Options that do no harm as the value of a guarded variable, like GOFLAGS=-mod=vendor.
struct HarmlessOptions {
  std::string_view variable;
  std::string_view patterns;  // separated by blanks
};

std::span<const HarmlessOptions> harmless_options();

// Why a project policy may not unset or redirect this variable; empty if it may.
std::string_view reason_against(std::string_view variable);

// Why a project policy may not set the variable to this value; empty if it may.
std::string_view reason_against(std::string_view variable, std::string_view value);

}  // namespace stepbox::policy
