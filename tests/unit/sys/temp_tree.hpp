// A directory of its own for a test, gone at the end, however deep or unreadable it has become.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace stepbox::test {

class TempTree {
 public:
  TempTree() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stepbox-unit-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = std::filesystem::canonical(pattern).string();
  }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;
  ~TempTree() {
    // Deep trees: std::filesystem::remove_all() takes a descriptor per level, and fts(3) gives up at 64 KiB of path.
    if (std::system(("rm -rf -- '" + path_ + "'").c_str()) != 0) WARN("cannot remove " << path_);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  std::string directory(const std::string& name) const {
    std::filesystem::create_directories(path_ + "/" + name);
    return path_ + "/" + name;
  }
  // A file of that many bytes that are really there.
  std::string file(const std::string& name, size_t bytes = 0) const {
    const std::string whole = path_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    std::ofstream(whole, std::ios::binary) << std::string(bytes, 'x');
    return whole;
  }
  void link(const std::string& text, const std::string& name) const {
    REQUIRE(::symlink(text.c_str(), (path_ + "/" + name).c_str()) == 0);
  }

 private:
  std::string path_;
};

inline size_t open_descriptors() {
  size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace stepbox::test
