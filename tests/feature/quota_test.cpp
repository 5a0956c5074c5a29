// Bytes and inodes are hard limits (promise 3), and the report says which one was reached (promise 7).
#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

constexpr long long kMiB = 1 << 20;

struct Limited {
  const char* name;  // in the report
  std::vector<std::string> options;
  std::string where;  // a directory in that volume
};

std::ostream& operator<<(std::ostream& out, const Limited& limited) {
  return out << limited.name << " at " << limited.where;
}

std::vector<Limited> with_one_mebibyte() {
  return {{"workspace", {"--size", "1MiB"}, "/tmp"},        {"workspace", {"--size", "1MiB"}, "/box/home"},
          {"workspace", {"--size", "1MiB"}, "/dev/shm"},    {"tmp", {"--volume", "tmp=1MiB"}, "/tmp"},
          {"tmp", {"--volume", "tmp=1MiB"}, "/var/tmp"},    {"cache", {"--volume", "cache=1MiB"}, "/box/cache"},
          {"home", {"--volume", "home=1MiB"}, "/box/home"}, {"shm", {"--volume", "shm=1MiB"}, "/dev/shm"},
          {"run", {"--volume", "run=1MiB"}, "/run/lock"},   {"out", {"--volume", "out=1MiB"}, "/box/out"}};
}

std::vector<Limited> with_a_thousand_inodes() {
  return {{"workspace", {"--inodes", "1000"}, "/tmp"},
          {"workspace", {"--inodes", "1000"}, "/dev/shm"},
          {"tmp", {"--volume", "tmp=8MiB,inodes=1000"}, "/tmp"},
          {"tmp", {"--volume", "tmp=8MiB,inodes=1000"}, "/var/tmp"},
          {"cache", {"--volume", "cache=8MiB,inodes=1000"}, "/box/cache"},
          {"home", {"--volume", "home=8MiB,inodes=1000"}, "/box/home"},
          {"shm", {"--volume", "shm=8MiB,inodes=1000"}, "/dev/shm"},
          {"run", {"--volume", "run=8MiB,inodes=1000"}, "/run/lock"}};
}

void check_that_only_this_one_is_full(const Json& report, const std::string& name, const char* key) {
  REQUIRE_FALSE(report.is_null());
  for (const Json& volume : report.at("usage").at("volumes")) {
    CAPTURE(volume.at("name").get<std::string>());
    CHECK(volume.at(key) == (volume.at("name") == name));
  }
}

}  // namespace

TEST_CASE("a project's own volume gives no room beyond what --size grants", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nworkspace: {volumes: {cache: {size: 16MiB}}}\n");
  const Run beyond = place.run_step({"--size", "1MiB"}, {"fill_volume", "/box/cache/big", "65536"});
  INFO(beyond);
  CHECK(beyond.code() == 125);
  CHECK(beyond.out.empty());
  CHECK(beyond.err.find("workspace.volumes.cache: 16 MiB is wider than the 1 MiB of --size") != std::string::npos);
  // The operator's own word about the volume counts.
  const Run chosen = place.run_step({"--size", "1MiB", "--volume", "cache=2MiB"}, {"fill_volume", "/box/cache/big", "65536"});
  INFO(chosen);
  CHECK(chosen.code() == 7);
  CHECK(value_of(chosen.out, "wrote") == std::to_string(2 * kMiB));
}

TEST_CASE("a write past the size of a volume is refused at exactly the last byte", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Limited limited = GENERATE(from_range(with_one_mebibyte()));
  const std::string chunk = GENERATE("65536", "1000");
  CAPTURE(caller, limited, chunk);
  const Place place(caller);
  const Run filled = place.run_step(limited.options, {"fill_volume", limited.where + "/big", chunk});
  INFO(filled);
  CHECK(filled.code() == 7);
  CHECK(value_of(filled.out, "wrote") == std::to_string(kMiB));
  CHECK(value_of(filled.out, "refused") == "ENOSPC");
  const Json report = place.report();
  CHECK(verdict_of(report) == "disk-quota");
  check_that_only_this_one_is_full(report, limited.name, "quota_reached");
  const Json volume = volume_of(report, limited.name);
  CHECK(volume.at("limit_bytes") == kMiB);
  CHECK(volume.at("peak_bytes") == kMiB);
  CHECK(report.at("outcome").at("sentence").get<std::string>().find(limited.name) != std::string::npos);
  CHECK(filled.err.find(limited.name) != std::string::npos);
}

TEST_CASE("bytes cannot be hidden from the quota", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  const bool own = GENERATE(false, true);
  CAPTURE(caller, own);
  const Place place(caller);
  const std::vector<std::string> options =
      own ? std::vector<std::string>{"--volume", "tmp=1MiB"} : std::vector<std::string>{"--size", "1MiB"};
  const std::string name = own ? "tmp" : "workspace";

  SECTION("in files that are open but no longer have a name") {
    const Run filled = place.run_step(options, {"open_unlinked", "/tmp"});
    INFO(filled);
    CHECK(filled.code() == 7);
    CHECK(value_of(filled.out, "wrote") == std::to_string(kMiB));
    CHECK(value_of(filled.out, "refused") == "ENOSPC");
  }
  SECTION("behind a mapping of a sparse file: SIGBUS") {
    const Run mapped = place.run_step(options, {"map_beyond_quota", "/tmp/sparse", std::to_string(4 * kMiB)});
    INFO(mapped);
    CHECK(mapped.out == "mapped " + std::to_string(4 * kMiB) + "\n");
    CHECK(mapped.code() == 128 + 7);
    CHECK(verdict_of(place.report()) == "disk-quota");
    CHECK(volume_of(place.report(), name).at("quota_reached") == true);
  }
  SECTION("in a sparse file that is filled later") {
    const Run filled = place.run_step(options, {"sh", "-c",
                                                "truncate -s 1T /tmp/sparse && dd if=/dev/zero of=/tmp/sparse "
                                                "conv=notrunc bs=4096 seek=1000000 count=512 2>&1 >/dev/null"});
    INFO(filled);
    CHECK(filled.code() != 0);
    CHECK(filled.out.find("No space left") != std::string::npos);
    CHECK(filled.out.find("1048576 bytes") != std::string::npos);
    CHECK(verdict_of(place.report()) == "disk-quota");
  }
  SECTION("in a memory file of /dev/shm beside /tmp: the shared workspace counts both") {
    if (own) return;
    const Run filled =
        place.run_step(options, {"sh", "-c", "head -c 524288 /dev/zero > /dev/shm/half && fill_volume /tmp/rest 4096"});
    INFO(filled);
    CHECK(filled.code() == 7);
    CHECK(value_of(filled.out, "wrote") == std::to_string(kMiB / 2));
  }
}

TEST_CASE("a volume that was full is reported even when the step deletes the file a millisecond later", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::vector<std::string> options = GENERATE(values<std::vector<std::string>>(
      {{"--size", "1MiB"}, {"--volume", "tmp=1MiB"}, {"--size", "64MiB"}, {"--volume", "tmp=64MiB"}}));
  CAPTURE(caller, options);
  const std::string name = options[0] == "--size" ? "workspace" : "tmp";
  // The kernel does not announce that a tmpfs is full: stepbox looks often. With other work on both processors, 1 to 7
  // of 100 runs were missed, depending on that work; in half of those stepbox never saw the file at all.
  constexpr int kRuns = 20;
  int seen = 0;
  for (int i = 0; i < kRuns; ++i) {
    const Place place(caller);
    const Run filled = place.run_step(options, {"fill_volume", "/tmp/big", "65536", "1000"});
    CAPTURE(filled);
    REQUIRE(filled.code() == 7);
    const Json report = place.report();
    const bool full = volume_of(report, name).at("quota_reached") == true;
    CHECK(verdict_of(report) == (full ? "disk-quota" : "failure"));
    seen += full ? 1 : 0;
  }
  CHECK(seen >= 14);
}

TEST_CASE("a step that fails with room to spare is not blamed on the quota", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run failed = place.run_step({"--size", "1MiB"}, {"sh", "-c", "head -c 900000 /dev/zero > /tmp/big; exit 7"});
  INFO(failed);
  CHECK(failed.code() == 7);
  CHECK(verdict_of(place.report()) == "failure");
  CHECK(volume_of(place.report(), "workspace").at("quota_reached") == false);
}

// The kernel refuses the whole allocation before it takes a page, so the volume is never seen full.
TEST_CASE("after one allocation larger than the volume, the sentence gives the highest sample", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run refused =
      place.run_step({"--volume", "tmp=64MiB"}, {"sh", "-c", "fallocate -l 40M /tmp/kept && fallocate -l 128M /tmp/big"});
  INFO(refused);
  CHECK(refused.code() == 1);
  CHECK(refused.err.find("No space left on device") != std::string::npos);
  const Json report = place.report();
  CHECK(verdict_of(report) == "failure");
  CHECK(volume_of(report, "tmp").at("quota_reached") == false);
  CHECK(report.at("outcome").at("sentence") == "the step exited with code 1; volume 'tmp': highest sample 62 % of 64 MiB");
}

TEST_CASE("a step that reaches a quota and goes on succeeds, and the report says what happened", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run went_on = place.run_step({"--size", "1MiB"}, {"sh", "-c", "fill_volume /tmp/big >/dev/null; exit 0"});
  INFO(went_on);
  CHECK(went_on.code() == 0);
  CHECK(verdict_of(place.report()) == "success");
  CHECK(volume_of(place.report(), "workspace").at("quota_reached") == true);
  CHECK_FALSE(went_on.err.empty());
}

TEST_CASE("a step can use all of a thousand inodes, and the next one is refused", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Limited limited = GENERATE(from_range(with_a_thousand_inodes()));
  const std::string kind = GENERATE("files", "directories", "symlinks");
  CAPTURE(caller, limited, kind);
  const Place place(caller);
  const Run filled = place.run_step(limited.options, {"make_files", limited.where, "2000", kind});
  INFO(filled);
  CHECK(filled.code() == 7);
  CHECK(value_of(filled.out, "made") == "1000");
  CHECK(value_of(filled.out, "refused") == "ENOSPC");
  const Json report = place.report();
  CHECK(verdict_of(report) == "inode-quota");
  check_that_only_this_one_is_full(report, limited.name, "inode_quota_reached");
  CHECK(volume_of(report, limited.name).at("limit_inodes") == 1000);
  CHECK(volume_of(report, limited.name).at("peak_inodes") == 1000);
}

TEST_CASE("hard links count as inodes", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::vector<std::string> options =
      GENERATE(values<std::vector<std::string>>({{"--inodes", "1000"}, {"--volume", "tmp=8MiB,inodes=1000"}}));
  CAPTURE(caller, options);
  const Place place(caller);
  const Run filled = place.run_step(options, {"make_files", "/tmp", "2000", "links"});
  INFO(filled);
  CHECK(filled.code() == 7);
  CHECK(value_of(filled.out, "made") == "1000");
  CHECK(verdict_of(place.report()) == "inode-quota");
}

TEST_CASE("each volume has its own limit and the others keep working", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run filled = place.run_step(
      {"--size", "4MiB", "--volume", "tmp=1MiB", "--volume", "cache=2MiB"},
      {"sh", "-c", "fill_volume /tmp/big; fill_volume /box/cache/big; fill_volume /box/home/big; exit 1"});
  INFO(filled);
  CHECK(filled.out == "wrote 1048576\nrefused ENOSPC\nwrote 2097152\nrefused ENOSPC\nwrote 4194304\nrefused ENOSPC\n");
  for (const char* name : {"workspace", "tmp", "cache"})
    CHECK(volume_of(place.report(), name).at("quota_reached") == true);
}

TEST_CASE("the report names the tool that filled the volume", "[quota]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run filled = place.run_step(
      {"--size", "4MiB"}, {"sh", "-c", "mkdir -p $HOME/.cache/newtool; fill_volume $HOME/.cache/newtool/blob"});
  INFO(filled);
  CHECK(filled.code() == 7);
  const Json caches = place.report().at("caches");
  REQUIRE_FALSE(caches.empty());
  CHECK(caches.at(0).at("path").get<std::string>().starts_with("/box/home"));
  CHECK(caches.at(0).at("bytes") == 4 * kMiB);
}

}  // namespace stepbox::feature
