#include "workspace/attribution.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>

namespace stepbox::workspace {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// What one directory holds, summed; its subdirectories by name.
struct Listing {
  uint64_t bytes = 0;
  uint64_t files = 0;
  std::vector<std::string> subdirectories;
};

// Where a path belongs: a tool's name and the directory at which its part begins.
struct Account {
  std::string tool;
  std::string path;
};

// Depth-first with one open directory: down by name, up by "..". A stack of descriptors would run out in
// a deep tree, and a path would grow past PATH_MAX.
class Walk {
 public:
  Walk(int root, const std::string& path, const OwnerOf& owner_of, std::string_view box)
      : owner_of_(owner_of), box_length_(box.size() + 1), path_(path) {
    at_ = sys::Fd(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (at_ && ::fstat(at_.get(), &status) == 0) device_ = status.st_dev;
  }

  std::vector<CacheUsage> run();

 private:
  struct Level {
    std::vector<std::string> left;  // subdirectories still to be walked
    size_t path_length;             // of path_ at this level
    Account account;
  };

  Listing list();
  Account account_of(const std::string& path, const Account& above, size_t depth) const;
  void book(const Account& account, const Listing& listing);

  const OwnerOf& owner_of_;
  const size_t box_length_;  // of "/box/"
  std::string path_;
  sys::Fd at_;
  dev_t device_ = 0;
  std::map<std::pair<std::string, std::string>, CacheUsage> sums_;
};

constexpr std::string_view kUnknown = "unknown";

Listing Walk::list() {
  Listing listing;
  const Directory directory(::fdopendir(::openat(at_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!directory) return listing;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (status.st_dev != device_) continue;
    if (S_ISDIR(status.st_mode)) {
      listing.subdirectories.emplace_back(name);
    } else {
      // A file with several names is shared among them.
      listing.bytes += static_cast<uint64_t>(status.st_blocks) * 512 / std::max<nlink_t>(status.st_nlink, 1);
      ++listing.files;
    }
  }
  return listing;
}

Account Walk::account_of(const std::string& path, const Account& above, size_t depth) const {
  if (path.size() > box_length_) {
    const std::string_view tool = owner_of_(std::string_view(path).substr(box_length_));
    if (!tool.empty()) return above.tool == tool ? above : Account{std::string(tool), path};
  }
  // Below a tool's directory everything is the tool's; unknown parts are told apart near the top.
  constexpr size_t kToldApart = 3;
  if (above.tool != kUnknown || depth > kToldApart) return above;
  return {std::string(kUnknown), path};
}

void Walk::book(const Account& account, const Listing& listing) {
  if (listing.files == 0) return;
  CacheUsage& sum = sums_[{account.tool, account.path}];
  sum.tool = account.tool;
  sum.path = account.path;
  sum.bytes += listing.bytes;
  sum.files += listing.files;
}

std::vector<CacheUsage> Walk::run() {
  if (!at_) return {};
  std::vector<Level> levels;
  const auto enter = [&](const Account& above) {
    const Account account = account_of(path_, above, levels.size());
    Listing listing = list();
    book(account, listing);
    levels.push_back({std::move(listing.subdirectories), path_.size(), account});
  };
  enter({std::string(kUnknown), path_});
  while (!levels.empty()) {
    Level& level = levels.back();
    path_.resize(level.path_length);
    if (level.left.empty()) {
      levels.pop_back();
      if (!levels.empty()) at_ = sys::Fd(::openat(at_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!at_) break;
      continue;
    }
    const std::string name = std::move(level.left.back());
    level.left.pop_back();
    sys::Fd below(::openat(at_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    // One that even its owner may not read, or not enter: there would be no way back up.
    struct stat above {};
    if (!below || ::fstatat(below.get(), "..", &above, 0) != 0) continue;
    at_ = std::move(below);
    (path_ += '/') += name;
    enter(Account(level.account));
  }
  std::vector<CacheUsage> found;
  for (auto& [key, sum] : sums_) {
    // One empty file is a mount point of stepbox's own, or nothing worth telling.
    if (sum.bytes > 0 || sum.files > 1) found.push_back(std::move(sum));
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, &CacheUsage::bytes);
  return found;
}

}  // namespace

std::vector<CacheUsage> attribute(int root, const std::string& path, const OwnerOf& owner_of, std::string_view box) {
  return Walk(root, path, owner_of, box).run();
}

}  // namespace stepbox::workspace
