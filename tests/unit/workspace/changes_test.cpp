#include "workspace/changes.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <chrono>

#include "sys/temp_tree.hpp"
#include "workspace/real_overlay.hpp"

using namespace stepbox;
using namespace stepbox::workspace;
using test::kMetacopy;
using test::kPlain;
using test::kUserxattr;
using test::OverlayKind;
using test::RealOverlay;
namespace fs = std::filesystem;

namespace {

constexpr OverlayKind kKinds[] = {kPlain, kMetacopy, kUserxattr};

void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void put(const std::string& path, size_t bytes, char with = 'x') { put(path, std::string(bytes, with)); }

Changes changes_of(const RealOverlay& overlay, size_t most = 100, const CacheAt& cache_at = {}, std::string_view path = {}) {
  ChangeList list(most);
  list_changes(overlay.trees(), path, cache_at, list);
  return std::move(list).result();
}

// "added file src/x 5", sorted.
std::vector<std::string> told(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (const Change& change : changes)
    lines.push_back(std::string(name_of(change.kind)) + " " + name_of(change.type) + " " + change.path + " " + std::to_string(change.bytes));
  std::ranges::sort(lines);
  return lines;
}

using Lines = std::vector<std::string>;

void set_times(const std::string& path, time_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

// Runs the body for each kind of overlay that can be mounted here. Only root's have trusted marks.
template <class Body>
void for_each_kind(const std::function<void(const std::string&)>& fill, Body body) {
  for (const OverlayKind& kind : kKinds) {
    if (::geteuid() != 0 && kind.marks == OverlayMarks::trusted) continue;
    const RealOverlay overlay(kind, fill);
    if (!overlay.works()) continue;
    INFO(kind.name);
    body(overlay, kind);
  }
}

const auto kNothing = [](const std::string&) {};

}  // namespace

TEST_CASE("an overlay that nobody wrote to has no changes", "[workspace][changes]") {
  for_each_kind([](const std::string& lower) { put(lower + "/a/b", 10); },
                [](const RealOverlay& overlay, const OverlayKind&) {
                  const Changes found = changes_of(overlay);
                  CHECK_FALSE(found.any());
                  CHECK(found == Changes{});
                });
}

TEST_CASE("additions, modifications and deletions are told apart, the largest first, without their parents", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/src/old/file", 10);
    put(lower + "/src/gone", 30);
    put(lower + "/src/stays", 1);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    put(overlay.merged("src/old/file"), 20, 'y');
    put(overlay.merged("src/new/deep/file"), 5000);
    fs::remove(overlay.merged("src/gone"));
    const Changes found = changes_of(overlay);
    REQUIRE(found.biggest.size() == 3);
    CHECK(found.biggest[0] == Change{.kind = ChangeKind::added, .path = "src/new/deep/file", .bytes = 5000});
    CHECK(found.biggest[1] == Change{.kind = ChangeKind::deleted, .path = "src/gone", .bytes = 30});
    CHECK(found.biggest[2] == Change{.kind = ChangeKind::modified, .path = "src/old/file", .bytes = 20});
    CHECK(found.of(ChangeKind::added) == ChangeSum{1, 1, 5000});
    CHECK(found.of(ChangeKind::modified) == ChangeSum{1, 1, 20});
    CHECK(found.of(ChangeKind::deleted) == ChangeSum{1, 1, 30});
    CHECK(found.discarded_bytes() == 5020);
    CHECK(found.changed_files() == 3);
    CHECK(found.left_out == 0);
  });
}

TEST_CASE("paths begin with the name of the tree, if it has one", "[workspace][changes]") {
  for_each_kind(kNothing, [](const RealOverlay& overlay, const OverlayKind&) {
    put(overlay.merged("a/b"), 1);
    fs::permissions(overlay.merged(), fs::perms(0700));
    CHECK(told(changes_of(overlay, 9, {}, "/usr").biggest) == Lines{"added file /usr/a/b 1", "modified directory /usr 0"});
    CHECK(told(changes_of(overlay).biggest) == Lines{"added file a/b 1", "modified directory . 0"});
  });
}

TEST_CASE("a mark of a deletion without anything to delete is no change", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/d/file", 10);
    put(lower + "/plain", 1);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::create_directory(overlay.upper("d"));
    fs::create_directory(overlay.upper("new"));
    for (const char* name : {"spurious", "d/spurious", "new/spurious"})
      REQUIRE(::mknod(overlay.upper(name).c_str(), S_IFCHR, 0) == 0);
    CHECK(told(changes_of(overlay).biggest) == Lines{"added directory new 0"});
  });
}

TEST_CASE("a deleted directory is one entry, with all that it held", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    for (const char* name : {"d/a", "d/b/c", "d/b/e"}) put(lower + "/" + name, 100);
    fs::create_symlink("nowhere", lower + "/d/link");
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::remove_all(overlay.merged("d"));
    const Changes found = changes_of(overlay);
    REQUIRE(found.biggest.size() == 1);
    CHECK(found.biggest[0] == Change{.kind = ChangeKind::deleted, .type = EntryType::directory, .path = "d", .bytes = 300, .files = 4});
    CHECK(found.of(ChangeKind::deleted) == ChangeSum{1, 4, 300});
  });
}

TEST_CASE("a directory made where another was deleted hides what that held, at every depth", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    for (const char* name : {"d/a", "d/same", "d/s/x", "d/s/y/z", "d/whole/file"}) put(lower + "/" + name, 100);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::remove_all(overlay.merged("d"));
    put(overlay.merged("d/new"), 7);
    put(overlay.merged("d/same"), 100);
    // Below the first one the kernel marks none.
    put(overlay.merged("d/s/y/z"), 9);
    CHECK(told(changes_of(overlay).biggest) == Lines{"added file d/new 7", "deleted directory d/whole 100", "deleted file d/a 100",
                                                     "deleted file d/s/x 100", "modified file d/s/y/z 9"});
  });
}

TEST_CASE("a deletion in a directory that was made anew counts once", "[workspace][changes]") {
  for_each_kind([](const std::string& lower) { put(lower + "/d/a", 100); },
                [](const RealOverlay& overlay, const OverlayKind&) {
                  fs::remove_all(overlay.merged("d"));
                  fs::create_directory(overlay.merged("d"));
                  REQUIRE(::mknod(overlay.upper("d/a").c_str(), S_IFCHR, 0) == 0);
                  CHECK(told(changes_of(overlay).biggest) == Lines{"deleted file d/a 100"});
                });
}

TEST_CASE("a directory made in one that both layers have deletes nothing", "[workspace][changes]") {
  for_each_kind([](const std::string& lower) { put(lower + "/d/a", 100); },
                [](const RealOverlay& overlay, const OverlayKind&) {
                  fs::create_directory(overlay.merged("d/fresh"));
                  CHECK(told(changes_of(overlay).biggest) == Lines{"added directory d/fresh 0"});
                });
}

TEST_CASE("the marks of another kind of overlay mean nothing", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) { put(lower + "/d/a", 100); };
  for (const OverlayKind& kind : {kPlain, kUserxattr}) {
    if (::geteuid() != 0 && kind.marks == OverlayMarks::trusted) continue;
    const RealOverlay overlay(kind, fill);
    if (!overlay.works()) continue;
    put(overlay.merged("d/b"), 1);
    const char* foreign = kind.marks == OverlayMarks::trusted ? "user.overlay.opaque" : "trusted.overlay.opaque";
    if (::setxattr(overlay.upper("d").c_str(), foreign, "y", 1, 0) != 0) continue;  // an ordinary user, or an old tmpfs
    INFO(kind.name);
    CHECK(changes_of(overlay).of(ChangeKind::deleted).entries == 0);
  }
}

TEST_CASE("a copy that differs in nothing but its times is a touch, and no change", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    for (const char* name : {"touched", "opened", "chmod back"}) put(lower + "/" + name, 20'000);
    ::mkfifo((lower + "/fifo").c_str(), 0600);
    fs::create_symlink("text", lower + "/link");
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind& kind) {
    set_times(overlay.merged("touched"), 1);
    set_times(overlay.merged("fifo"), 1);
    set_times(overlay.merged("link"), 1);
    ::close(::open(overlay.merged("opened").c_str(), O_RDWR | O_CLOEXEC));
    fs::permissions(overlay.merged("chmod back"), fs::perms(0600));
    fs::permissions(overlay.merged("chmod back"), fs::perms(0644));
    const Changes found = changes_of(overlay);
    CHECK_FALSE(found.any());
    CHECK(found.biggest.empty());
    CHECK(found.of(ChangeKind::touched).files == 5);
    REQUIRE(found.touched.size() == 5);
    // With metacopy a copy takes no bytes until its content is needed.
    CHECK(found.of(ChangeKind::touched).bytes == (kind.name == kMetacopy.name ? 20'000 : 60'000));
  });
}

TEST_CASE("equal sizes and times do not make a rewritten file the same", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/small", 100);
    put(lower + "/large", 3 << 20);
    for (const char* name : {"/small", "/large"}) set_times(lower + name, 1000);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    put(overlay.merged("small"), 100, 'y');
    {
      std::fstream file(overlay.merged("large"), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp((3 << 20) - 1);
      file.put('y');
    }
    for (const char* name : {"small", "large"}) set_times(overlay.merged(name), 1000);
    CHECK(told(changes_of(overlay).biggest) == Lines{"modified file large 3145728", "modified file small 100"});
  });
}

TEST_CASE("a file that was written anew with the same bytes is a touch", "[workspace][changes]") {
  for_each_kind([](const std::string& lower) { put(lower + "/a", 100); },
                [](const RealOverlay& overlay, const OverlayKind&) {
                  fs::remove(overlay.merged("a"));
                  put(overlay.merged("a"), 100);
                  CHECK_FALSE(changes_of(overlay).any());
                });
}

TEST_CASE("mode, owner and extended attributes are part of what a file is", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    for (const char* name : {"mode", "attribute", "owner", "directory/x", "d2/x"}) put(lower + "/" + name, 50);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind& kind) {
    Lines expected = {"modified directory directory 0", "modified file mode 50"};
    fs::permissions(overlay.merged("mode"), fs::perms(0755));
    fs::permissions(overlay.merged("directory"), fs::perms(0700));
    if (::setxattr(overlay.merged("attribute").c_str(), "user.note", "x", 1, 0) == 0) {
      REQUIRE(::setxattr(overlay.merged("d2").c_str(), "user.note", "x", 1, 0) == 0);
      expected.insert(expected.end(), {"modified directory d2 0", "modified file attribute 50"});
    }
    if (::geteuid() == 0) {
      REQUIRE(::chown(overlay.merged("owner").c_str(), 12, 34) == 0);
      expected.emplace_back("modified file owner 50");
    }
    std::ranges::sort(expected);
    INFO(kind.name);
    // The bytes are those of the content, which metacopy keeps in the lower layer.
    CHECK(told(changes_of(overlay).biggest) == expected);
  });
}

TEST_CASE("a rename is a deletion and an addition", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/d/a", 70'000);
    put(lower + "/d/b/c", 30'000);
    put(lower + "/file", 20'000);
    put(lower + "/other/x", 1);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind& kind) {
    fs::rename(overlay.merged("file"), overlay.merged("other/renamed"));
    const bool moves = ::rename(overlay.merged("d").c_str(), overlay.merged("other/d2").c_str()) == 0;
    CHECK(moves == (kind.name == kMetacopy.name));
    Changes found = changes_of(overlay);
    if (!moves) {
      CHECK(told(found.biggest) == Lines{"added file other/renamed 20000", "deleted file file 20000"});
      return;
    }
    CHECK(told(found.biggest) == Lines{"added directory other/d2 100000", "added file other/renamed 20000", "deleted directory d 100000", "deleted file file 20000"});
    const auto added = std::ranges::find(found.biggest, "other/d2", &Change::path);
    CHECK(added->moved_from == "d");
    CHECK(added->files == 2);
    CHECK(std::ranges::find(found.biggest, "other/renamed", &Change::path)->moved_from == "file");
    // In a tree with a name, and within one directory.
    fs::rename(overlay.merged("other/d2"), overlay.merged("e"));
    found = changes_of(overlay, 100, {}, "/root");
    CHECK(std::ranges::find(found.biggest, "/root/e", &Change::path)->moved_from == "/root/d");
    // And back.
    fs::rename(overlay.merged("e"), overlay.merged("d"));
    CHECK(told(changes_of(overlay).biggest) == Lines{"added file other/renamed 20000", "deleted file file 20000"});
  });
}

TEST_CASE("a directory moved to where another one was deletes what that held", "[workspace][changes]") {
  if (::geteuid() != 0) return;
  const RealOverlay overlay(kMetacopy, [](const std::string& lower) {
    put(lower + "/old/gone", 10);
    put(lower + "/old/kept", 20);
    put(lower + "/new/kept", 300);
    put(lower + "/file", 5);
    put(lower + "/more/x", 7);
  });
  if (!overlay.works()) return;
  fs::remove_all(overlay.merged("old"));
  fs::rename(overlay.merged("new"), overlay.merged("old"));
  fs::remove(overlay.merged("file"));
  fs::rename(overlay.merged("more"), overlay.merged("file"));
  CHECK(told(changes_of(overlay).biggest) == Lines{"deleted directory more 7", "deleted directory new 300", "deleted file old/gone 10",
                                                   "modified directory file 7", "modified directory old 300"});
}

TEST_CASE("changes in a moved directory are part of it", "[workspace][changes]") {
  if (::geteuid() != 0) return;
  const RealOverlay overlay(kMetacopy, [](const std::string& lower) {
    put(lower + "/d/a", 1000);
    put(lower + "/d/gone", 1000);
  });
  if (!overlay.works()) return;
  fs::rename(overlay.merged("d"), overlay.merged("e"));
  put(overlay.merged("e/more"), 5);
  fs::remove(overlay.merged("e/gone"));
  const Changes found = changes_of(overlay);
  CHECK(told(found.biggest) == Lines{"added directory e 1005", "deleted directory d 2000"});
  CHECK(found.left_out == 0);
}

TEST_CASE("another type at the same path is one change", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/file to directory", 10);
    put(lower + "/directory to file/x", 10);
    put(lower + "/file to link", 10);
    fs::create_symlink("nowhere", lower + "/link to file");
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::remove(overlay.merged("file to directory"));
    put(overlay.merged("file to directory/inside"), 4);
    fs::remove_all(overlay.merged("directory to file"));
    put(overlay.merged("directory to file"), 5);
    fs::remove(overlay.merged("file to link"));
    fs::create_symlink("x", overlay.merged("file to link"));
    fs::remove(overlay.merged("link to file"));
    put(overlay.merged("link to file"), 6);
    CHECK(told(changes_of(overlay).biggest) == Lines{"added file file to directory/inside 4", "modified directory file to directory 0",
                                                     "modified file directory to file 5", "modified file link to file 6", "modified link file to link 0"});
  });
}

TEST_CASE("links are looked at themselves, also those that lead nowhere", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    fs::create_symlink("/nowhere", lower + "/changed");
    fs::create_symlink("/nowhere", lower + "/deleted");
    fs::create_directory_symlink("/etc", lower + "/directory");
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::remove(overlay.merged("changed"));
    fs::create_symlink("/else", overlay.merged("changed"));
    fs::remove(overlay.merged("deleted"));
    fs::remove(overlay.merged("directory"));
    put(overlay.merged("directory/passwd"), 3);
    CHECK(told(changes_of(overlay).biggest) ==
          Lines{"added file directory/passwd 3", "deleted link deleted 0", "modified directory directory 0", "modified link changed 0"});
  });
}

TEST_CASE("a file with several names counts once, and the copy of one name is that name's", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/a", 100);
    fs::create_hard_link(lower + "/a", lower + "/b");
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    // The kernel writes no origin for it (nlink > 1): it is no new file for that.
    put(overlay.merged("a"), 200, 'y');
    put(overlay.merged("new"), 5000);
    for (int i = 0; i < 3; ++i) fs::create_hard_link(overlay.merged("new"), overlay.merged("link" + std::to_string(i)));
    const Changes found = changes_of(overlay);
    CHECK(found.of(ChangeKind::added) == ChangeSum{4, 4, 5000});
    CHECK(found.of(ChangeKind::modified) == ChangeSum{1, 1, 200});
    CHECK(found.of(ChangeKind::deleted).entries == 0);
  });
}

TEST_CASE("names hold any byte", "[workspace][changes]") {
  const Lines names = {"new\nline", "\xff\xfe\x80", "-rf", "...", ".wh.x", ".wh..wh..opq", "a b", "\\", "*", "\x1b[31m", std::string(255, 'n')};
  const auto fill = [&](const std::string& lower) {
    for (const std::string& name : names) put(lower + "/gone/" + name, 3);
    put(lower + "/stays/x", 1);
  };
  for_each_kind(fill, [&](const RealOverlay& overlay, const OverlayKind&) {
    Lines expected;
    for (const std::string& name : names) {
      fs::remove(overlay.merged("gone/" + name));
      put(overlay.merged("new/" + name), 5);
      put(overlay.merged("stays/" + name + "/" + name), 7);
      expected.insert(expected.end(), {"added file new/" + name + " 5", "added file stays/" + name + "/" + name + " 7", "deleted file gone/" + name + " 3"});
    }
    std::ranges::sort(expected);
    CHECK(told(changes_of(overlay).biggest) == expected);
  });
}

TEST_CASE("the list is bounded, and the sums are not", "[workspace][changes]") {
  for_each_kind(kNothing, [](const RealOverlay& overlay, const OverlayKind&) {
    for (size_t i = 1; i <= 1000; ++i) put(overlay.merged("d" + std::to_string(i % 7) + "/f" + std::to_string(i)), i);
    const Changes found = changes_of(overlay, 3);
    REQUIRE(found.biggest.size() == 3);
    CHECK(found.biggest[0].bytes == 1000);
    CHECK(found.biggest[2].bytes == 998);
    CHECK(found.unlisted == 997);
    CHECK(found.of(ChangeKind::added) == ChangeSum{1000, 1000, 500'500});
    CHECK(changes_of(overlay, 0).of(ChangeKind::added).files == 1000);
  });
}

TEST_CASE("a tree deeper than any path is read to its bottom, and its path is cut in the middle", "[workspace][changes]") {
  const std::string name(200, 'd');
  for_each_kind([&](const std::string& lower) { put(lower + "/" + name + "/" + name + "/x", 1); },
                [&](const RealOverlay& overlay, const OverlayKind&) {
                  sys::Fd at(::open(overlay.merged().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                  for (int i = 0; i < 300; ++i) {
                    ::mkdirat(at.get(), name.c_str(), 0700);
                    at = sys::Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                    REQUIRE(at);
                  }
                  const sys::Fd file(::openat(at.get(), "bottom", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
                  REQUIRE(::write(file.get(), "x", 1) == 1);
                  const size_t before = test::open_descriptors();
                  const Changes found = changes_of(overlay);
                  CHECK(test::open_descriptors() == before);
                  REQUIRE(found.biggest.size() == 1);
                  const std::string& path = found.biggest[0].path;
                  CHECK(path.size() <= 4096);
                  CHECK(path.starts_with(name + "/" + name));
                  CHECK(path.contains("/.../"));
                  CHECK(path.ends_with(name + "/bottom"));
                });
}

TEST_CASE("a sparse file counts with its data, and takes no time", "[workspace][changes]") {
  const off_t huge = off_t{1} << 40;
  const auto fill = [&](const std::string& lower) {
    put(lower + "/touched", 4096);
    fs::resize_file(lower + "/touched", huge);
    put(lower + "/changed", 4096);
    fs::resize_file(lower + "/changed", huge);
  };
  for_each_kind(fill, [&](const RealOverlay& overlay, const OverlayKind&) {
    const auto begin = std::chrono::steady_clock::now();
    ::close(::open(overlay.merged("touched").c_str(), O_RDWR | O_CLOEXEC));
    fs::remove(overlay.merged("changed"));
    {
      std::ofstream file(overlay.merged("changed"), std::ios::binary);
      file.seekp(huge - 1);
      file.put('y');
    }
    put(overlay.merged("added"), 4096);
    fs::resize_file(overlay.merged("added"), huge);
    CHECK(told(changes_of(overlay).biggest) == Lines{"added file added 4096", "modified file changed 4096"});
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  });
}

TEST_CASE("files that would block a reader are not opened", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) { put(lower + "/fifo", 0); };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    fs::remove(overlay.merged("fifo"));
    REQUIRE(::mkfifo(overlay.merged("fifo").c_str(), 0644) == 0);
    REQUIRE(::mkfifo(overlay.merged("new").c_str(), 0644) == 0);
    CHECK(told(changes_of(overlay).biggest) == Lines{"added other new 0", "modified other fifo 0"});
  });
}

TEST_CASE("owners are compared as the overlay shifts them", "[workspace][changes]") {
  if (::geteuid() != 0) return;
  const RealOverlay overlay(kPlain, [](const std::string& lower) {
    put(lower + "/same", 10);
    put(lower + "/given away", 10);
  });
  if (!overlay.works()) return;
  set_times(overlay.merged("same"), 1);
  for (const char* name : {"", "same"}) REQUIRE(::chown(overlay.upper(name).c_str(), 200'000, 200'000) == 0);
  fs::remove(overlay.merged("given away"));
  put(overlay.merged("given away"), 10);
  REQUIRE(::chown(overlay.upper("given away").c_str(), 200'007, 200'000) == 0);
  OverlayTrees trees = overlay.trees();
  trees.uids = trees.gids = {{0, 200'000, 65536}};
  ChangeList list(9);
  list_changes(trees, {}, {}, list);
  CHECK(told(std::move(list).result().biggest) == Lines{"modified file given away 10"});
}

TEST_CASE("directories that cannot be listed are counted as left out", "[workspace][changes]") {
  if (::geteuid() == 0) return;
  const RealOverlay overlay(kUserxattr, kNothing);
  if (!overlay.works()) return;
  put(overlay.merged("locked/x"), 10);
  put(overlay.merged("open/x"), 10);
  fs::permissions(overlay.merged("locked"), fs::perms(0));
  const Changes found = changes_of(overlay);
  CHECK(told(found.biggest) == Lines{"added file open/x 10"});
  CHECK(found.left_out == 1);
}

TEST_CASE("layers that are no directories have no changes", "[workspace][changes]") {
  ChangeList list(9);
  list_changes({}, {}, {}, list);
  const Changes found = std::move(list).result();
  CHECK_FALSE(found.any());
  CHECK(found.left_out == 1);
}

// ---- Caches of tools ----

namespace {

// "target/" beside Cargo.toml, "node_modules/", "node_modules/.cache/", ".coverage".
std::optional<CachePlace> cache_at(std::string_view path, EntryType type, const HasBeside& has_beside) {
  const bool is_directory = type == EntryType::directory;
  const auto ends = [&](std::string_view end) { return path == end || path.ends_with("/" + std::string(end)); };
  if (is_directory && ends("target") && has_beside("Cargo.toml")) return CachePlace{"cargo", "target/", 1};
  if (is_directory && ends("node_modules/.cache")) return CachePlace{"find-cache-dir", "node_modules/.cache/", 2};
  if (is_directory && ends("node_modules")) return CachePlace{"npm", "node_modules/", 1};
  if (!is_directory && ends(".coverage")) return CachePlace{"coverage", ".coverage", 1};
  return std::nullopt;
}

}  // namespace

TEST_CASE("what lies in a tool's cache counts for the cache", "[workspace][changes]") {
  const auto fill = [](const std::string& lower) {
    put(lower + "/Cargo.toml", 1);
    put(lower + "/target/old", 10);
    put(lower + "/target/gone", 10);
    put(lower + "/target/touched", 10);
    put(lower + "/other/target/x", 10);
  };
  for_each_kind(fill, [](const RealOverlay& overlay, const OverlayKind&) {
    put(overlay.merged("target/old"), 300, 'y');
    put(overlay.merged("target/debug/deps/new"), 700);
    put(overlay.merged("target/node_modules/x"), 500);
    fs::remove(overlay.merged("target/gone"));
    set_times(overlay.merged("target/touched"), 1);
    put(overlay.merged("other/target/y"), 20);
    put(overlay.merged("crate/Cargo.toml"), 2);
    put(overlay.merged("crate/target/y"), 900);
    put(overlay.merged(".coverage"), 40);
    put(overlay.merged("a/.coverage"), 60);
    const Changes found = changes_of(overlay, 100, cache_at);
    CHECK(told(found.biggest) == Lines{"added file crate/Cargo.toml 2", "added file other/target/y 20"});
    REQUIRE(found.caches.size() == 2);
    CHECK(found.caches[0] == InTreeCache{.tool = "cargo", .path = "target/", .places = 2, .files = 4, .bytes = 2400});
    CHECK(found.caches[1] == InTreeCache{.tool = "coverage", .path = "a/.coverage", .places = 2, .files = 2, .bytes = 100});
    CHECK(found.of(ChangeKind::deleted).files == 1);
    CHECK(found.of(ChangeKind::touched).files == 1);
    CHECK(found.discarded_bytes() == 2522);
  });
}

TEST_CASE("of two caches that begin with the same directory the more specific one counts", "[workspace][changes]") {
  for_each_kind(kNothing, [](const RealOverlay& overlay, const OverlayKind&) {
    put(overlay.merged("node_modules/.cache/babel/x"), 50);
    put(overlay.merged("node_modules/a/index.js"), 10);
    put(overlay.merged("node_modules/b/node_modules/.cache/y"), 20);
    const Changes found = changes_of(overlay, 100, cache_at, "/src");
    REQUIRE(found.caches.size() == 2);
    CHECK(found.caches[0] == InTreeCache{.tool = "find-cache-dir", .path = "/src/node_modules/.cache/", .places = 1, .files = 1, .bytes = 50});
    CHECK(found.caches[1] == InTreeCache{.tool = "npm", .path = "/src/node_modules/", .places = 1, .files = 2, .bytes = 30});
  });
}

TEST_CASE("a cache that was deleted as a whole is a deletion", "[workspace][changes]") {
  for_each_kind([](const std::string& lower) { put(lower + "/node_modules/a/b", 10); },
                [](const RealOverlay& overlay, const OverlayKind&) {
                  fs::remove_all(overlay.merged("node_modules"));
                  const Changes found = changes_of(overlay, 100, cache_at);
                  CHECK(found.caches.empty());
                  CHECK(told(found.biggest) == Lines{"deleted directory node_modules 10"});
                });
}
