// The step, its network, and what stays in its reach.
#include "base/text.hpp"
#include "explain/subjects.hpp"

namespace stepbox::explain {
namespace {

Phrase command_line(const std::vector<std::string>& argv) {
  Phrase line;
  for (const std::string& word : argv) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`*?[]{}()<>|&;#~") == std::string::npos && is_utf8(word);
    line.whole(plain ? word : quoted(word));
  }
  return line;
}

const char* text_of(UidIsolation isolation) {
  switch (isolation) {
    case UidIsolation::shifted: return "uid 0 of its own, shifted to unused ids of the host";
    case UidIsolation::mapped: return "the caller's uid in a user namespace, without capabilities";
    case UidIsolation::degraded: return "real root with capabilities cut (degraded)";
    case UidIsolation::none: return "the caller";
  }
  return "";
}

const char* text_of(NetworkMode mode) {
  switch (mode) {
    case NetworkMode::host: return "the caller's";
    case NetworkMode::loopback: return "a loopback interface of its own, and nothing else";
    case NetworkMode::none: return "none, not even a loopback interface";
  }
  return "";
}

Phrase policies(const std::vector<PolicyName>& names) {
  std::vector<std::string> texts;
  for (const PolicyName& policy : names) texts.push_back(escaped(policy.name) + " (" + name_of(policy.layer) + ")");
  return listed(texts);
}

// The reach that no setting of a box takes away, for policies chosen against hostile code.
struct Rest {
  const char* what;
  const char* why;
};
constexpr Rest kRest[] = {
    {"the kernel", "is shared: a hole in it is a way out"},
    {"the system", "world-readable files in /usr and /etc, including user names and public host keys"},
    {"open descriptors", "standard input, output and error, and passed descriptors, lead to the files and sockets they were opened on; "
                         "over such a socket the step can send descriptors of the box out (SCM_RIGHTS), whose memory then outlives it"}};

}  // namespace

Rows step_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  Rows rows{{"command", command_line(plan.step.argv)},
            {"directory", Phrase().whole(escaped(plan.step.cwd))},
            {"policies", policies(plan.policies)},
            {"user", Phrase(text_of(plan.identity.isolation))
                         .words("(uid " + std::to_string(plan.identity.uid) + ", outside " + std::to_string(plan.identity.owner_uid) + ")")}};
  const Phrase chosen = from(planned.policy.isolation.origin, detail);
  if (!chosen.empty() || plan.confinement.isolation != Isolation::full) rows.push_back({"isolation", Phrase(name_of(plan.confinement.isolation)).append(chosen)});
  if (!plan.step.terminal.empty()) rows.push_back({"terminal", Phrase().whole(escaped(plan.step.terminal))});
  std::vector<std::string> descriptors;
  for (const int fd : plan.step.passed_fds) descriptors.push_back(std::to_string(fd));
  if (!descriptors.empty()) rows.push_back({"passed on", Phrase("descriptors").append(listed(descriptors))});
  return rows;
}

Rows no_box_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  if (plan.confinement.isolation == Isolation::full) return {};
  Rows rows{{"workspace", Phrase().whole(escaped(plan.files.box)).words("(removed after the step)")}};
  for (const Gap& gap : plan.confinement.gaps) rows.push_back({"not protected", Phrase(std::string(gap.name) + ": " + std::string(gap.text))});
  std::vector<std::string> devices;
  for (const WritablePath& writable : plan.confinement.writable) {
    if (detail == Detail::brief && writable.why == "device") devices.push_back(escaped(writable.path));
    else rows.push_back({"writable", Phrase().whole(escaped(writable.path)).words("(" + writable.why + ")").append(from(writable.origin, detail))});
  }
  if (!devices.empty()) rows.push_back({"writable", listed(devices)});
  return rows;
}

Rows network_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  return {{stepbox::name_of(plan.confinement.network), Phrase(text_of(plan.confinement.network)).append(from(planned.policy.network.origin, detail))}};
}

Rows rest_rows(const Planned& planned, Detail) {
  if (planned.plan.files.root != RootMode::system) return {};
  Rows rows;
  for (const Rest& row : kRest) rows.push_back({row.what, row.why});
  return rows;
}

}  // namespace stepbox::explain
