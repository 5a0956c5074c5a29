// Every key of the policy, once: its type, its option, its variable, who may set it, and its help.
//
// The command line, the environment, the files, `explain`, the help and the schema all walk this
// table; to add a key is to add a row in keys.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/policy.hpp"

namespace stepbox::policy {

// The shape of the value in YAML, and with it how an option or variable spells it.
enum class Shape : uint8_t {
  scalar,      // workspace.size: 8GiB           --size 8GiB
  list,        // filesystem.ro: [/a, /b]        --ro /a --ro /b       STEPBOX_RO=/a:/b
  map,         // environment.set: {CI: "true"}  --env CI=true
  unsupported  // known from the design, not in this version: an error that says so, never ignored
};

// What a project policy may do with the key. It comes with the code under test, which may be a
// stranger's pull request: it may tighten what is set below it, never widen it.
enum class Trust : uint8_t {
  free,     // harmless in any hands: acts only inside the box
  tighten,  // allowed where the new value is at most as wide as the one below
  operator_only  // refused in a project policy
};

// One value on its way into the policy: `name` is the map key ("CI"), empty for scalars and lists.
struct Setting {
  std::string key;
  std::string name = {};
  std::string value;
  Origin origin;
};

struct KeyRow {
  std::string_view key;       // "workspace.size"
  Shape shape;
  std::string_view option;    // "--size", empty where there is none
  std::string_view variable;  // "STEPBOX_SIZE", empty where there is none
  std::string_view operand;   // "SIZE", for the help
  Trust trust;
  std::string_view expected;  // "a size like 8GiB or 50%": used in errors
  std::string_view help;      // one line for --help and the schema
  // Parses the value and writes it into the policy. Errors say what is wrong with the value alone;
  // the caller adds file, line and key.
  Result<> (*apply)(Policy& policy, const Setting& setting);
  // For Trust::tighten: whether `wider` holds a value wider than `base` allows; used after apply.
  bool (*widens)(const Policy& base, const Policy& changed);
};

// All rows, in the order in which help and schema show them.
std::span<const KeyRow> keys();

// The row of a key, or null.
const KeyRow* find_key(std::string_view key);

}  // namespace stepbox::policy
