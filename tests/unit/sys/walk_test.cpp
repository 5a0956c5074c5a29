#include "sys/walk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "sys/as_nobody.hpp"
#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::AsNobody;
using stepbox::test::TempTree;
using sys::Descend;
using sys::WalkedDirectory;
namespace fs = std::filesystem;

namespace {

// Writes down what it is shown. `entered` may change the tree, or end the descent.
class Notes : public sys::Visitor {
 public:
  Descend enter(const WalkedDirectory& directory) override {
    directories.emplace_back(directory.path);
    deepest = std::max(deepest, directory.depth);
    ++open_levels;
    return entered(directory);
  }
  void leave() override { --open_levels; }
  void visit(const WalkedDirectory& in, const char* name, const struct stat&) override {
    files.push_back(std::string(in.path) + "/" + name);
  }
  void pass_over(const WalkedDirectory& in, const char* name, int error) override {
    passed_over[std::string(in.path) + "/" + name] = error;
  }

  std::function<Descend(const WalkedDirectory&)> entered = [](const WalkedDirectory&) { return Descend::yes; };
  std::vector<std::string> directories;
  std::vector<std::string> files;
  std::map<std::string, int> passed_over;
  size_t deepest = 0;
  int open_levels = 0;
};

int walk(const TempTree& tree, Notes& notes, sys::WalkBounds bounds = {}) {
  const sys::Fd root(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(root);
  const int failed = sys::walk(root.get(), "top", notes, bounds);
  CHECK(notes.open_levels == 0);
  std::ranges::sort(notes.directories);
  std::ranges::sort(notes.files);
  return failed;
}

using Names = std::vector<std::string>;

void make_deep(const TempTree& tree, int levels) {
  sys::Fd at(::open(tree.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(100, 'd');
  for (int i = 0; i < levels; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
    at = sys::Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
  REQUIRE(sys::Fd(::openat(at.get(), "bottom", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
}

}  // namespace

TEST_CASE("a walk finds everything, under the name of its root", "[sys][walk]") {
  const TempTree tree;
  tree.file("a/b/one");
  tree.file("a/two");
  tree.file("three");
  tree.directory("empty");
  Notes notes;
  CHECK(walk(tree, notes) == 0);
  CHECK(notes.directories == Names{"top", "top/a", "top/a/b", "top/empty"});
  CHECK(notes.files == Names{"top/a/b/one", "top/a/two", "top/three"});
  CHECK(notes.passed_over.empty());
}

TEST_CASE("a directory's own entries come before its subdirectories", "[sys][walk]") {
  const TempTree tree;
  for (const char* name : {"a/x", "m", "z/x"}) tree.file(name);
  Notes notes;
  Names at_first_subdirectory;
  notes.entered = [&](const WalkedDirectory& directory) {
    if (directory.depth == 1 && at_first_subdirectory.empty()) at_first_subdirectory = notes.files;
    return Descend::yes;
  };
  CHECK(walk(tree, notes) == 0);
  CHECK(at_first_subdirectory == Names{"top/m"});
}

TEST_CASE("a visitor may keep the walk out of a directory", "[sys][walk]") {
  const TempTree tree;
  tree.file("kept out/file");
  tree.file("kept out/below/file");
  tree.file("walked/file");
  Notes notes;
  notes.entered = [](const WalkedDirectory& directory) {
    return directory.path.ends_with("kept out") ? Descend::no : Descend::yes;
  };
  CHECK(walk(tree, notes) == 0);
  CHECK(notes.files == Names{"top/walked/file"});
}

TEST_CASE("a walk passes links, fifos and odd names as they are", "[sys][walk]") {
  const TempTree tree;
  tree.link(".", "loop");
  tree.link("/", "root");
  tree.link("nowhere", "broken");
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);  // opening it would wait for a writer
  for (const char* name : {"new\nline", "\xff\xfe", "...", "-rf"}) tree.file(std::string(name) + "/" + name);
  Notes notes;
  CHECK(walk(tree, notes) == 0);
  CHECK(notes.files == Names{"top/-rf/-rf", "top/.../...", "top/broken", "top/fifo", "top/loop", "top/new\nline/new\nline",
                             "top/root", "top/\xff\xfe/\xff\xfe"});
}

TEST_CASE("a tree deeper than any path takes one descriptor and is left again", "[sys][walk]") {
  constexpr int kLevels = 2000;
  const TempTree tree;
  tree.file("a/first");
  tree.file("z/last");
  make_deep(tree, kLevels);
  Notes notes;
  size_t most_open = 0;
  notes.entered = [&](const WalkedDirectory& directory) {
    if (directory.depth % 100 == 0) most_open = std::max(most_open, test::open_descriptors());
    return Descend::yes;
  };
  const size_t before = test::open_descriptors();
  CHECK(walk(tree, notes) == 0);
  CHECK(notes.deepest == kLevels);
  CHECK(notes.files.size() == 3);
  CHECK(most_open <= before + 2);  // the root's and the walk's
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("a walk goes as deep as it may, and names what lies deeper", "[sys][walk]") {
  const TempTree tree;
  tree.file("a/b/c/file");
  tree.file("a/b/file");
  tree.file("z/file");
  Notes notes;
  CHECK(walk(tree, notes, {.depth = 2}) == 0);
  CHECK(notes.files == Names{"top/a/b/file", "top/z/file"});
  CHECK(notes.passed_over == std::map<std::string, int>{{"top/a/b/c", ENAMETOOLONG}});
}

TEST_CASE("a directory that is swapped for a link during the walk is not entered", "[sys][walk]") {
  const TempTree tree;
  const TempTree outside;
  outside.file("secret");
  tree.file("one/file");
  tree.file("two/file");
  Notes notes;
  std::string swapped;
  notes.entered = [&](const WalkedDirectory& directory) {
    if (directory.depth == 1) {
      // The one that was listed already and comes next.
      swapped = directory.path == "top/one" ? "two" : "one";
      fs::rename(tree / swapped, outside / "moved");
      tree.link(outside.path(), swapped);
    }
    return Descend::yes;
  };
  CHECK(walk(tree, notes) == 0);
  CHECK(notes.files.size() == 1);
  CHECK(notes.passed_over == std::map<std::string, int>{{"top/" + swapped, ENOTDIR}});
}

TEST_CASE("a directory that is moved away with the walk in it does not lead the walk out of the tree", "[sys][walk]") {
  const TempTree tree;
  const TempTree outside;
  outside.file("secret");
  tree.file("a/b/file");
  Notes notes;
  notes.entered = [&](const WalkedDirectory& directory) {
    if (directory.path == "top/a/b") fs::rename(tree / "a/b", outside / "b");
    return Descend::yes;
  };
  CHECK(walk(tree, notes) == ESTALE);
  CHECK(notes.files == Names{"top/a/b/file"});
}

TEST_CASE("directories that cannot be listed or entered are passed over, and the rest is walked", "[sys][walk]") {
  const TempTree tree;
  ::chmod(tree.path().c_str(), 0755);
  for (const char* name : {"a", "locked", "listed only", "z"}) tree.file(std::string(name) + "/file");
  REQUIRE(::chmod((tree / "locked").c_str(), 0000) == 0);
  REQUIRE(::chmod((tree / "listed only").c_str(), 0444) == 0);
  Notes notes;
  {
    const AsNobody nobody;
    CHECK(walk(tree, notes) == 0);
  }
  CHECK(notes.files == Names{"top/a/file", "top/z/file"});
  CHECK(notes.passed_over == std::map<std::string, int>{{"top/locked", EACCES}, {"top/listed only", EACCES}});
  for (const char* name : {"locked", "listed only"}) ::chmod((tree / name).c_str(), 0700);
}

TEST_CASE("what is mounted in the tree is passed over, but for files where the caller wants them", "[sys][walk]") {
  const TempTree tree;
  tree.directory("mounted");
  tree.file("file");
  tree.file("foreign");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) ::_exit(99);
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("tmpfs", (tree / "mounted").c_str(), "tmpfs", 0, nullptr) != 0) ::_exit(99);
    if (::mount("/proc/self/status", (tree / "foreign").c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(99);
    Notes notes, any;
    const bool walked = walk(tree, notes) == 0 && notes.files == Names{"top/file"} && notes.passed_over["top/mounted"] == EXDEV && notes.passed_over["top/foreign"] == EXDEV;
    const bool with_files = walk(tree, any, {.other_devices = sys::OtherDevices::visit_files}) == 0 && any.files == Names{"top/file", "top/foreign"} && any.passed_over["top/mounted"] == EXDEV;
    ::_exit(walked && with_files ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WEXITSTATUS(status) == 99) {
    WARN("skipped: nothing can be mounted here; run as root or allow user namespaces");
    return;
  }
  CHECK(status == 0);
}

TEST_CASE("a root that is no directory is an error, and nothing is entered", "[sys][walk]") {
  const TempTree tree;
  const sys::Fd file(::open(tree.file("file").c_str(), O_RDONLY | O_CLOEXEC));
  Notes notes;
  CHECK(sys::walk(file.get(), "top", notes) == ENOTDIR);
  CHECK(sys::walk(-1, "top", notes) == EBADF);
  CHECK(notes.directories.empty());
}
