#include "support/fingerprint.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <sstream>

namespace stepbox::feature {
namespace {

namespace fs = std::filesystem;

std::string print_of(const struct stat& status) {
  std::ostringstream out;
  out << std::oct << status.st_mode << std::dec << " owner " << status.st_uid << ":" << status.st_gid << " inode "
      << status.st_ino;
  // A directory may stay larger after a name came and went, but such a change always shows in its time.
  if (!S_ISDIR(status.st_mode)) out << " size " << status.st_size;
  out << " modified " << status.st_mtim.tv_sec << "." << status.st_mtim.tv_nsec;
  return out.str();
}

class Walk {
 public:
  Walk(Depth depth, const std::vector<fs::path>& without) : depth_(depth), without_(without) {}

  void start(const fs::path& place) {
    struct stat status {};
    if (::lstat(place.c_str(), &status) != 0) {
      found_[place] = "missing";
      return;
    }
    device_ = status.st_dev;
    visit(place, 0);
  }
  Fingerprint take() && { return std::move(found_); }

 private:
  void visit(const fs::path& path, int level) {
    struct stat status {};
    if (std::ranges::find(without_, path) != without_.end()) return;
    if (::lstat(path.c_str(), &status) != 0 || status.st_dev != device_) return;
    found_[path] = print_of(status);
    if (!S_ISDIR(status.st_mode) || (depth_ == Depth::listing && level > 0)) return;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path, ignored)) visit(entry.path(), level + 1);
  }

  Depth depth_;
  const std::vector<fs::path>& without_;
  dev_t device_ = 0;
  Fingerprint found_;
};

}  // namespace

Fingerprint fingerprint_of(const std::vector<fs::path>& places, Depth depth, const std::vector<fs::path>& without) {
  Walk walk(depth, without);
  for (const fs::path& place : places) walk.start(place);
  return std::move(walk).take();
}

std::string differences(const Fingerprint& before, const Fingerprint& after) {
  std::ostringstream out;
  for (const auto& [path, print] : before) {
    const auto now = after.find(path);
    if (now == after.end())
      out << "gone: " << path << "\n";
    else if (now->second != print)
      out << "changed: " << path << ": " << print << " -> " << now->second << "\n";
  }
  for (const auto& [path, print] : after)
    if (!before.contains(path)) out << "new: " << path << "\n";
  return out.str();
}

}  // namespace stepbox::feature
