#include "hints/host_way.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

using namespace stepbox;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = fs::canonical(fs::temp_directory_path()) / "stepbox-way.XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    for (const char* below : {"checkout", "host", "shown"}) fs::create_directory(path / below);
    std::ofstream(path / "host/key") << "key";
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

}  // namespace

TEST_CASE("a link of the project's ends the way to a host file", "[failure-hints]") {
  const Folder folder;
  Plan plan;
  plan.files.source_path = plan.step.cwd = folder.path / "checkout";
  const auto way = [&](const fs::path& path) { return hints::host_way(plan, folder.path / path); };
  const std::string key = folder.path / "host/key";
  fs::create_symlink(key, folder.path / "checkout/b1");
  fs::create_symlink("/no/such/file", folder.path / "checkout/b2");
  fs::create_symlink("../host", folder.path / "checkout/directory");
  fs::create_symlink("key", folder.path / "host/alias");
  fs::create_symlink("../checkout/b1", folder.path / "host/detour");
  fs::create_symlink(key, folder.path / "shown/made");
  CHECK(way("host/key").real == key);
  CHECK(way("host/alias").real == key);
  CHECK(way("checkout/../host/key").real == key);
  CHECK(way("host/none").real == std::nullopt);
  for (const char* path : {"checkout/b1", "checkout/b2", "checkout/directory/key", "host/detour"}) {
    CAPTURE(path);
    CHECK(way(path).is_projects);
    CHECK(way(path).real == std::nullopt);
  }
  CHECK(way("shown/made").real == key);
  plan.files.mounts.push_back({.act = MountAct::bind, .source = folder.path / "shown", .target = "shown"});
  CHECK(way("shown/made").is_projects);
}
