// A store and a finished step's directory, both below a directory that is gone at the end.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"
#include "warm/generation.hpp"
#include "warm/make_cache.hpp"
#include "warm/save.hpp"
#include "warm/store.hpp"
#include "warm/verify.hpp"

namespace stepbox::test {

inline void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline ino_t inode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_ino;
}

class WarmStore {
 public:
  std::string store() const { return tree_ / "store"; }
  // What the step left: STEP/a/b is a/b of directory "cache/x".
  std::string step(const std::string& name = "") const { return tree_ / ("step/" + name); }
  const TempTree& tree() const { return tree_; }

  // A request as a run makes it that read nothing, or the newest generation.
  warm::SaveRequest request() const {
    warm::SaveRequest made;
    made.store = store();
    made.name = "x";
    made.patience = std::chrono::milliseconds(0);
    return made;
  }
  warm::SaveRequest request_upon_newest() const {
    warm::SaveRequest made = request();
    const auto newest = warm::current_id(store(), "x");
    REQUIRE(newest);
    made.base = made.seen = newest->value_or("");
    return made;
  }

  Result<warm::SaveResult> save(warm::SaveRequest request) const {
    std::filesystem::create_directories(step());
    const sys::Fd view(::open(step().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(view);
    request.directories = {{"cache/x", view.get()}};
    return warm::save(request, {});
  }
  // Requires that it succeeds.
  warm::SaveResult saved(const warm::SaveRequest& request) const {
    auto result = save(request);
    if (!result) FAIL(result.error().message);
    return *result;
  }

  std::string tree_of(const std::string& id) const { return store() + "/x/generations/" + id + "/tree/cache/x"; }
  warm::Place cache() const {
    auto place = warm::open_cache(store(), "x");
    REQUIRE(place);
    REQUIRE(*place);
    return std::move(**place);
  }
  warm::Verified verified(const std::string& id) const {
    auto result = warm::verify(cache(), id, {});
    if (!result) FAIL(result.error().message);
    return *result;
  }
  bool has_leftovers() const { return std::filesystem::exists(store() + "/x/unfinished"); }

 private:
  TempTree tree_;
};

}  // namespace stepbox::test
