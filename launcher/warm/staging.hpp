// A generation that is being made: unfinished/new in the directory of the warm cache, until it is published.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"
#include "warm/manifest.hpp"

namespace stepbox::warm {

// 1 January 2099.
inline constexpr timespec kDistant = {4'070'908'800, 0};

class Staging {
 public:
  // Needs the lock of the cache, and that clean_up() has removed what was there.
  static Result<Staging> create(int cache);

  // The tree, for reading back.
  int tree() const { return tree_.get(); }

  // All paths are those of entries (is_entry_path()), and directories come before what they hold. A directory that is
  // there already is all right. Its mode and time come at the end, by finish_directory().
  Result<> make_directory(const std::string& path);
  Result<> finish_directory(const std::string& path, uint32_t mode, const timespec& modified) const;

  // Copies an open file, and returns the digest of what was copied.
  Result<digest::Sha256Digest> copy_file(const std::string& path, int from, uint32_t mode, const timespec& modified);
  Result<> make_link(const std::string& path, const std::string& text, const timespec& modified);
  // An empty file to be written by the caller, who calls finish_file().
  Result<sys::Fd> make_file(const std::string& path);
  Result<> finish_file(const std::string& path, int file, uint32_t mode, const timespec& modified);

  // Takes a file or symbolic link over from an older generation: a hard link; where that cannot be had (EMLINK, EXDEV,
  // EPERM) a reflink or a copy. True if the content is shared.
  Result<bool> take_over(const std::string& path, int older_tree, const Entry& entry);

  Result<> remove_file(const std::string& path);

  // Everything to the disk; then manifest, lock and seal; then the name, and `current`. After it returned, the
  // generation is the newest one. The manifest has its entries; this sets id, line and times.
  Result<WarmGeneration> publish(Manifest manifest, std::optional<WarmGeneration> parent, std::chrono::sys_seconds now);

 private:
  Staging(int cache, sys::Fd directory, sys::Fd tree)
      : cache_(cache), directory_(std::move(directory)), tree_(std::move(tree)) {}

  Result<> sync_tree();
  Result<> write_description(const Manifest& manifest);
  Result<> give_name(const WarmGeneration& generation);

  int cache_;
  sys::Fd directory_;
  sys::Fd tree_;
  std::set<std::string> new_files_;
  std::vector<std::string> directories_;
};

// Makes the symbolic link `name` -> `id` in the directory of the cache, replacing another one by one rename.
Result<> point_at(int cache, const std::string& name, const std::string& id);

}  // namespace stepbox::warm
