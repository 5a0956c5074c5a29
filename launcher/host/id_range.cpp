#include "host/id_range.hpp"

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "sys/byte_lock.hpp"

namespace stepbox::host {
namespace {

// No distribution and no systemd component hands out these ids, 1879048192 to 2147352575 (systemd:
// docs/UIDS-GIDS.md). Each box takes twice 65536 of them, the second half for owners beyond the first.
constexpr uint32_t kFirstShifted = 1'879'048'192;
constexpr uint32_t kSliceSize = 131'072;
constexpr uint32_t kSlices = 2'046;
constexpr const char* kDirectory = "/run/stepbox";
constexpr const char* kFile = "ids";

// Whether this user namespace has the ids: containers often have only 65536.
bool has_ids(const std::vector<HostFacts::IdRange>& ranges, uint32_t first, uint32_t count) {
  for (const HostFacts::IdRange& range : ranges)
    if (range.first <= first && static_cast<uint64_t>(range.first) + range.count >= static_cast<uint64_t>(first) + count) return true;
  return false;
}

bool can_shift(const HostFacts& facts) { return facts.privileged && facts.no_shift_reason.empty(); }

// Boxes that start together begin their search at different places.
uint32_t somewhere() { return static_cast<uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count() / 128 % kSlices); }

std::unexpected<Error> cannot_reserve(Error error) {
  if (error.number == EROFS || error.number == ENOENT)
    error.hint = "mount a tmpfs at /run, as with docker run --tmpfs /run; in a systemd unit with ProtectSystem=strict, ReadWritePaths=/run; or "
                 "run stepbox as an ordinary user";
  return std::unexpected(std::move(error).within("cannot reserve user ids for the step"));
}

}  // namespace

void expect_id_range(HostFacts& facts) {
  if (!can_shift(facts)) return;
  constexpr uint32_t kCount = kSlices * kSliceSize;
  if (has_ids(facts.uid_ranges, kFirstShifted, kCount) && has_ids(facts.gid_ranges, kFirstShifted, kCount))
    facts.shift_base = kFirstShifted;
  else
    facts.no_shift_reason = "this user namespace does not have the ids " + std::to_string(kFirstShifted) +
                            " and up (a container with an id range of its own)";
}

Result<sys::Fd> claim_id_range(HostFacts& facts) {
  expect_id_range(facts);
  if (!can_shift(facts)) return sys::Fd();
  auto lock = sys::lock_free_byte(kDirectory, kFile, kSlices, somewhere());
  if (!lock) return cannot_reserve(std::move(lock).error());
  if (!*lock)
    return cannot_reserve({"all " + std::to_string(kSlices) + " ranges are taken", "wait for other boxes to end; /proc/locks lists the holders of " +
                           std::string(kDirectory) + "/" + kFile});
  facts.shift_base = kFirstShifted + (*lock)->byte * kSliceSize;
  return std::move((*lock)->file);
}

}  // namespace stepbox::host
