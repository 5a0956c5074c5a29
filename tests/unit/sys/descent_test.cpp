#include "sys/descent.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "sys/as_nobody.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::TempTree;
namespace fs = std::filesystem;

namespace {

sys::Descent descent_into(const TempTree& tree) {
  const sys::Fd root(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return sys::Descent(root.get());
}

int look(const sys::Descent& descent, const char* name) {
  struct stat status {};
  return descent.look_at(name, status);
}

}  // namespace

TEST_CASE("a descent goes down and comes back, with one descriptor", "[sys][descent]") {
  const TempTree tree;
  tree.file("a/b/deep");
  tree.file("shallow");
  sys::Descent descent = descent_into(tree);
  const size_t before = test::open_descriptors();
  CHECK(look(descent, "shallow") == 0);
  descent.enter("a");
  descent.enter("b");
  CHECK(look(descent, "deep") == 0);
  CHECK(look(descent, "shallow") == ENOENT);
  descent.leave();
  descent.leave();
  CHECK(look(descent, "shallow") == 0);
  CHECK(descent.problem() == 0);
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("below something that is no directory everything is absent", "[sys][descent]") {
  const TempTree tree;
  const TempTree outside;
  outside.file("secret");
  tree.file("file");
  tree.link(outside.path(), "link");
  sys::Descent descent = descent_into(tree);
  for (const char* name : {"file", "link", "nothing"}) {
    INFO(name);
    descent.enter(name);
    CHECK(descent.directory() == -1);
    CHECK(look(descent, "secret") == ENOENT);
    descent.enter("deeper");
    CHECK(look(descent, "secret") == ENOENT);
    CHECK(descent.problem() == 0);
    descent.leave();
    descent.leave();
    CHECK(look(descent, "file") == 0);
  }
}

TEST_CASE("a directory that cannot be entered is unknown, and so is what is below", "[sys][descent]") {
  const TempTree tree;
  ::chmod(tree.path().c_str(), 0755);
  tree.file("locked/in/file");
  REQUIRE(::chmod((tree / "locked").c_str(), 0000) == 0);
  sys::Descent descent = descent_into(tree);
  {
    const test::AsNobody nobody;
    descent.enter("locked");
    CHECK(look(descent, "in") == EACCES);
    descent.enter("in");
    CHECK(descent.problem() == EACCES);
    CHECK(look(descent, "file") == EACCES);
    descent.leave();
    descent.leave();
    CHECK(look(descent, "locked") == 0);
    CHECK(descent.problem() == 0);
  }
  ::chmod((tree / "locked").c_str(), 0700);
}

TEST_CASE("a directory that was moved away leads nowhere else", "[sys][descent]") {
  const TempTree tree;
  const TempTree outside;
  outside.file("secret");
  tree.file("a/b/file");
  sys::Descent descent = descent_into(tree);
  descent.enter("a");
  descent.enter("b");
  fs::rename(tree / "a/b", outside / "b");
  CHECK(look(descent, "file") == 0);
  descent.leave();
  CHECK(descent.problem() == ESTALE);
  CHECK(look(descent, "secret") == ESTALE);
  descent.enter("x");
  descent.leave();
  descent.leave();
  CHECK(descent.problem() == ESTALE);
}

TEST_CASE("a mount point is unknown: what lies beneath it cannot be seen", "[sys][descent]") {
  const TempTree tree;
  tree.file("mounted/hidden");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) ::_exit(99);
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    // Of the same file system: the device alone does not tell.
    if (::mount((tree / "mounted").c_str(), (tree / "mounted").c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(99);
    sys::Descent descent = descent_into(tree);
    descent.enter("mounted");
    ::_exit(descent.problem() == EXDEV ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WEXITSTATUS(status) == 99) {
    WARN("SKIPPED: nothing can be mounted here; run as root or allow user namespaces");
    return;
  }
  CHECK(status == 0);
}

TEST_CASE("a root that is no directory is unknown", "[sys][descent]") {
  CHECK(sys::Descent(-1).problem() == EBADF);
}
