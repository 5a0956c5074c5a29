// Limits of the step that the kernel enforces: on the whole box (cgroup) and on each process (rlimit).
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/origin.hpp"
#include "model/units.hpp"

namespace stepbox {

enum class LimitUnit : uint8_t {
  bytes,
  count,
  cores  // thousandths of a core's time
};

// "1.5 GiB", "4096", "0.5": an amount for people.
std::string amount_text(LimitUnit unit, uint64_t amount);

// The policy's section for limits.
inline constexpr std::string_view kLimitSection = "limits.";

// The limits on the whole box are in model/box_limits.hpp.
struct ProcessLimit {
  std::string_view key;
  int resource;  // of setrlimit(2)
  LimitUnit unit;
  std::string_view help;

  constexpr std::string_view name() const { return key.substr(kLimitSection.size()); }
};

// The limits on each process of the step, named after the words of `ulimit -a`. To add one is to add a row.
inline constexpr ProcessLimit kProcessLimits[] = {
    {"limits.open-files", RLIMIT_NOFILE, LimitUnit::count, "how many descriptors a process may have open"},
    {"limits.file-size", RLIMIT_FSIZE, LimitUnit::bytes, "how large a file a process may write"},
    {"limits.stack", RLIMIT_STACK, LimitUnit::bytes, "how large the stack of a process may grow"},
    {"limits.address-space", RLIMIT_AS, LimitUnit::bytes, "how much memory a process may map"},
    {"limits.locked-memory", RLIMIT_MEMLOCK, LimitUnit::bytes, "how much memory a process may lock"},
};

// With more open files than this, poll(2) can take kernel memory that matters: eight bytes per file in each thread.
inline constexpr uint64_t kMostOpenFiles = 65'536;

struct ProcessLimitSpec {
  int resource;
  std::string_view name;  // of kProcessLimits
  uint64_t value;
  Origin origin;
};

// A limit of kBoxLimits that the step may run without if the host cannot enforce it.
struct OptionalLimit {
  std::string name;
  Origin origin;
};

struct Limits {
  Sourced<std::optional<Size>> memory;         // swap and the volumes' contents included
  Sourced<std::optional<uint64_t>> processes;  // threads count
  Sourced<std::optional<uint64_t>> cpu;        // thousandths of a core
  std::vector<ProcessLimitSpec> of_process;
  std::vector<OptionalLimit> optional;

  bool is_optional(std::string_view limit) const {
    return std::ranges::find(optional, limit, &OptionalLimit::name) != optional.end();
  }
};

}  // namespace stepbox
