#include "sys/atomic_file.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"
#include "sys/write_all.hpp"

using namespace stepbox;
using stepbox::test::TempTree;
using sys::Sync;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kText = "the whole text\n";

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

size_t entries(const TempTree& tree) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(tree.path()), fs::directory_iterator()));
}

sys::Fd open_directory(const TempTree& tree) { return sys::Fd(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

std::expected<sys::FileId, int> written(const TempTree& tree, const std::string& name, std::string_view text = kText) {
  return sys::write_atomically(open_directory(tree).get(), name.c_str(), text, Sync::yes);
}

int failure(const TempTree& tree, const std::string& name) {
  const auto result = written(tree, name);
  REQUIRE_FALSE(result);
  return result.error();
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

// Files may not grow past a hundred bytes.
class SmallFiles {
 public:
  SmallFiles() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{.rlim_cur = 100, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit before_{};
};

constexpr int kCannotCover = 99;

// What `work` returns in a process that has no /proc, so that a file without a name cannot be given one. kCannotCover
// where this process may not cover it.
template <class Work>
int without_proc(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) ::_exit(kCannotCover);
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) != 0) ::_exit(kCannotCover);
    ::_exit(work());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a new file is whole and nothing lies beside it", "[sys][atomic-file]") {
  const TempTree tree;
  REQUIRE(written(tree, "new"));
  CHECK(content_of(tree / "new") == kText);
  CHECK(entries(tree) == 1);
}

TEST_CASE("a new file has the mode that was asked for, less the umask", "[sys][atomic-file]") {
  const TempTree tree;
  const mode_t before = ::umask(027);
  CHECK(written(tree, "ordinary"));
  CHECK(sys::write_atomically(open_directory(tree).get(), "program", kText, Sync::no, 0777));
  ::umask(before);
  CHECK((status_of(tree / "ordinary").st_mode & 07777) == 0640);
  CHECK((status_of(tree / "program").st_mode & 07777) == 0750);
}

TEST_CASE("an existing file is replaced, not written into", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "file", std::string(100'000, 'x'));
  fs::create_hard_link(tree / "file", tree / "kept");
  REQUIRE(written(tree, "file"));
  CHECK(content_of(tree / "file") == kText);
  CHECK(content_of(tree / "kept") == std::string(100'000, 'x'));
  CHECK(entries(tree) == 2);
}

TEST_CASE("a link is replaced, and the file it points to is left alone", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "precious", "precious");
  tree.link("precious", "file");
  REQUIRE(written(tree, "file"));
  CHECK(content_of(tree / "precious") == "precious");
  CHECK(S_ISREG(status_of(tree / "file").st_mode));
}

TEST_CASE("a directory is not replaced, and nothing is left beside it", "[sys][atomic-file]") {
  const TempTree tree;
  tree.directory("file");
  CHECK(failure(tree, "file") == EISDIR);
  CHECK(entries(tree) == 1);
}

TEST_CASE("a directory that is gone is an error", "[sys][atomic-file]") {
  const TempTree tree;
  const sys::Fd gone(::open(tree.directory("gone").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  fs::remove(tree / "gone");
  const auto result = sys::write_atomically(gone.get(), "file", kText, Sync::yes);
  REQUIRE_FALSE(result);
  CHECK(result.error() == ENOENT);
}

TEST_CASE("the longest name that a file can have will do, new and taken", "[sys][atomic-file]") {
  const TempTree tree;
  const std::string longest(255, 'n');
  CHECK(written(tree, longest));
  CHECK(written(tree, longest));
  CHECK(failure(tree, longest + "n") == ENAMETOOLONG);
  CHECK(entries(tree) == 1);
}

TEST_CASE("a file that may not grow keeps the old one and leaves nothing behind", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "file", "old");
  std::expected<sys::FileId, int> result;
  {
    const SmallFiles small;
    result = written(tree, "file", std::string(1000, 'x'));
  }
  REQUIRE_FALSE(result);
  CHECK(result.error() == EFBIG);
  CHECK(content_of(tree / "file") == "old");
  CHECK(entries(tree) == 1);
}

TEST_CASE("the content may come in parts, with a time of its own", "[sys][atomic-file]") {
  const TempTree tree;
  const auto fill = [](int file) {
    if (const int failed = sys::write_all(file, "one, "); failed != 0) return failed;
    if (const int failed = sys::write_all(file, "two"); failed != 0) return failed;
    const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 2, .tv_nsec = 0}};
    return ::futimens(file, times) == 0 ? 0 : errno;
  };
  const auto file = sys::write_atomically(open_directory(tree).get(), "file", sys::Fill(fill), Sync::yes);
  REQUIRE(file);
  CHECK(content_of(tree / "file") == "one, two");
  CHECK(status_of(tree / "file").st_mtime == 2);
  CHECK(*file == sys::id_of(status_of(tree / "file")));
}

TEST_CASE("content that cannot be had leaves the old file", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "file", "old");
  int calls = 0;
  const auto fill = [&calls](int file) {
    ++calls;
    return sys::write_all(file, "half"), ECANCELED;
  };
  const auto result = sys::write_atomically(open_directory(tree).get(), "file", sys::Fill(fill), Sync::yes);
  REQUIRE_FALSE(result);
  CHECK(result.error() == ECANCELED);
  CHECK(calls == 1);
  CHECK(content_of(tree / "file") == "old");
  CHECK(entries(tree) == 1);
}

TEST_CASE("a file gets its name without /proc as well, and is whole", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "taken", "old");
  const sys::Fd directory = open_directory(tree);
  const int got = without_proc([&] {
    for (const char* name : {"new", "taken"}) {
      const auto file = sys::write_atomically(directory.get(), name, kText, Sync::yes);
      if (!file) return 1;
      struct stat status {};
      if (::fstatat(directory.get(), name, &status, 0) != 0 || sys::id_of(status) != *file) return 2;
    }
    return 0;
  });
  if (got == kCannotCover) {
    WARN("skipped: /proc cannot be covered here; run as root or allow user namespaces");
    return;
  }
  CHECK(got == 0);
  CHECK(content_of(tree / "new") == kText);
  CHECK(content_of(tree / "taken") == kText);
  CHECK(entries(tree) == 2);
}

TEST_CASE("without /proc a failure leaves the old file and nothing beside it", "[sys][atomic-file]") {
  const TempTree tree;
  put(tree / "file", "old");
  const sys::Fd directory = open_directory(tree);
  int calls = 0;
  const auto fill = [&calls](int file) { return sys::write_all(file, "half"), ++calls == 1 ? 0 : ECANCELED; };
  const int got = without_proc([&] {
    const auto result = sys::write_atomically(directory.get(), "file", sys::Fill(fill), Sync::no);
    return result ? 0 : result.error();
  });
  if (got == kCannotCover) {
    WARN("skipped: /proc cannot be covered here; run as root or allow user namespaces");
    return;
  }
  CHECK(got == ECANCELED);
  CHECK(content_of(tree / "file") == "old");
  CHECK(entries(tree) == 1);
}

TEST_CASE("a file is removed only while the name is still its own", "[sys][atomic-file]") {
  const TempTree tree;
  const sys::Fd directory = open_directory(tree);
  const auto file = written(tree, "file");
  REQUIRE(file);
  SECTION("it is") {
    sys::remove_if_still(directory.get(), "file", *file);
    CHECK(entries(tree) == 0);
  }
  SECTION("another file has it") {
    put(tree / "other", "other");
    fs::rename(tree / "other", tree / "file");
    sys::remove_if_still(directory.get(), "file", *file);
    CHECK(content_of(tree / "file") == "other");
  }
  SECTION("no file has it") {
    fs::remove(tree / "file");
    sys::remove_if_still(directory.get(), "file", *file);
    CHECK(entries(tree) == 0);
  }
}
