// The step's limits and deadlines.
#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "model/box_limits.hpp"

namespace stepbox::explain {
namespace {

std::string amount_of(const PlannedLimit& limit) {
  return amount_text(*find_box_limit(limit.name), limit.amount);
}

using Duration = Sourced<std::optional<std::chrono::milliseconds>>;

class LimitRows {
 public:
  explicit LimitRows(Detail detail) : detail_(detail) {}

  void add(std::string_view name, const std::string& text, const Origin& origin) {
    rows_.push_back({std::string(name), Phrase(text).append(from(origin, detail_))});
  }
  void add_deadline(const char* name, const Duration& limit, const char* what) {
    if (limit.value) add(name, duration_text(*limit.value) + what, limit.origin);
    else none_.emplace_back(name);
  }
  void add_box_limits(const CgroupPlan& plan) {
    for (const std::string_view name : kBoxLimitNames) {
      if (const PlannedLimit* limit = plan.find(name)) add(name, amount_of(*limit), limit->origin);
      else none_.emplace_back(name);
    }
  }
  Rows take() && {
    if (!none_.empty()) rows_.push_back({"no limit on", listed(none_)});
    return std::move(rows_);
  }

 private:
  Detail detail_;
  Rows rows_;
  std::vector<std::string> none_;
};

void add_groups(Rows& rows, const CgroupPlan& plan) {
  for (const PlannedGroup& group : plan.groups) {
    Phrase text("below");
    text.whole(escaped(group.parent));
    if (group.files.empty()) text.words("(for killing and measuring)");
    rows.push_back({"control group", text});
    for (const std::string& controller : group.enable) rows.push_back({"  hands down", controller});
    for (const CgroupFile& file : group.files) rows.push_back({"  " + std::string(file.name), file.value});
  }
}

}  // namespace

Rows limit_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  LimitRows limits(detail);
  limits.add_box_limits(plan.limits.cgroup);
  for (const ProcessLimitSpec& limit : plan.limits.process_limits)
    limits.add(limit.name, std::to_string(limit.value) + " for each process, or the caller's own limit if lower",
               limit.origin);
  limits.add_deadline("timeout", plan.limits.deadlines.timeout, "");
  limits.add_deadline("silence", plan.limits.deadlines.silence, " without output");
  const Deadlines& deadlines = plan.limits.deadlines;
  const bool has_deadline = deadlines.timeout.value || deadlines.silence.value;
  if (detail == Detail::whole || has_deadline || !from(deadlines.grace.origin, detail).empty())
    limits.add("grace", duration_text(deadlines.grace.value) + (deadlines.grace_after_cancel ? ", also when stepbox is asked to stop" : ""),
               deadlines.grace.origin);
  Rows rows = std::move(limits).take();
  for (const OptionalLimit& optional : planned.policy.limits.optional)
    rows.push_back({"may be missing", Phrase(optional.name).append(from(optional.origin, detail))});
  if (detail == Detail::whole) add_groups(rows, plan.limits.cgroup);
  return rows;
}

}  // namespace stepbox::explain
