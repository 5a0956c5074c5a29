#include "run/find_checkout.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "run/layout.hpp"
#include "sys/files.hpp"

namespace stepbox::run {
namespace {

constexpr const char* kMarks[] = {"/.git", "/.stepbox.yaml"};
constexpr const char* kRemedy = "change to a directory that can be looked at (ls -ld)";

// Whether a mark was put there by root, by the caller, or by the owner of the directory that the caller is in. In a
// directory that others can write to, somebody else's mark would widen what the step may change.
Result<bool> is_placed_by_owner(const std::string& mark, const struct stat& own) {
  TRY_ASSIGN(const auto status, sys::status_of(mark, sys::Links::themselves));
  if (!status) return false;
  return status->st_uid == 0 || status->st_uid == ::geteuid() || status->st_uid == own.st_uid;
}

Result<bool> is_marked(const std::string& directory, const struct stat& own) {
  for (const char* mark : kMarks) {
    TRY_ASSIGN(const bool placed, is_placed_by_owner(directory + mark, own));
    if (placed) return true;
  }
  return false;
}

Result<std::string> checkout_of(const HostFacts& facts) {
  const Layout layout(facts, HomeMode::fresh);
  TRY_ASSIGN(const auto own, sys::status_of(facts.cwd));
  if (!own) return fail("the current directory " + quoted(facts.cwd) + " cannot be found under its name");
  for (std::string path = facts.cwd; path.size() > 1 && !layout.contains_masked(path); path.erase(path.rfind('/'))) {
    TRY_ASSIGN(const bool marked, is_marked(path, *own));
    if (marked) return path;
  }
  return facts.cwd;
}

}  // namespace

Result<> find_checkout_owner(HostFacts& facts, const std::string& checkout) {
  TRY_ASSIGN(const auto status, sys::status_of(checkout));
  if (!status) return {};
  facts.checkout_uid = status->st_uid;
  facts.checkout_gid = status->st_gid;
  return {};
}

Result<> find_checkout(HostFacts& facts) {
  Result<std::string> checkout = checkout_of(facts);
  if (!checkout) return std::unexpected(std::move(checkout).error().within("cannot find the checkout").with_hint(kRemedy));
  facts.checkout = std::move(*checkout);
  return find_checkout_owner(facts, facts.checkout);
}

}  // namespace stepbox::run
