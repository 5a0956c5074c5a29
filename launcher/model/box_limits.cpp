#include "model/box_limits.hpp"

namespace stepbox {
namespace {

// The kernel hands out CPU time per period of this many microseconds; its own default.
constexpr uint64_t kPeriod = 100'000;

// A counted refusal is proof. Where the kernel counts none, usage close to the limit has to do: the kernel refuses a
// few pages at once, so usage stops a little short. If a limit above is reached at the same usage, this one gets the
// blame.
bool has_reached_memory_limit(uint64_t amount, const CgroupUsage& usage) {
  constexpr uint64_t kLastPages = uint64_t{1} << 20;
  return usage.memory_refused > 0 || std::max(usage.memory_peak, usage.memory_and_swap_peak) + kLastPages > amount;
}

}  // namespace

std::string written_amount(uint64_t amount) { return std::to_string(amount); }
std::string no_amount(uint64_t) { return "0"; }
std::string switched_on(uint64_t) { return "1"; }
std::string quarter_of_amount(uint64_t amount) { return std::to_string(amount / 4); }
std::string amount_with_init(uint64_t amount) { return std::to_string(amount + 1); }
std::string quota_of_period(uint64_t thousandths) { return std::to_string(thousandths * kPeriod / 1'000); }
std::string period_of_quota(uint64_t) { return std::to_string(kPeriod); }
std::string quota_and_period(uint64_t thousandths) { return quota_of_period(thousandths) + " " + period_of_quota(thousandths); }

// The kernel counts an out-of-memory kill or a refused fork in the group where it happens, even when a group above set
// the limit: some kernels do so on v2, all of them on v1. If the peak of processes is unknown, the box's own limit gets
// the blame.
bool memory_ran_out_above(uint64_t amount, const CgroupUsage& usage) { return !has_reached_memory_limit(amount, usage); }

bool forks_were_refused_above(uint64_t amount, const CgroupUsage& usage) {
  return usage.processes_peak > 0 && usage.processes_peak - 1 < amount;
}

bool is_set(const Limits& limits, const BoxLimit& row) {
  return row.size != nullptr ? (limits.*row.size).value.has_value() : (limits.*row.number).value.has_value();
}

std::optional<uint64_t> amount_in(const Limits& limits, const BoxLimit& row, uint64_t memory) {
  if (!is_set(limits, row)) return std::nullopt;
  return row.size != nullptr ? (limits.*row.size).value->bytes_of(memory) : *(limits.*row.number).value;
}

const Origin& origin_in(const Limits& limits, const BoxLimit& row) {
  return row.size != nullptr ? (limits.*row.size).origin : (limits.*row.number).origin;
}

void set_amount(Limits& limits, const BoxLimit& row, uint64_t amount, const Origin& origin) {
  if (row.size != nullptr) limits.*row.size = {Size{Size::Unit::bytes, amount}, origin};
  else limits.*row.number = {amount, origin};
}

std::string amount_text(const BoxLimit& row, uint64_t amount) {
  return amount_text(row.unit, amount) + std::string(row.remark);
}

}  // namespace stepbox
