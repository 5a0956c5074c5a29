#include "support/overlays.hpp"

#include <sys/utsname.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <utility>

#include "support/place.hpp"

namespace stepbox::feature {

bool has_overlays(Caller caller) {
  if (caller == Caller::root) return true;
  utsname system{};
  std::pair<int, int> version;
  REQUIRE(::uname(&system) == 0);
  REQUIRE(std::sscanf(system.release, "%d.%d", &version.first, &version.second) == 2);
  return version >= std::pair(6, 6);
}

void check_refusal_of_overlays(Caller caller) {
  const Place place(caller);
  const Run ran = place.run_step({"--source", "overlay"}, {"touch", "made"});
  INFO(ran);
  CHECK(ran.code() == 125);
  CHECK(ran.err.contains("Linux 6.6"));
  CHECK_FALSE(fs::exists(place.checkout() / "made"));
}

}  // namespace stepbox::feature
