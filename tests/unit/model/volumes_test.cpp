#include "model/volumes.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace stepbox;

TEST_CASE("no two volumes make the same directory", "[model]") {
  std::set<std::string_view> made;
  for_each_volume_directory([&](const VolumeDirectory& directory) {
    INFO(directory.path);
    CHECK(made.insert(directory.path).second);
  });
}

TEST_CASE("what lies in a directory of a volume is made after it", "[model]") {
  std::set<std::string_view> made = {""};
  for_each_volume_directory([&](const VolumeDirectory& directory) {
    const size_t slash = directory.path.rfind('/');
    INFO(directory.path);
    CHECK(made.contains(directory.path.substr(0, slash == std::string_view::npos ? 0 : slash)));
    made.insert(directory.path);
  });
}

TEST_CASE("there is room for a tmpfs of each volume and for the shared one", "[model]") {
  CHECK(kMaxVolumes == kVolumeNames.size() + 1);
}
