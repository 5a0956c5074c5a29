// One output file: read, hashed, and written to its new place.
#pragma once

#include <string>
#include <vector>

#include "outputs/copy.hpp"
#include "sys/fd.hpp"

namespace stepbox::outputs {

// Opens directories below a root, following no link, and keeps the last one: neighbours come one after the other.
class Directories {
 public:
  explicit Directories(int root) : root_(root) {}

  // The directory that the entry at `path` lies in, O_PATH; borrowed until the next call. -1 and errno.
  int parent_of(const std::string& path);

 private:
  int root_;
  std::string last_;
  sys::Fd open_;
};

// The last name of a path.
const char* name_in(const std::string& path);

// What a thread needs to copy files, one after the other.
class FileCopier {
 public:
  FileCopier(const CopyMeans& means, Done& done);

  // Sets the entry's digest.
  Result<> copy(Entry& entry);

  uint64_t without_attributes() const { return without_attributes_; }

 private:
  struct Files {
    sys::Fd from;
    sys::Fd to;  // none: the file is only read
  };

  Result<sys::Fd> open_source(const Entry& entry);
  Result<sys::Fd> make_target(const Entry& entry);
  Result<> copy_content(Entry& entry, const Files& files);
  Result<> check_unchanged(const Entry& entry, const Files& files) const;
  void copy_attributes(const Files& files);
  std::unexpected<Error> cannot_read(const Entry& entry, int error) const;
  std::unexpected<Error> cannot_write(const Entry& entry, int error) const;
  std::unexpected<Error> changed(const Entry& entry) const;

  const CopyMeans& means_;
  Done& done_;
  std::vector<Directories> sources_;
  Directories targets_;
  std::vector<std::byte> buffer_;
  uint64_t without_attributes_ = 0;
};

}  // namespace stepbox::outputs
