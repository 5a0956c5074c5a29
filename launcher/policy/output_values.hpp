// The keys of outputs: text to policy and back, and what a project may not declare.
//
// A Setting of `outputs` has the pattern as its name, and as its value what else is said of it: "required=true,
// max-size=1GiB" without the blank, or nothing.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/keys.hpp"

namespace stepbox::policy {

inline constexpr std::string_view kOutputForm = "a pattern like bin/**, or {path: bin/**, required: true}";

// What a policy can say of an output, beside `path`.
struct OutputField {
  std::string_view name;
  std::string_view expected;
  std::string_view schema;  // JSON
};
inline constexpr OutputField kOutputFields[] = {
    {"required", "true or false", R"({"type": "boolean"})"},
    {"max-size", "a size like 512MiB", R"({"type": ["string", "integer"]})"},
    {"when", "success or always", R"({"enum": ["success", "always"]})"},
};

// Splits "PATTERN[,when=always][,max-size=SIZE][,required=false]", as options and variables spell an output: what follows
// the last comma belongs to the pattern unless it begins with the name of a field and "=".
Setting output_from_text(std::string_view text);

// An output from an option or a variable is required unless it says otherwise: the user typed it for this run.
Result<> apply_output(Policy& policy, const Setting& setting);
Result<> apply_outputs_to(Policy& policy, const Setting& setting);
Result<> apply_outputs_manifest(Policy& policy, const Setting& setting);

std::vector<Setting> settings_of_outputs(const Policy& policy);
std::vector<Setting> settings_of_outputs_to(const Policy& policy);
std::vector<Setting> settings_of_outputs_manifest(const Policy& policy);

// Outputs of the project that belong to version control, or would replace the project's policy.
std::optional<Widening> widens_outputs(const Policy& base, const Policy& changed, uint64_t memory);

}  // namespace stepbox::policy
