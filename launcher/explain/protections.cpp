// Which system calls are refused, and which protections are in force.
#include "base/text.hpp"
#include "explain/subjects.hpp"

namespace stepbox::explain {
namespace {

// The first sentence of a reason; the rest is for readers of the profile.
std::string first_sentence(std::string_view text) { return prose(text.substr(0, text.find(". "))); }

bool is_plainly_active(const Protection& protection) {
  return protection.state == ProtectionState::active && (protection.reason.empty() || protection.name == "seccomp");
}

// The reason is a setting, "network: host".
bool is_off_by_choice(const Protection& protection) {
  constexpr size_t kSetting = 24;
  return protection.state == ProtectionState::off && protection.reason.size() <= kSetting;
}

// " (network: host)", or ": cgroup v1 does not count the TCP buffers ..."
std::string reason_of(const Protection& protection) {
  if (protection.reason.empty()) return {};
  return is_off_by_choice(protection) ? " (" + protection.reason + ")" : ": " + protection.reason;
}

// Brief leaves out the list of a built-in policy, which is no news.
void add_required(Rows& rows, const Policy& policy, Detail detail) {
  std::vector<std::string> names;
  for (const RequiredProtection& required : policy.require)
    if (detail == Detail::whole || required.origin.layer != Layer::built_in)
      names.push_back(escaped(required.name) + " [" + escaped(required.origin.text()) + "]");
  if (!names.empty()) rows.push_back({"required", listed(names)});
}

}  // namespace

Rows system_call_rows(const Planned& planned, Detail detail) {
  const SeccompFilter& filter = *planned.plan.confinement.seccomp;
  Phrase profile;
  profile.whole(escaped(filter.profile) + (filter.summary.empty() ? "" : ":")).words(prose(filter.summary));
  Rows rows{{"profile", profile.append(from(planned.policy.seccomp.origin, detail))}};
  if (planned.policy.allow_xattr.value)
    rows.push_back({"let through", Phrase("setting extended attributes").append(from(planned.policy.allow_xattr.origin, detail))});
  if (planned.plan.confinement.seccomp_log)
    rows.push_back({"log mode", Phrase("nothing is refused; the calls that would have been are listed after the step")
                                    .append(from(planned.policy.seccomp_log.origin, detail))});
  std::vector<std::string> names;
  for (const SeccompGroup& group : filter.groups) {
    names.push_back(escaped(group.name));
    if (detail == Detail::whole) rows.push_back({names.back(), first_sentence(group.why)});
  }
  if (detail == Detail::brief && !names.empty()) rows.push_back({"refused", listed(names)});
  return rows;
}

Rows protection_rows(const Planned& planned, Detail detail) {
  Rows rows;
  std::vector<std::string> active;
  std::vector<std::string> off;
  for (const Protection& protection : planned.plan.protections) {
    const std::string name(protection.name);
    if (detail == Detail::brief && is_plainly_active(protection)) {
      active.push_back(name);
    } else if (detail == Detail::brief && is_off_by_choice(protection)) {
      off.push_back(name + " (" + protection.reason + ")");
    } else {
      rows.push_back({name, stepbox::name_of(protection.state) + reason_of(protection)});
    }
  }
  const Policy& policy = planned.policy;
  if (detail == Detail::whole || !from(policy.allow_nesting.origin, detail).empty())
    rows.push_back({"nested sandboxes", Phrase(planned.plan.confinement.deny_nesting ? "denied" : "allowed").append(from(policy.allow_nesting.origin, detail))});
  add_required(rows, policy, detail);
  if (!off.empty()) rows.push_back({"off", listed(off)});
  if (!active.empty()) rows.push_back({"active", listed(active)});
  for (const std::string& warning : planned.plan.remarks.warnings) rows.push_back({"warning", warning});
  return rows;
}

}  // namespace stepbox::explain
