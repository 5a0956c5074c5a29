#include "host/find_git_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "sys/fd.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::host {
namespace {

// These files hold one path, the configuration a few lines more.
constexpr size_t kMostText = 64 << 10;

// The text of a regular file in a directory; the name must be no link.
std::optional<std::string> text_in(int directory, const char* name) {
  const sys::Fd file(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string text(kMostText, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<size_t>(size));
  return text;
}

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// What a path in a file of `directory` stands for.
std::string path_from(const std::string& directory, std::string_view path) {
  return lexically_normal(path.starts_with('/') ? std::string(path) : directory + "/" + std::string(path));
}

// `core.worktree` of a submodule's configuration, as git writes it.
std::string worktree_of(std::string_view config) {
  bool is_core = false;
  for (std::string_view line : split(config, '\n')) {
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    if (line.starts_with('[')) is_core = line.starts_with("[core]");
    constexpr std::string_view kKey = "worktree = ";
    if (is_core && line.starts_with(kKey)) return std::string(without_line_end(line.substr(kKey.size())));
  }
  return {};
}

struct GitDirectory {
  std::string path;
  sys::Fd fd;
};

class Search {
 public:
  Search(const HostFacts& facts, const std::string& checkout) : facts_(facts), checkout_(checkout) {}

  // The directory to open to the step; empty where the checkout has its git directory in itself, or none.
  Result<std::string> run() {
    struct stat status {};
    if (::lstat((checkout_ + "/.git").c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::string();
    const sys::Fd checkout(sys::open_no_links(AT_FDCWD, checkout_.c_str()));
    const auto text = text_in(checkout.get(), ".git");
    constexpr std::string_view kKey = "gitdir: ";
    if (!text || !text->starts_with(kKey)) return std::string();
    const std::string named = path_from(checkout_, without_line_end(std::string_view(*text).substr(kKey.size())));
    if (is_within(named, checkout_)) return std::string();
    TRY_ASSIGN(const GitDirectory git, open(named));
    return text_in(git.fd.get(), "gitdir") ? of_work_tree(git) : of_submodule(git);
  }

 private:
  bool is_trusted(const struct stat& status) const {
    return status.st_uid == 0 || status.st_uid == facts_.uid || status.st_uid == facts_.checkout_uid;
  }

  // A caller shares its own repository with a group on purpose (core.sharedRepository).
  bool is_private(const struct stat& status) const {
    return (status.st_mode & S_IWOTH) == 0 && ((status.st_mode & S_IWGRP) == 0 || status.st_uid == facts_.uid);
  }

  Result<GitDirectory> open(const std::string& path) const {
    GitDirectory found{path, sys::Fd(sys::open_no_links(AT_FDCWD, path.c_str()))};
    struct stat status {};
    if (!found.fd || ::fstat(found.fd.get(), &status) != 0) return fail_errno("cannot open " + quoted(path) + " without following a link", errno);
    if (!S_ISDIR(status.st_mode)) return fail(quoted(path) + " is not a directory");
    if (!is_trusted(status) || !is_private(status)) return fail(quoted(path) + " can be written to by other users");
    return found;
  }

  // COMMON/worktrees/NAME, whose file "gitdir" names the checkout's .git. The step needs COMMON: objects and branches
  // are there.
  Result<std::string> of_work_tree(const GitDirectory& git) const {
    struct stat status {};
    const auto back = text_in(git.fd.get(), "gitdir");
    if (!back || ::fstatat(git.fd.get(), "gitdir", &status, AT_SYMLINK_NOFOLLOW) != 0) return fail("cannot read " + quoted(git.path + "/gitdir"));
    if (!is_trusted(status) || !is_private(status)) return fail(quoted(git.path + "/gitdir") + " can be written to by other users");
    if (path_from(git.path, without_line_end(*back)) != checkout_ + "/.git")
      return fail(quoted(git.path) + " belongs to the work tree " + quoted(path_from(git.path, without_line_end(*back))));
    const std::string above = git.path.substr(0, git.path.rfind('/'));
    if (!above.ends_with("/worktrees")) return fail(quoted(git.path) + " is in no repository");
    TRY_ASSIGN(const GitDirectory common, open(above.substr(0, above.rfind('/'))));
    TRY(check_repository(common));
    return common.path;
  }

  // SUPER/.git/modules/NAME, whose core.worktree names the checkout.
  Result<std::string> of_submodule(const GitDirectory& git) const {
    const auto config = text_in(git.fd.get(), "config");
    const std::string worktree = worktree_of(config.value_or(std::string()));
    if (worktree.empty() || path_from(git.path, worktree) != checkout_) return fail(quoted(git.path) + " does not name the checkout as its work tree");
    TRY(check_repository(git));
    return git.path;
  }

  static Result<> check_repository(const GitDirectory& git) {
    for (const char* name : {"HEAD", "objects", "refs"}) {
      struct stat status {};
      if (::fstatat(git.fd.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) return fail(quoted(git.path) + " is no git repository");
    }
    return {};
  }

  const HostFacts& facts_;
  const std::string& checkout_;
};

}  // namespace

void find_git_directory(HostFacts& facts, const std::string& checkout) {
  if (checkout.empty()) return;
  Result<std::string> found = Search(facts, checkout).run();
  if (found) facts.git_directory = std::move(*found);
  else facts.git_directory_problem = found.error().message;
}

}  // namespace stepbox::host
