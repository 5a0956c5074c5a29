// Many boxes: side by side, and one after the other.
#include <memory>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {

TEST_CASE("64 boxes at once each see only their own", "[many]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto mounts = host_mounts();
  std::vector<std::unique_ptr<Process>> boxes;
  for (int i = 0; i < 64; ++i) {
    const std::string id = std::to_string(i);
    const std::string script = "ls -A /var/tmp | wc -l; echo " + id +
                               " > /var/tmp/id; sleep 0.5; cat /var/tmp/id; ls -A /var/tmp | wc -l; exit " + id;
    Command step = place.command({program("stepbox"), "run", "--", "sh", "-c", script});
    boxes.push_back(std::make_unique<Process>(step));
  }
  for (int i = 0; i < 64; ++i) {
    const Run ran = boxes[static_cast<size_t>(i)]->finish();
    CAPTURE(i, ran);
    CHECK(ran.code() == i);
    CHECK(ran.out == "0\n" + std::to_string(i) + "\n1\n");
  }
  CHECK(processes_with(place.mark()).empty());
  CHECK(host_mounts() == mounts);
}

TEST_CASE("a hundred boxes in a row leave nothing and do not slow down", "[many]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto mounts = host_mounts();
  const long before = shmem_kib();
  for (int i = 0; i < 100; ++i) {
    const Run ran = place.run_step({}, {"sh", "-c", "head -c 1048576 /dev/zero > /tmp/x"});
    CAPTURE(i, ran);
    REQUIRE(ran.code() == 0);
    REQUIRE(ran.err.empty());
  }
  CHECK(processes_with(place.mark()).empty());
  CHECK(host_mounts() == mounts);
  CHECK(eventually([&] { return shmem_kib() < before + 50 * 1024; }));
}

}  // namespace stepbox::feature
