#include "companions/host_caches.hpp"

#include <catch2/catch.hpp>

#include "caches/warm.hpp"

using namespace stepbox;
using companions::host_places;

namespace {

std::string nothing(const char*) { return ""; }

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("the host's own caches are where the tool's variable or the tool's default says", "[warm]") {
  CHECK(host_places("cache/go-build", "/home/u", nothing) == Places{"/home/u/.cache/go-build"});
  const auto variable = [](const char* name) { return std::string(name) == "GOCACHE" ? std::string("/srv/gc") : std::string(); };
  CHECK(host_places("cache/go-build", "/home/u", variable) == Places{"/srv/gc", "/home/u/.cache/go-build"});
  CHECK(host_places("cache/cargo/registry", "/home/u", nothing) == Places{"/home/u/.cargo/registry"});
  CHECK(host_places("home/.m2/repository", "/home/u", nothing) == Places{"/home/u/.m2/repository"});
  CHECK(host_places("cache/unknown", "/home/u", nothing).empty());
}

TEST_CASE("each warm cache has a directory that the host may have as well", "[warm]") {
  for (const caches::WarmCache& cache : caches::warm_caches()) {
    CAPTURE(cache.name);
    size_t found = 0;
    for (const caches::WarmDirectory& directory : cache.directories) found += host_places(directory.path, "/h", nothing).size();
    CHECK(found > 0);
  }
}
