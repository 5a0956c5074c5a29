// The limits on the whole box, one row each: how a policy spells them, what control groups call them, and what the
// kernel counts.
//
// Policies, the plan, doctor, explain and the report walk this table. To add a limit that a cgroup controller enforces,
// add a field to Limits, a row here and, if the kernel counts something new, a field to CgroupUsage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/listed.hpp"
#include "model/cgroup.hpp"
#include "model/limits.hpp"

namespace stepbox {

// A cgroup file that enforces a limit. Files are written in the order of the row.
struct LimitFile {
  const char* name = nullptr;                          // "memory.max"
  std::string (*value)(uint64_t amount) = nullptr;
  bool may_be_missing = false;  // these three as in CgroupFile
  bool may_be_refused = false;
  bool is_for_inner = false;
};

// A figure that the kernel keeps about a limit.
struct LimitFigure {
  const char* file = nullptr;
  std::string_view key = {};  // of the line; empty: the file is one number
  uint64_t CgroupUsage::*into = nullptr;
  uint64_t divisor = 1;
  bool only_after_kill = false;  // read only when a process was killed for memory
};

// How the hierarchies of one version of control groups spell a limit.
struct LimitFiles {
  LimitFile files[3];
  LimitFigure figures[5];
};

// What the step notices when the kernel enforces the limit.
enum class LimitHits : uint8_t {
  refusals,  // part of the step failed
  waiting    // the step took longer, as the limit intends; hits are milliseconds
};

struct BoxLimit {
  std::string_view key;     // of the policy
  std::string_view option;  // as typed on the command line
  LimitUnit unit;
  const char* controller;
  std::string_view help;
  std::string_view remark;  // after the amount, for explain

  // The policy's field: exactly one of the two.
  Sourced<std::optional<Size>> Limits::*size;
  Sourced<std::optional<uint64_t>> Limits::*number;

  LimitFiles unified;
  LimitFiles v1;

  LimitHits hits_are;
  uint64_t CgroupUsage::*hits;
  uint64_t hits_divisor;
  uint64_t CgroupUsage::*peak;  // null: the kernel keeps none
  uint64_t of_init;             // init's share of amount and peak: it is no process of the step
  // Whether the hits come from a limit above the box, because the box's own was not reached. Null: never.
  bool (*is_from_above)(uint64_t amount, const CgroupUsage& usage);

  std::string_view check;  // its name in doctor
  uint64_t tried_amount;   // what doctor tries to set

  constexpr std::string_view name() const { return key.substr(kLimitSection.size()); }
};

std::string written_amount(uint64_t amount);
std::string no_amount(uint64_t);
std::string switched_on(uint64_t);
std::string quarter_of_amount(uint64_t amount);
std::string amount_with_init(uint64_t amount);
std::string quota_and_period(uint64_t thousandths);
std::string quota_of_period(uint64_t thousandths);
std::string period_of_quota(uint64_t);

bool memory_ran_out_above(uint64_t amount, const CgroupUsage& usage);
bool forks_were_refused_above(uint64_t amount, const CgroupUsage& usage);

inline constexpr BoxLimit kBoxLimits[] = {
    {.key = "limits.memory",
     .option = "--limit memory",
     .unit = LimitUnit::bytes,
     .controller = "memory",
     .help = "how much memory the step may use, swap and its volumes included",
     .remark = ", swap and volumes included",
     .size = &Limits::memory,
     .number = nullptr,
     .unified = {.files = {{"memory.max", written_amount},
                           {"memory.swap.max", no_amount, true},
                           // A build that loses one process of many would go on with half of its results.
                           {"memory.oom.group", switched_on}},
                 .figures = {{"memory.peak", "", &CgroupUsage::memory_peak},
                             {"memory.events", "oom_kill", &CgroupUsage::oom_kills},
                             {"memory.events", "max", &CgroupUsage::memory_refused, 1, true}}},
     // v1 refuses a limit on memory with swap below the one on memory alone. It counts TCP buffers apart from all other
     // memory, and only for processes whose own group has this limit (kernel: mem_cgroup_sk_alloc()); a quarter is more
     // than their default share of a host (tcp_mem, tcp(7)).
     .v1 = {.files = {{"memory.limit_in_bytes", written_amount},
                      {"memory.memsw.limit_in_bytes", written_amount, true},
                      {.name = "memory.kmem.tcp.limit_in_bytes", .value = quarter_of_amount, .may_be_refused = true, .is_for_inner = true}},
            .figures = {{"memory.max_usage_in_bytes", "", &CgroupUsage::memory_peak},
                        {"memory.oom_control", "oom_kill", &CgroupUsage::oom_kills},
                        {"memory.failcnt", "", &CgroupUsage::memory_refused, 1, true},
                        {"memory.memsw.failcnt", "", &CgroupUsage::memory_refused, 1, true},
                        {"memory.memsw.max_usage_in_bytes", "", &CgroupUsage::memory_and_swap_peak, 1, true}}},
     .hits_are = LimitHits::refusals,
     .hits = &CgroupUsage::oom_kills,
     .hits_divisor = 1,
     .peak = &CgroupUsage::memory_peak,
     .of_init = 0,
     .is_from_above = memory_ran_out_above,
     .check = "memory-limit",
     .tried_amount = uint64_t{1} << 30},

    {.key = "limits.processes",
     .option = "--limit processes",
     .unit = LimitUnit::count,
     .controller = "pids",
     .help = "how many processes and threads the step may have",
     .remark = "",
     .size = nullptr,
     .number = &Limits::processes,
     .unified = {.files = {{"pids.max", amount_with_init}},
                 .figures = {{"pids.peak", "", &CgroupUsage::processes_peak},
                             {"pids.events", "max", &CgroupUsage::refused_forks}}},
     .v1 = {.files = {{"pids.max", amount_with_init}},
            .figures = {{"pids.peak", "", &CgroupUsage::processes_peak},
                        {"pids.events", "max", &CgroupUsage::refused_forks}}},
     .hits_are = LimitHits::refusals,
     .hits = &CgroupUsage::refused_forks,
     .hits_divisor = 1,
     .peak = &CgroupUsage::processes_peak,
     .of_init = 1,
     .is_from_above = forks_were_refused_above,
     .check = "process-limit",
     .tried_amount = 1'000},

    {.key = "limits.cpu",
     .option = "--limit cpu",
     .unit = LimitUnit::cores,
     .controller = "cpu",
     .help = "how many cores' worth of time the step may use",
     .remark = " cores",
     .size = nullptr,
     .number = &Limits::cpu,
     .unified = {.files = {{"cpu.max", quota_and_period}},
                 .figures = {{"cpu.stat", "throttled_usec", &CgroupUsage::throttled_microseconds}}},
     .v1 = {.files = {{"cpu.cfs_period_us", period_of_quota}, {"cpu.cfs_quota_us", quota_of_period}},
            .figures = {{"cpu.stat", "throttled_time", &CgroupUsage::throttled_microseconds, 1'000}}},
     .hits_are = LimitHits::waiting,
     .hits = &CgroupUsage::throttled_microseconds,
     .hits_divisor = 1'000,
     .peak = nullptr,
     .of_init = 0,
     .is_from_above = nullptr,
     .check = "cpu-limit",
     .tried_amount = 1'000},
};

inline constexpr auto kBoxLimitNames = [] {
  std::array<std::string_view, std::size(kBoxLimits)> names{};
  for (size_t i = 0; i < names.size(); ++i) names[i] = kBoxLimits[i].name();
  return names;
}();

// The row with that name, or null.
constexpr const BoxLimit* find_box_limit(std::string_view name) {
  const auto* row = std::ranges::find(kBoxLimits, name, &BoxLimit::name);
  return row == std::end(kBoxLimits) ? nullptr : row;
}

// The policy's amount for a limit; empty if it sets none. Percentages are of `memory`.
std::optional<uint64_t> amount_in(const Limits& limits, const BoxLimit& row, uint64_t memory);
bool is_set(const Limits& limits, const BoxLimit& row);
const Origin& origin_in(const Limits& limits, const BoxLimit& row);
void set_amount(Limits& limits, const BoxLimit& row, uint64_t amount, const Origin& origin);

// "6 GiB, swap and volumes included", "4096", "1.5 cores".
std::string amount_text(const BoxLimit& row, uint64_t amount);

consteval bool box_limits_are_sound() {
  bool sound = true;
  for (const BoxLimit& row : kBoxLimits) {
    sound = sound && row.key.starts_with(kLimitSection) && row.option.ends_with(row.name()) && !row.help.empty() && !row.check.empty();
    sound = sound && (row.size == nullptr) != (row.number == nullptr) && row.hits != nullptr && row.hits_divisor > 0;
    for (const LimitFiles* files : {&row.unified, &row.v1}) {
      sound = sound && files->files[0].name != nullptr && files->figures[0].into != nullptr;
      for (const LimitFile& file : files->files) sound = sound && (file.name == nullptr) == (file.value == nullptr);
      for (const LimitFigure& figure : files->figures) sound = sound && (figure.file == nullptr) == (figure.into == nullptr) && figure.divisor > 0;
    }
  }
  return sound;
}
// Not with UBSan: GCC 12 then takes no function's address for a constant (GCC bug 71962).
#ifndef __SANITIZE_ADDRESS__
static_assert(box_limits_are_sound());
#endif

}  // namespace stepbox
