#include <algorithm>

#include "base/text.hpp"
#include "model/units.hpp"
#include "model/volume_shares.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

// Beside their files, the step's programs and the box itself need some memory.
constexpr uint64_t kForPrograms = uint64_t{16} << 20;
// A file's inode and directory entry, with a name of middling length.
constexpr uint64_t kPerInode = 1'536;
// Rather than give a default volume less than this, stepbox refuses the run.
constexpr uint64_t kSmallest = uint64_t{1} << 20;
constexpr uint64_t kFewestInodes = 1'000;

std::string path_of(std::string_view volume) {
  return "/box/" + std::string(volume);
}

// The memory that the volumes must fit into: tmpfs pages are memory of the step.
struct Memory {
  uint64_t bytes = 0;
  uint64_t for_programs = 0;  // part of `bytes`
  std::string name;           // for errors
  bool is_limit = false;
};

// As the user wrote the limit: amounts are rounded to whole pages.
std::string written(const PlannedLimit& limit, const Policy& policy) {
  const std::optional<Size>& size = policy.limits.memory.value;
  return size && size->unit == Size::Unit::bytes ? size->text() : human_bytes(limit.amount);
}

Memory memory_for(const LimitsPlan& limits, const Policy& policy, const HostFacts& facts) {
  const PlannedLimit* limit = limits.cgroup.find("memory");
  if (limit != nullptr && limit->amount <= facts.memory_usable)
    return {limit->amount, kForPrograms,
            "limits.memory " + written(*limit, policy) + " (" + escaped(limit->origin.text()) + ")", true};
  // Beyond its memory, a machine holds only what it can swap out.
  const uint64_t swap = facts.memory_usable == facts.memory_total ? facts.swap_total : 0;
  return {facts.memory_usable + swap, 0,
          "the " + human_bytes(facts.memory_usable + swap) + " of memory that stepbox may use", false};
}

struct Sum {
  uint64_t bytes = 0;
  std::vector<SumLine> lines = {};

  void add(std::string what, uint64_t more) {
    bytes += std::min(more, ~uint64_t{0} - bytes);
    lines.push_back({human_bytes(more), std::move(what)});
  }
  void add(const std::string& what, uint64_t more, const Origin& origin) { add(what + " (" + escaped(origin.text()) + ")", more); }
};

std::string name_of(const PlannedVolume& volume) {
  return volume.name == "workspace" ? "workspace" : "volume " + quoted(volume.name);
}

Sum chosen_sizes(const std::vector<PlannedVolume>& volumes, const Memory& memory) {
  Sum sum;
  for (const PlannedVolume& volume : volumes)
    if (!is_default(volume.size_origin)) sum.add(name_of(volume), volume.bytes, volume.size_origin);
  for (const PlannedVolume& volume : volumes)
    if (memory.is_limit && !is_default(volume.inodes_origin))
      sum.add(std::to_string(volume.inodes) + " inodes of " + name_of(volume), volume.inodes * kPerInode,
              volume.inodes_origin);
  return sum;
}

Error refuse(const Memory& memory, Sum sum) {
  if (memory.for_programs > 0) sum.add("programs of the step", memory.for_programs);
  return Error{"volumes are memory, and " + memory.name + " cannot hold them:" + sum_text(sum.lines, human_bytes(sum.bytes))}
      .with_hint(memory.is_limit ? "raise limits.memory, or make the volumes smaller (--size, --volume, --inodes)"
                                 : "make the volumes smaller (--size, --volume)");
}

// Default sizes share what is left, and never exceed their default.
Result<> fit_defaults(std::vector<PlannedVolume>& volumes, const Memory& memory, const Sum& sum, Remarks& remarks) {
  const uint64_t left = memory.bytes - memory.for_programs - sum.bytes;
  const auto count = static_cast<uint64_t>(
      std::ranges::count_if(volumes, [](const PlannedVolume& v) { return is_default(v.size_origin); }));
  for (PlannedVolume& volume : volumes) {
    // Inodes may take a quarter of the memory, in addition to the bytes.
    const uint64_t inodes = std::max(memory.bytes / 4 / volumes.size() / kPerInode, kFewestInodes);
    if (memory.is_limit && is_default(volume.inodes_origin)) volume.inodes = std::min(volume.inodes, inodes);
    if (!is_default(volume.size_origin) || volume.bytes <= left / count) continue;
    if (left / count < kSmallest) {
      Sum whole = sum;
      whole.add(name_of(volume), kSmallest, volume.size_origin);
      return std::unexpected(refuse(memory, whole));
    }
    volume.bytes = left / count / 4096 * 4096;
    remarks.notes.push_back(name_of(volume) + " is " + human_bytes(volume.bytes) +
                         " instead of the default: more would not fit into " + memory.name);
  }
  return {};
}

// The sizes of volumes are taken from the workspace's default. This note tells a puzzled user where the rest went,
// unless a note about scarce memory already explains a size that is smaller still.
void note_shares(const PlannedVolume& workspace, const Policy& policy, Remarks& remarks, const Share& bytes, const Share& inodes, uint64_t memory) {
  const uint64_t default_bytes = policy.size.value.bytes_of(memory);
  const auto note = [&remarks](const std::string& has, const std::string& whole) {
    remarks.notes.push_back("workspace " + has + ": the volumes' own share comes out of the default of " + whole);
  };
  if (workspace.bytes == bytes.amount && bytes.amount < default_bytes)
    note("is " + human_bytes(bytes.amount), human_bytes(default_bytes));
  if (workspace.inodes == inodes.amount && inodes.amount < policy.inodes.value)
    note("has " + std::to_string(inodes.amount) + " inodes", std::to_string(policy.inodes.value));
}

}  // namespace

Result<std::vector<PlannedVolume>> plan_volumes(const LimitsPlan& limits, const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  const Memory memory = memory_for(limits, policy, facts);
  const uint64_t whole = memory.is_limit ? memory.bytes : facts.memory_usable;
  const std::vector<Share> bytes = byte_shares(policy, whole);
  const std::vector<Share> inodes = inode_shares(policy);
  std::vector<PlannedVolume> volumes;
  for (size_t i = 0; i < bytes.size(); ++i)
    volumes.push_back({.name = i == 0 ? "workspace" : policy.volumes[i - 1].name,
                            .path = i == 0 ? "/box" : path_of(policy.volumes[i - 1].name),
                            .bytes = bytes[i].amount,
                            .inodes = inodes[i].amount,
                            .own_inodes = 0,
                            .size_origin = *bytes[i].origin,
                            .inodes_origin = *inodes[i].origin});
  const Sum sum = chosen_sizes(volumes, memory);
  if (sum.bytes > memory.bytes || memory.bytes - sum.bytes < memory.for_programs) return std::unexpected(refuse(memory, sum));
  TRY(fit_defaults(volumes, memory, sum, remarks));
  note_shares(volumes.front(), policy, remarks, bytes.front(), inodes.front(), whole);
  return volumes;
}

}  // namespace stepbox::plan
