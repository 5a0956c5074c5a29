#include <algorithm>

#include "base/text.hpp"
#include "model/units.hpp"
#include "run/plan_parts.hpp"

namespace stepbox::run {
namespace {

// The programs of the step need some memory beside their files, and so does the box.
constexpr uint64_t kForPrograms = uint64_t{16} << 20;
// A file's inode and directory entry, with a name of middling length.
constexpr uint64_t kPerInode = 1'536;
// Less than this is no workspace.
constexpr uint64_t kSmallest = uint64_t{1} << 20;
constexpr uint64_t kFewestInodes = 1'000;

std::string path_of(std::string_view volume) {
  return "/box/" + std::string(volume);
}

// What the volumes must fit into: tmpfs pages are memory of the step.
struct Memory {
  uint64_t bytes = 0;
  uint64_t for_programs = 0;  // of these
  std::string name;           // for errors
  bool is_limit = false;
};

Memory memory_for(const Plan& plan, const HostFacts& facts) {
  const PlannedLimit* limit = plan.cgroup.find("memory");
  if (limit != nullptr && limit->amount <= facts.memory_usable)
    return {limit->amount, kForPrograms,
            "limits.memory " + human_bytes(limit->amount) + " (" + escaped(limit->origin.text()) + ")", true};
  // Beyond its memory a machine can only hold what it can swap out.
  const uint64_t swap = facts.memory_usable == facts.memory_total ? facts.swap_total : 0;
  return {facts.memory_usable + swap, 0,
          "the " + human_bytes(facts.memory_usable + swap) + " of memory that stepbox may use", false};
}

// Nobody chose it: it fits itself to what is left.
bool is_default(const Origin& origin) {
  return origin.layer == Layer::built_in;
}

struct Sum {
  uint64_t bytes = 0;
  std::string text;  // "volume 'cache' 512 MiB (ci.yaml:4:3) + workspace 1 GiB (--size)"

  void add(const std::string& what, uint64_t more, const Origin& origin) {
    bytes += std::min(more, ~uint64_t{0} - bytes);
    text += (text.empty() ? "" : " + ") + what + " " + human_bytes(more) + " (" + escaped(origin.text()) + ")";
  }
};

std::string name_of(const PlannedVolume& volume) {
  return volume.name == "workspace" ? "workspace" : "volume " + quoted(volume.name);
}

Sum chosen_sizes(const Plan& plan, const Memory& memory) {
  Sum sum;
  for (const PlannedVolume& volume : plan.volumes)
    if (!is_default(volume.size_origin)) sum.add(name_of(volume), volume.bytes, volume.size_origin);
  for (const PlannedVolume& volume : plan.volumes)
    if (memory.is_limit && !is_default(volume.inodes_origin))
      sum.add(std::to_string(volume.inodes) + " inodes of " + name_of(volume), volume.inodes * kPerInode,
              volume.inodes_origin);
  return sum;
}

Result<> refuse(const Memory& memory, const Sum& sum) {
  const std::string programs =
      memory.for_programs == 0 ? "" : " + " + human_bytes(memory.for_programs) + " for the programs of the step";
  return fail("volumes are memory, and " + memory.name +
                  " cannot hold them: " + (sum.text.empty() ? "a workspace" : sum.text) + programs + " is " +
                  human_bytes(sum.bytes + memory.for_programs),
              memory.is_limit ? "raise limits.memory, or make the volumes smaller (--size, --volume, --inodes)"
                              : "make the volumes smaller (--size, --volume)");
}

// What nobody chose takes its share of what is left, and never more than the default says.
Result<> fit_defaults(Plan& plan, const Memory& memory, const Sum& sum) {
  const uint64_t left = memory.bytes - memory.for_programs - sum.bytes;
  const auto count = static_cast<uint64_t>(
      std::ranges::count_if(plan.volumes, [](const PlannedVolume& v) { return is_default(v.size_origin); }));
  for (PlannedVolume& volume : plan.volumes) {
    // Beside the bytes, inodes may take a quarter of the memory.
    const uint64_t inodes = std::max(memory.bytes / 4 / plan.volumes.size() / kPerInode, kFewestInodes);
    if (memory.is_limit && is_default(volume.inodes_origin)) volume.inodes = std::min(volume.inodes, inodes);
    if (!is_default(volume.size_origin) || volume.bytes <= left / count) continue;
    if (left / count < kSmallest) {
      Sum whole = sum;
      whole.add(name_of(volume), kSmallest, volume.size_origin);
      return refuse(memory, whole);
    }
    volume.bytes = left / count / 4096 * 4096;
    plan.notes.push_back(name_of(volume) + " is " + human_bytes(volume.bytes) +
                         " instead of the default: more would not fit into " + memory.name);
  }
  return {};
}

}  // namespace

Result<> plan_volumes(Plan& plan, const Policy& policy, const HostFacts& facts) {
  const Memory memory = memory_for(plan, facts);
  const uint64_t whole = memory.is_limit ? memory.bytes : facts.memory_usable;
  plan.volumes.push_back({.name = "workspace",
                          .path = "/box",
                          .bytes = policy.size.value.bytes_of(whole),
                          .inodes = policy.inodes.value,
                          .own_inodes = 0,
                          .size_origin = policy.size.origin,
                          .inodes_origin = policy.inodes.origin});
  for (const VolumeSpec& spec : policy.volumes) {
    // A volume that names only one of the two takes the other from the workspace: a limit is always set.
    plan.volumes.push_back({.name = spec.name,
                            .path = path_of(spec.name),
                            .bytes = spec.size.value_or(policy.size.value).bytes_of(whole),
                            .inodes = spec.inodes.value_or(policy.inodes.value),
                            .own_inodes = 0,
                            .size_origin = spec.size ? spec.origin : policy.size.origin,
                            .inodes_origin = spec.inodes ? spec.origin : policy.inodes.origin});
  }
  const Sum sum = chosen_sizes(plan, memory);
  if (sum.bytes > memory.bytes || memory.bytes - sum.bytes < memory.for_programs) return refuse(memory, sum);
  return fit_defaults(plan, memory, sum);
}

}  // namespace stepbox::run
