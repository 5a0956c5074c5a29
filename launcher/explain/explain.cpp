#include "explain/explain.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "model/box_limits.hpp"

namespace stepbox::explain {
namespace {

class Page {
 public:
  void heading(std::string_view text) { (((text_ += text_.empty() ? "" : "\n") += text) += "\n"); }
  // Two columns; a long left side pushes the right one along.
  void line(const std::string& left, const std::string& right, size_t width = 34) {
    text_ += "  " + left;
    if (!right.empty()) text_ += std::string(left.size() < width ? width - left.size() : 1, ' ') + " " + right;
    text_ += "\n";
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string command_line(const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  for (const std::string& word : argv) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`*?[]{}()<>|&;#~") == std::string::npos && is_utf8(word);
    words.push_back(plain ? word : quoted(word));
  }
  return join(words, " ");
}

const char* name_of(UidIsolation isolation) {
  switch (isolation) {
    case UidIsolation::shifted: return "uid 0 of its own, shifted to unused ids of the host";
    case UidIsolation::mapped: return "the caller's uid in a user namespace, without capabilities";
    case UidIsolation::degraded: return "real root with capabilities cut (degraded)";
    case UidIsolation::none: return "the caller";
  }
  return "";
}

std::string attributes_of(const MountCall& call) {
  std::string text = (call.attributes & MOUNT_ATTR_RDONLY) != 0 ? "ro" : "rw";
  if (call.id_mapped != IdMapped::no) text += ", id-mapped";
  if (!call.layers.empty()) text += ", no sockets";
  if (call.recursion == Recursion::tree && call.act == MountAct::bind) text += ", with what is mounted below";
  return text;
}

std::string source_of(const MountCall& call) {
  switch (call.act) {
    case MountAct::bind: return escaped(call.source);
    case MountAct::rebind: return call.source.starts_with(".empty") ? "(nothing)" : "/" + escaped(call.source);
    case MountAct::tmpfs: return "new tmpfs";
    case MountAct::proc: return "new proc";
    case MountAct::devpts: return "new devpts";
    case MountAct::terminal: return "terminal " + call.source;
    case MountAct::directory:
    case MountAct::file:
    case MountAct::symlink:
    case MountAct::seal: return {};
  }
  return {};
}

std::string with_origin(const Origin& origin) { return origin.place.empty() ? "" : "  [" + origin.text() + "]"; }

void step(Page& page, const Plan& plan) {
  page.heading("step");
  page.line("command", command_line(plan.argv));
  page.line("directory", escaped(plan.cwd));
  page.line("user", name_of(plan.identity.isolation));
  page.line("uid inside, owner outside", std::to_string(plan.identity.uid) + ", " + std::to_string(plan.identity.owner_uid));
  page.line("network", stepbox::name_of(plan.network));
  page.line("of the host it sees", plan.root == RootMode::system ? "programs, and what is named below" : "everything but what is covered below");
  page.line("nested sandboxes", plan.deny_nesting ? "denied" : "allowed");
  if (!plan.terminal.empty()) page.line("terminal", plan.terminal);
  for (const int fd : plan.passed_fds) page.line("descriptor passed", std::to_string(fd));
}

void isolation(Page& page, const Plan& plan) {
  page.heading(std::string("isolation: ") + stepbox::name_of(plan.isolation));
  if (plan.isolation == Isolation::full) return page.line("a box", "namespaces, and a workspace of tmpfs at " + plan.box);
  page.line("no box", "the workspace is a directory of the host, removed afterwards: " + escaped(plan.box));
  for (const Gap& gap : plan.gaps) page.line("not protected: " + std::string(gap.name), std::string(gap.text));
  for (const WritablePath& writable : plan.writable)
    page.line("may write to " + escaped(writable.path), writable.why + with_origin(writable.origin));
}

// What no setting of a box takes away, for the policies that are chosen against strangers.
struct Rest {
  const char* what;
  const char* why;
};
constexpr Rest kRest[] = {
    {"the kernel", "is shared: a hole in it is a way out"},
    {"the system", "what everybody may read in /usr and /etc, users' names and host keys' public halves included"},
    {"open descriptors", "standard input, output and error, and those that are passed, lead to whatever they were opened on; a socket "
                         "among them takes descriptors of the box to the other side (SCM_RIGHTS), and their memory outlives it there"}};

void rest(Page& page, const Plan& plan) {
  if (plan.root != RootMode::system) return;
  page.heading("still in reach");
  for (const Rest& row : kRest) page.line(row.what, row.why);
}

// Of each reason the first sentence: the rest is for those who read the profile.
void seccomp(Page& page, const Plan& plan) {
  const SeccompFilter& filter = *plan.seccomp;
  page.heading("system calls: profile " + escaped(filter.profile) + (filter.summary.empty() ? "" : ", " + escaped(filter.summary)));
  if (plan.seccomp_log) page.line("log mode", "nothing is refused; what would have been is listed after the step");
  for (const SeccompGroup& group : filter.groups)
    page.line(escaped(group.name), escaped(group.why.substr(0, group.why.find(". "))));
}

void volumes(Page& page, const Plan& plan) {
  if (plan.volumes.empty()) return;
  page.heading("volumes (hard limits)");
  for (const PlannedVolume& volume : plan.volumes) {
    page.line(volume.name + " at " + volume.path, human_bytes(volume.bytes) + with_origin(volume.size_origin) + ", " +
                                                      std::to_string(volume.inodes) + " inodes" + with_origin(volume.inodes_origin));
  }
  for (const std::string& note : plan.notes) page.line(note, "");
}

std::string amount_of(const PlannedLimit& limit) { return amount_text(*find_box_limit(limit.name), limit.amount); }

void limits(Page& page, const Plan& plan) {
  if (plan.cgroup.limits.empty() && plan.process_limits.empty()) return;
  page.heading("limits");
  for (const PlannedLimit& limit : plan.cgroup.limits) page.line(std::string(limit.name), amount_of(limit) + with_origin(limit.origin));
  for (const ProcessLimitSpec& limit : plan.process_limits)
    page.line(std::string(limit.name), std::to_string(limit.value) + " for each process, or what the caller has" + with_origin(limit.origin));
  for (const PlannedGroup& group : plan.cgroup.groups) {
    page.line("control group below " + escaped(group.parent), group.files.empty() ? "for killing and measuring" : "");
    for (const std::string& controller : group.enable) page.line("  controller handed down", controller);
    for (const CgroupFile& file : group.files) page.line("  " + std::string(file.name), file.value);
  }
}

std::string limit_text(const Sourced<std::optional<std::chrono::milliseconds>>& limit) {
  return limit.value ? duration_text(*limit.value) + with_origin(limit.origin) : "none";
}

void deadlines(Page& page, const Deadlines& deadlines) {
  page.heading("deadlines");
  page.line("timeout", limit_text(deadlines.timeout));
  page.line("silence", limit_text(deadlines.silence));
  page.line("grace", duration_text(deadlines.grace.value) + with_origin(deadlines.grace.origin) +
                         (deadlines.grace_after_cancel ? ", also when stepbox is asked to stop" : ""));
}

void mounts(Page& page, const Plan& plan) {
  if (plan.mounts.empty()) return;
  page.heading("mounts, in order");
  for (const MountCall& call : plan.mounts) {
    const std::string source = source_of(call);
    if (source.empty()) continue;
    page.line("/" + escaped(call.target), source + " (" + attributes_of(call) + "): " + call.why + with_origin(call.origin));
  }
}

std::string cause_of(const EnvEntry& entry) {
  switch (entry.cause) {
    case EnvCause::inherited: return "inherited";
    case EnvCause::redirect: return "redirect of " + std::string(entry.tool);
    case EnvCause::toolchain: return "toolchain of " + std::string(entry.tool);
    case EnvCause::stepbox: return "as it is in the box";
    case EnvCause::policy: return entry.origin.text();
  }
  return {};
}

void environment(Page& page, const Plan& plan) {
  page.heading("environment");
  size_t inherited = 0;
  for (const EnvEntry& entry : plan.environment) {
    if (entry.cause == EnvCause::inherited) ++inherited;
    else page.line(escaped(entry.name) + "=" + escaped(entry.value), cause_of(entry), 60);
  }
  page.line(std::to_string(inherited) + " more", "inherited as they are", 60);
  for (const std::string& name : plan.unset) page.line(escaped(name), "taken away", 60);
}

void protections(Page& page, const Plan& plan) {
  page.heading("protections");
  for (const Protection& protection : plan.protections) {
    std::string text = stepbox::name_of(protection.state);
    if (!protection.reason.empty()) text += ": " + protection.reason;
    page.line(std::string(protection.name), text);
  }
  for (const std::string& warning : plan.warnings) page.line("warning", warning);
}

}  // namespace

std::string explain(const run::Planned& planned) {
  Page page;
  page.heading("policies");
  for (const PolicyName& policy : planned.plan.policies) page.line(escaped(policy.name), stepbox::name_of(policy.layer));
  step(page, planned.plan);
  isolation(page, planned.plan);
  limits(page, planned.plan);
  volumes(page, planned.plan);
  deadlines(page, planned.plan.deadlines);
  mounts(page, planned.plan);
  environment(page, planned.plan);
  seccomp(page, planned.plan);
  protections(page, planned.plan);
  rest(page, planned.plan);
  return std::move(page).take();
}

}  // namespace stepbox::explain
