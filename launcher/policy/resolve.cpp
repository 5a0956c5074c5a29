#include "policy/resolve.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/text.hpp"
#include "policy/builtin.hpp"
#include "policy/guarded_variables.hpp"
#include "policy/layers.hpp"
#include "policy/project_room.hpp"
#include "policy/settings.hpp"
#include "policy/widening.hpp"

namespace stepbox::policy {
namespace {

constexpr std::string_view kFileName = "policy.yaml";
constexpr std::string_view kProjectFileName = ".stepbox.yaml";

// Puts the place of the `extends:` that brought a setting in before the error about it.
Error blamed_on(const Step& step, Error error) {
  return step.via.empty() ? std::move(error) : std::move(error).within(step.via);
}

// The variable that a setting touches: the map's key of environment.set and redirect, the value of unset; empty for
// other keys. environment.keep lets the caller's own variables through, and has a rule of its own.
std::string_view variable_of(const Setting& setting) {
  if (setting.key == "environment.set" || setting.key == "environment.redirect") return setting.name;
  return setting.key == "environment.unset" ? std::string_view(setting.value) : std::string_view();
}

std::string_view reason_against(const Setting& setting) {
  const std::string_view variable = variable_of(setting);
  if (variable.empty()) return {};
  return setting.key == "environment.set" ? policy::reason_against(variable, setting.value) : policy::reason_against(variable);
}

// The hint of the first, since a hint under several lines is taken for the first one's.
Error all_of(std::vector<Mistake> mistakes) {
  std::vector<Error> errors;
  std::string hint = mistakes.front().error.hint;
  for (Mistake& mistake : mistakes) errors.push_back(std::move(mistake.error));
  Error all = together(std::move(errors));
  all.hint = std::move(hint);
  return all;
}

class Resolver {
 public:
  explicit Resolver(const ResolveRequest& request) : request_(request) {}

  Result<Policy> resolve() {
    TRY_ASSIGN(const Gathered builtin, gather_named("default", "/", Layer::built_in));
    TRY(apply(builtin));
    TRY(file_layer(request_.site_directory, kFileName, Layer::site));
    TRY(file_layer(request_.user_directory, kFileName, Layer::user));
    TRY(file_layer(request_.checkout, kProjectFileName, Layer::project));
    for (const std::string& name : request_.names) {
      TRY_ASSIGN(const Gathered named, gather_named(name, request_.cwd, Layer::named));
      TRY(apply(named));
    }
    TRY(environment_layer());
    for (const Setting& setting : request_.settings) TRY(apply_typed(setting));
    if (without_project_) make_room_for_project(policy_, *without_project_, memory_of(policy_));
    TRY(judge_project_at_the_end());
    return std::move(policy_);
  }

 private:
  Result<> file_layer(const std::string& directory, std::string_view file, Layer layer) {
    if (directory.empty()) return {};
    const std::string path = path_below(request_.cwd, directory + "/" + std::string(file));
    TRY_ASSIGN(Gathered gathered, gather_file(path, path, layer));
    return layer == Layer::project ? apply_project(std::move(gathered)) : apply(gathered);
  }

  Result<> apply(const Gathered& gathered) {
    if (!gathered.mistakes.empty()) return std::unexpected(all_of(gathered.mistakes));
    for (const Step& step : gathered.steps)
      if (auto applied = put(step.setting); !applied)
        return std::unexpected(blamed_on(step, std::move(applied).error()));
    std::ranges::copy(gathered.names, std::back_inserter(policy_.names));
    return {};
  }

  // Once there is a project policy, the layers above it also go into a policy without it.
  Result<> put(const Setting& setting) {
    if (without_project_) TRY(apply_setting(*without_project_, setting));
    return apply_setting(policy_, setting);
  }

  // Judges each setting in itself, and the others as a whole, since two settings may be acceptable only together: a new
  // volume and a smaller workspace.
  Result<> apply_project(Gathered gathered) {
    std::vector<Mistake> refusals;
    const auto refuse = [&](const Step& step, const KeyRow& row, const std::string& what) {
      refusals.push_back(refusal(step, row, where(step.setting) + ": a project policy may not " + what));
    };
    std::erase_if(gathered.steps, [&](const Step& step) {
      const KeyRow* row = find_key(step.setting.key);
      if (row == nullptr) return false;
      const std::string_view reason = reason_against(step.setting);
      // A built-in policy that the project extends has values for all keys: the operator's stay in force.
      if (row->trust == Trust::operator_only && step.setting.origin.layer == Layer::built_in) return true;
      if (row->trust == Trust::operator_only) refuse(step, *row, "set this");
      else if (!reason.empty()) refuse(step, *row, "touch " + quoted(variable_of(step.setting)) + ": " + std::string(reason));
      return row->trust == Trust::operator_only || !reason.empty();
    });
    std::vector<Mistake> mistakes = std::exchange(gathered.mistakes, {});
    Policy base = policy_;
    TRY(apply(gathered));
    std::ranges::move(widenings(base, gathered), std::back_inserter(refusals));
    TRY(all_is_well(std::move(mistakes), std::move(refusals)));
    if (!gathered.steps.empty()) without_project_ = std::move(base);
    project_ = std::move(gathered);
    return {};
  }

  // What the layers above a project policy say, it may not widen either: a volume of 1 GiB beside `--size 64MiB`. What
  // these layers themselves widen is the operator's choice, so volumes that do not come from the project count in no
  // sum.
  Result<> judge_project_at_the_end() const {
    if (!without_project_) return {};
    Policy without = *without_project_;
    Policy with = policy_;
    drop_common_volumes(without, with);
    std::vector<Mistake> refusals;
    for (const KeyRow& row : keys()) {
      if (row.trust != Trust::tighten) continue;
      std::optional<Widening> widening = widening_of(row, without, with);
      if (!widening) continue;
      // The sentence counts all volumes where that shows the widening, too.
      if (auto of_all = widening_of(row, *without_project_, policy_)) widening = std::move(of_all);
      widening->remedy.clear();  // the layers above override what the project could set instead
      refusals.push_back(refusal_of(row, *widening, project_));
    }
    return all_is_well({}, std::move(refusals));
  }

  // Several refusals share a general hint. Where the first line is a mistake, there is its own.
  Result<> all_is_well(std::vector<Mistake> mistakes, std::vector<Mistake> refusals) const {
    if (refusals.size() > 1)
      for (Mistake& refusal : refusals) refusal.error.hint = "if they are meant, pass the options" + site_way("the keys");
    std::ranges::move(refusals, std::back_inserter(mistakes));
    if (mistakes.empty()) return {};
    sort_by_line(mistakes);
    return std::unexpected(all_of(std::move(mistakes)));
  }

  // Percentages of the workspace are of the same memory as in the plan.
  uint64_t memory_of(const Policy& base) const {
    const std::optional<Size>& limit = base.limits.memory.value;
    return limit ? std::min(limit->bytes_of(request_.memory_bytes), request_.memory_bytes) : request_.memory_bytes;
  }

  std::optional<Widening> widening_of(const KeyRow& row, const Policy& base, const Policy& changed) const {
    return row.widening(base, changed, row.key == "limits.memory" ? request_.memory_bytes : memory_of(base));
  }

  std::vector<Mistake> widenings(const Policy& base, const Gathered& gathered) const {
    std::vector<Mistake> refusals;
    for (const KeyRow& row : keys()) {
      if (row.trust != Trust::tighten) continue;
      if (const std::optional<Widening> widening = widening_of(row, base, policy_))
        refusals.push_back(refusal_of(row, *widening, gathered));
    }
    return refusals;
  }

  Mistake refusal_of(const KeyRow& row, const Widening& widening, const Gathered& project) const {
    const Step culprit = culprit_in(project, row, widening);
    return refusal(culprit, row, where(culprit.setting) + ": " + widening.reason + "; a project policy may only tighten" + widening.sum,
                   widening.remedy);
  }

  // The project's step behind a widening. A volume has one origin for both its limits, and a layer above the project may
  // have set the other limit: then it is the project's last step about the volume.
  static Step culprit_in(const Gathered& project, const KeyRow& row, const Widening& widening) {
    Step culprit{.setting = {.key = std::string(row.key), .name = widening.name, .value = {}, .origin = widening.origin}, .via = {}};
    const auto take_last = [&](auto is_meant) {
      const auto found = std::ranges::find_if(project.steps.rbegin(), project.steps.rend(), is_meant);
      if (found == project.steps.rend()) return false;
      culprit.setting.origin = found->setting.origin;
      culprit.via = found->via;
      culprit.line = found->line;
      culprit.column = found->column;
      return true;
    };
    const std::string origin = widening.origin.text();
    if (!take_last([&](const Step& step) { return step.setting.origin.text() == origin; }))
      take_last([&](const Step& step) { return step.setting.key == row.key && step.setting.name == widening.name; });
    return culprit;
  }

  Mistake refusal(const Step& step, const KeyRow& row, std::string message, std::string remedy = {}) const {
    std::string hint = remedy.empty() ? std::string() : std::move(remedy) + "; ";
    hint += "if it is meant, pass " + spelling_of(row) + site_way(row.key);
    return {step.line, step.column, blamed_on(step, Error{std::move(message), std::move(hint)})};
  }

  std::string site_way(std::string_view what) const {
    if (request_.site_directory.empty()) return {};
    return ", or set " + std::string(what) + " in " + request_.site_directory + "/" + std::string(kFileName);
  }

  // In the order of the table, not of the environment, so that two variables for the same thing always
  // give the same result.
  Result<> environment_layer() {
    if (request_.environment == nullptr) return {};
    std::vector<std::string_view> ours;
    for (const char* const* entry = request_.environment; *entry != nullptr; ++entry)
      if (const std::string_view text = *entry; text.starts_with("STEPBOX_")) ours.push_back(text);
    if (ours.empty()) return {};
    for (const KeyRow& row : keys()) {
      if (row.variable.empty()) continue;
      for (const std::string_view entry : ours) {
        const size_t equals = entry.find('=');
        if (equals == std::string_view::npos || entry.substr(0, equals) != row.variable) continue;
        TRY(variable(row, entry.substr(equals + 1)));
      }
    }
    return {};
  }

  Result<> variable(const KeyRow& row, std::string_view text) {
    if (row.shape == Shape::unsupported)
      return std::unexpected(unsupported_error(row.key).within(std::string(row.variable)));
    TRY_ASSIGN(const std::vector<Setting> settings, settings_from_variable(row, text));
    for (const Setting& setting : settings) TRY(apply_typed(setting));
    return {};
  }

  // A relative path in an option or variable starts at the user's working directory.
  Result<> apply_typed(const Setting& setting) {
    const KeyRow* row = find_key(setting.key);
    const bool is_path = row != nullptr && !setting.value.empty() &&
                         (row->operand == kPathOperand ||
                          (row->operand == kNameOrFileOperand && is_file_name(setting.value)));
    if (!is_path || setting.value.starts_with('/') || setting.value.starts_with("~/"))
      return put(setting);
    Setting absolute = setting;
    absolute.value = path_below(request_.cwd, setting.value);
    return put(absolute);
  }

  const ResolveRequest& request_;
  Policy policy_ = {};
  // If there is a project policy: its steps, and the policy of all other layers.
  Gathered project_ = {};
  std::optional<Policy> without_project_ = {};
};

}  // namespace

Result<Policy> resolve(const ResolveRequest& request) {
  return Resolver(request).resolve();
}

std::vector<BuiltinPolicy> builtin_policies() {
  std::vector<BuiltinPolicy> policies;
  for (const Builtin& builtin : builtins()) policies.push_back(BuiltinPolicy{builtin.name, builtin.summary});
  return policies;
}

}  // namespace stepbox::policy
