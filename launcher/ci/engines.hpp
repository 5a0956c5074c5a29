// Which CI engine runs this step, by the variables that it sets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stepbox::ci {

// How an engine wants to be told of what matters in a step's log.
enum class LogForm : uint8_t {
  plain,
  workflow_commands  // "::warning title=...::...", of GitHub Actions
};

// Known by one variable that no other program sets. Some engines set those of another one too (Forgejo those of GitHub):
// the first row that fits counts.
struct Engine {
  std::string_view name;          // in reports
  std::string_view variable;
  std::string_view value = {};    // that the variable must have; empty: any
  std::string_view job_variable = {};  // names the job that the step is part of; empty: the engine has none
  LogForm log_form = LogForm::plain;
};

std::span<const Engine> engines();

using Lookup = std::function<std::optional<std::string>(std::string_view variable)>;

// The engine around this step, or null. `look_up` returns the value of a variable.
const Engine* engine_around(const Lookup& look_up);
// The same, by this process's own environment.
const Engine* engine_around();

// What the engine calls the job; empty where it does not say.
std::string job_of(const Engine& engine, const Lookup& look_up);
std::string job_of(const Engine& engine);

}  // namespace stepbox::ci
