#include "host/find_checkout.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "plan/layout.hpp"
#include "plan/system_places.hpp"
#include "sys/files.hpp"

namespace stepbox::host {
namespace {

// Marks at the top of a work tree. CVS is missing because it marks every directory.
constexpr const char* kMarks[] = {"/.git", "/.stepbox.yaml", "/.hg", "/.jj", "/.sl", "/.svn", "/.bzr"};
constexpr const char* kRemedy = "change to a directory that you can access (ls -ld)";

bool can_hold_project(const std::string& directory, const HostFacts& facts, const plan::Layout& layout) {
  const plan::PlaceKind kind = plan::system_place_of(directory, facts).kind;
  return (kind == plan::PlaceKind::project || kind == plan::PlaceKind::below_system) && layout.can_show_checkout(directory);
}

// Whether root, the caller, or the owner of the caller's directory placed the mark. In a directory that other users
// can write to, a mark of theirs could widen what the step may change.
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

// The nearest marked directory, if any. Above the working directory, a system directory or a home does not count: a
// home kept in a repository does not turn everything below it into one project.
Result<std::optional<std::string>> marked_directory(const HostFacts& facts) {
  const plan::Layout layout(facts, HomeMode::fresh);
  TRY_ASSIGN(const auto own, sys::status_of(facts.cwd));
  if (!own) return fail("the current directory " + quoted(facts.cwd) + " no longer exists under this name");
  for (std::string path = facts.cwd; path.size() > 1; path.erase(path.rfind('/'))) {
    if (path != facts.cwd && !can_hold_project(path, facts, layout)) break;
    TRY_ASSIGN(const bool marked, is_marked(path, *own));
    if (marked) return path;
  }
  return std::nullopt;
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
  Result<std::optional<std::string>> marked = marked_directory(facts);
  if (!marked) return std::unexpected(std::move(marked).error().within("cannot find the checkout").with_hint(kRemedy));
  facts.checkout_is_marked = marked->has_value();
  facts.checkout = std::move(*marked).value_or(facts.cwd);
  return find_checkout_owner(facts, facts.checkout);
}

}  // namespace stepbox::host
