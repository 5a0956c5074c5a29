#include "workspace/usage_meter.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "workspace/private_tmpfs.hpp"

using namespace stepbox;
using namespace stepbox::workspace;
using namespace std::chrono_literals;

namespace {

constexpr size_t kPage = 4096;

// A plan with volumes of that many bytes, in which stepbox made `own` inodes, and a tmpfs for each.
struct Metered {
  explicit Metered(int count, uint64_t own) {
    for (int i = 0; i < count; ++i) {
      int error = 0;
      volumes.push_back(test::private_tmpfs("1048576", "20", error));
      if (!volumes.back()) why_not = std::strerror(error);
      plan.files.volumes.push_back({.name = "v" + std::to_string(i),
                              .path = "/box/v",
                              .bytes = 1 << 20,
                              .inodes = 20 - own,
                              .own_inodes = own,
                              .size_origin = {},
                              .inodes_origin = {}});
    }
  }
  int put(const std::string& name, size_t bytes) const {
    const sys::Fd file(::openat(volumes[0].get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return errno;
    const std::string text(bytes, 'x');
    return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(bytes) ? 0 : ENOSPC;
  }
  Plan plan;
  std::vector<sys::Fd> volumes;
  std::string why_not;
};

bool can_run(const Metered& metered) {
  if (metered.why_not.empty()) return true;
  WARN("SKIPPED: this process cannot make a tmpfs (" << metered.why_not
                                                     << "); run the tests as root or in `unshare -Urm`");
  return false;
}

}  // namespace

TEST_CASE("an untouched volume is empty, whatever stepbox made in it", "[workspace][meter]") {
  const Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  meter.sample(Clock::now());
  CHECK(meter.samples() == 1);
  const VolumeUsage& usage = meter.usage()[0];
  CHECK(usage.name == "v0");
  CHECK(usage.limit_bytes == 1 << 20);
  CHECK(usage.limit_inodes == 19);
  CHECK(usage.peak_bytes == 0);
  CHECK(usage.peak_inodes == 0);
  CHECK_FALSE(usage.bytes_full);
  CHECK_FALSE(usage.inodes_full);
}

TEST_CASE("the peak stays when what was written is gone", "[workspace][meter]") {
  const Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  REQUIRE(metered.put("a", 10 * kPage) == 0);
  REQUIRE(metered.put("b", 1) == 0);
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].final_bytes == 11 * kPage);
  CHECK(meter.usage()[0].final_inodes == 2);
  REQUIRE(::unlinkat(metered.volumes[0].get(), "a", 0) == 0);
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].final_bytes == kPage);
  CHECK(meter.usage()[0].peak_bytes == 11 * kPage);
  CHECK(meter.usage()[0].peak_inodes == 2);
}

TEST_CASE("a volume without a free page was full, also when it is not any more", "[workspace][meter]") {
  const Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  CHECK(metered.put("a", 2 << 20) == ENOSPC);
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].bytes_full);
  CHECK(meter.usage()[0].peak_bytes == 1 << 20);
  CHECK(meter.interval() == 250us);
  REQUIRE(::unlinkat(metered.volumes[0].get(), "a", 0) == 0);
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].bytes_full);
  CHECK_FALSE(meter.usage()[0].inodes_full);
}

TEST_CASE("a volume without a free inode was full of files", "[workspace][meter]") {
  const Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  int made = 0;
  while (metered.put("f" + std::to_string(made), 0) == 0 && made < 100) ++made;
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].inodes_full);
  CHECK(meter.usage()[0].peak_inodes == static_cast<uint64_t>(made));
  CHECK(meter.usage()[0].peak_inodes == meter.usage()[0].limit_inodes);
}

TEST_CASE("the fullest of several volumes decides when to look again", "[workspace][meter]") {
  const Metered metered(2, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  meter.sample(Clock::now());
  const auto roomy = meter.interval();
  for (int i = 0; i < 18; ++i) REQUIRE(metered.put("f" + std::to_string(i), 0) == 0);
  meter.sample(Clock::now());
  CHECK(meter.interval() <= roomy);
  CHECK(meter.interval() == 250us);
}

TEST_CASE("a full volume that nobody writes to is looked at more and more rarely, until it changes", "[workspace][meter]") {
  const Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  const Clock::time_point begin = Clock::now();
  CHECK(metered.put("a", 2 << 20) == ENOSPC);
  meter.sample(begin);
  CHECK(meter.interval() == 250us);
  meter.sample(begin + 1s);
  CHECK(meter.interval() == 2500us);
  meter.sample(begin + 1h);
  CHECK(meter.interval() == 40ms);
  REQUIRE(::unlinkat(metered.volumes[0].get(), "a", 0) == 0);
  meter.sample(begin + 1h);
  CHECK(meter.interval() == 250us);
}

TEST_CASE("a volume that cannot be asked keeps what was known", "[workspace][meter]") {
  Metered metered(1, 1);
  if (!can_run(metered)) return;
  UsageMeter meter(metered.plan, metered.volumes);
  REQUIRE(metered.put("a", kPage) == 0);
  meter.sample(Clock::now());
  metered.volumes[0].close();
  meter.sample(Clock::now());
  CHECK(meter.usage()[0].final_bytes == kPage);
}

TEST_CASE("where no volume can be asked the next look still comes", "[workspace][meter]") {
  Plan plan;
  plan.files.volumes.push_back({.name = "v", .path = "/box", .size_origin = {}, .inodes_origin = {}});
  std::vector<sys::Fd> volumes;
  volumes.emplace_back();
  UsageMeter meter(plan, volumes);
  meter.sample(Clock::now());
  CHECK(meter.interval() <= 500ms);
}
