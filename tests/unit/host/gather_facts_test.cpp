#include "host/gather_facts.hpp"

#include <catch2/catch.hpp>

using stepbox::host::is_kernel_at_least;

TEST_CASE("a kernel's release is compared by its first two numbers", "[run][facts]") {
  CHECK(is_kernel_at_least("5.14.0", 5, 14));
  CHECK(is_kernel_at_least("5.14", 5, 14));
  CHECK(is_kernel_at_least("5.15.0-91-generic", 5, 14));
  CHECK(is_kernel_at_least("6.1.0-18-amd64", 5, 14));
  CHECK(is_kernel_at_least("6.0.0", 5, 14));
  CHECK(is_kernel_at_least("10.0", 5, 14));
  CHECK(is_kernel_at_least("5.14.21-150400.24.100-default", 5, 14));
  CHECK_FALSE(is_kernel_at_least("5.13.19", 5, 14));
  CHECK_FALSE(is_kernel_at_least("5.4.0", 5, 14));
  CHECK_FALSE(is_kernel_at_least("4.19.0", 5, 14));
  CHECK_FALSE(is_kernel_at_least("4.99", 5, 14));
}

TEST_CASE("a release that makes no sense is too old", "[run][facts]") {
  for (const char* release : {"", "linux", "6", "6.", "x.y", ".14", "-"}) {
    INFO(release);
    CHECK_FALSE(is_kernel_at_least(release, 5, 14));
  }
}

TEST_CASE("this host's facts are gathered", "[run][facts]") {
  const auto facts = stepbox::host::gather_facts();
  REQUIRE(facts);
  CHECK(facts->cwd.starts_with('/'));
  CHECK(facts->memory_usable > 0);
  CHECK(facts->memory_usable <= facts->memory_total);
  CHECK_FALSE(facts->root_entries.empty());
}
