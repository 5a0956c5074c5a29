#include "workspace/attribution.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "sys/walk.hpp"

namespace stepbox::workspace {
namespace {

constexpr std::string_view kUnknown = "unknown";

// Where a path belongs: a tool's name and the directory at which its part begins.
struct Account {
  std::string tool;
  std::string path;
};

class Attribution : public sys::Visitor {
 public:
  Attribution(const OwnerOf& owner_of, std::string_view box) : owner_of_(owner_of), box_length_(box.size() + 1) {}

  sys::Descend enter(const sys::WalkedDirectory& directory) override {
    const Account& above = parts_.empty() ? Account{std::string(kUnknown), std::string(directory.path)} : parts_.back().account;
    parts_.push_back({account_of(directory, above)});
    return sys::Descend::yes;
  }

  void visit(const sys::WalkedDirectory&, const char*, const struct stat& status) override {
    // A file with several names counts in equal parts for each of them.
    parts_.back().bytes += static_cast<uint64_t>(status.st_blocks) * 512 / std::max<nlink_t>(status.st_nlink, 1);
    ++parts_.back().files;
  }

  void leave() override {
    book(parts_.back());
    parts_.pop_back();
  }

  std::vector<CacheUsage> result() &&;

 private:
  // The contents of one directory that the walk is in, without its subdirectories.
  struct Part {
    Account account;
    uint64_t bytes = 0;
    uint64_t files = 0;
  };

  Account account_of(const sys::WalkedDirectory& directory, const Account& above) const;
  void book(const Part& part);

  const OwnerOf& owner_of_;
  const size_t box_length_;  // of "/box/"
  std::vector<Part> parts_;
  std::map<std::pair<std::string, std::string>, CacheUsage> sums_;
};

Account Attribution::account_of(const sys::WalkedDirectory& directory, const Account& above) const {
  if (directory.path.size() > box_length_) {
    const std::string_view tool = owner_of_(directory.path.substr(box_length_));
    if (!tool.empty()) return above.tool == tool ? above : Account{std::string(tool), std::string(directory.path)};
  }
  // Everything below a tool's directory belongs to the tool; unknown parts are told apart near the top.
  constexpr size_t kToldApart = 3;
  if (above.tool != kUnknown || directory.depth > kToldApart) return above;
  return {std::string(kUnknown), std::string(directory.path)};
}

void Attribution::book(const Part& part) {
  if (part.files == 0) return;
  const Account& account = part.account;
  CacheUsage& sum = sums_[{account.tool, account.path}];
  sum.tool = account.tool;
  sum.path = account.path;
  sum.bytes += part.bytes;
  sum.files += part.files;
}

std::vector<CacheUsage> Attribution::result() && {
  std::vector<CacheUsage> found;
  for (auto& [key, sum] : sums_) {
    // A single empty file is one of stepbox's mount points, or not worth a line.
    if (sum.bytes > 0 || sum.files > 1) found.push_back(std::move(sum));
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, &CacheUsage::bytes);
  return found;
}

}  // namespace

std::vector<CacheUsage> attribute(int root, const std::string& path, const OwnerOf& owner_of, std::string_view box) {
  Attribution attribution(owner_of, box);
  sys::walk(root, path, attribution);
  return std::move(attribution).result();
}

}  // namespace stepbox::workspace
