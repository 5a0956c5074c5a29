// Every key of the policy, once: its type, its option, its variable, who may set it, and its help.
//
// The command line, the environment, the files, `explain`, the help and the schema all walk this
// table; to add a key is to add a row in keys.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/policy.hpp"

namespace stepbox::policy {

// The shape of the value in YAML, and with it how an option or variable spells it.
enum class Shape : uint8_t {
  scalar,      // workspace.size: 8GiB           --size 8GiB           STEPBOX_SIZE=8GiB
  flag,        // environment.clear: true        --clear-env           STEPBOX_CLEAR_ENV=true
  list,        // filesystem.ro: [/a, /b]        --ro /a --ro /b       STEPBOX_RO=/a:/b
  map,         // environment.set: {CI: "true"}  --env CI=true         STEPBOX_ENV=CI=true
  records,     // workspace.volumes: {cache: {size: 4GiB}}  --volume cache=4GiB  STEPBOX_VOLUME=cache=4GiB
  items,       // outputs: [{path: bin/**, required: true}]  --output bin/**  STEPBOX_OUTPUT=bin/**
  group,       // limits: {memory: 6GiB}         --limit memory=6GiB   STEPBOX_LIMIT=memory=6GiB; the keys below it
  unsupported  // known from the design, not in this version: an error that says so, never ignored
};

// What a project policy may do with the key. It comes with the code under test, which may be a
// stranger's pull request: it may tighten what is set below it, never widen it.
enum class Trust : uint8_t {
  free,          // harmless in any hands: acts only inside the box (some variables do not: guarded_variables.hpp)
  tighten,       // allowed where the new value is at most as wide as the one below
  operator_only  // refused in a project policy
};

// The operand of keys that take a path. A relative path on the command line or in a variable is made
// absolute before apply() sees it.
inline constexpr std::string_view kPathOperand = "PATH";
// One of the words of KeyRow::words.
inline constexpr std::string_view kModeOperand = "MODE";
// A name, or a path that holds a / or ends in .yaml.
inline constexpr std::string_view kNameOrFileOperand = "NAME|FILE";

// One value on its way into the policy: `name` is the map key ("CI"), empty for scalars and lists. A
// flag's value is "true" or "false".
struct Setting {
  std::string key;
  std::string name = {};
  std::string value;
  Origin origin;
};

// What a changed policy allows beyond its base.
struct Widening {
  std::string name;    // as in Setting
  Origin origin;       // of the wider value
  std::string reason;  // "20 GiB is wider than the 12 GiB of default:4 (built in)"
  std::string sum = {};     // the sum behind the reason, as sum_text() writes it; empty: none
  std::string remedy = {};  // what the project can do; empty: only the operator can allow it
};

// A field of each entry of Shape::records. Its setting's value is "FIELD=VALUE"; a list has it repeatedly, with commas
// between, and "FIELD=" is an empty one.
struct RecordField {
  std::string_view name;
  std::string_view expected;  // as KeyRow::expected
  bool is_list = false;
};

struct KeyRow {
  std::string_view key;  // "workspace.size"
  Shape shape;
  std::string_view option;    // "--size", empty where there is none
  std::string_view variable;  // "STEPBOX_SIZE", empty where there is none
  char separator;             // between the values of a list or map in the variable
  std::string_view operand;   // "SIZE", for the help; empty for a flag
  Trust trust;
  std::string_view expected;  // "a size like 8GiB or 50%": used in errors
  std::string_view help;      // one line for --help and the schema
  // Parses the value and writes it into the policy. Errors mention only the value; the caller adds file,
  // line and key. Null where the key is unsupported.
  Result<> (*apply)(Policy& policy, const Setting& setting);
  // For Trust::tighten: the value of `changed` that is wider than `base` allows. Percentages are of
  // `memory`; 0 means unknown, and then values that cannot be compared count as wider.
  std::optional<Widening> (*widening)(const Policy& base, const Policy& changed, uint64_t memory);
  // The inverse of apply: the policy's values for the key, each spelled as apply reads it, with its origin. Empty if
  // the key was not set. Of several rules for one name or path, only the one that counts.
  std::vector<Setting> (*settings)(const Policy& policy) = nullptr;
  // The words that a value may be, for the schema and completions. With kModeOperand there are no other values.
  std::span<const std::string_view> words = {};
  std::span<const RecordField> fields = {};  // of Shape::records
};

// All rows, in the order in which help and schema show them.
std::span<const KeyRow> keys();

// The row of a key, or null.
const KeyRow* find_key(std::string_view key);

}  // namespace stepbox::policy
