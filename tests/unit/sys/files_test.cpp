#include "sys/files.hpp"

#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::sys;
using stepbox::test::TempTree;

TEST_CASE("what is at a path is told with links followed", "[sys][files]") {
  const TempTree tree;
  tree.directory("d");
  tree.file("f");
  tree.link("d", "to-d");
  tree.link("f", "to-f");
  tree.link("nowhere", "broken");
  tree.link("loop", "loop");
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);
  CHECK(kind_of(tree / "d") == PathKind::directory);
  CHECK(kind_of(tree / "f") == PathKind::file);
  CHECK(kind_of(tree / "to-d") == PathKind::directory);
  CHECK(kind_of(tree / "to-f") == PathKind::file);
  CHECK(kind_of(tree / "fifo") == PathKind::other);
  CHECK(kind_of("/dev/null") == PathKind::other);
  for (const char* name : {"broken", "missing", "f/below-a-file"})
    CHECK(kind_of(tree / name) == PathKind::missing);
  CHECK(kind_of("") == PathKind::missing);
}

TEST_CASE("what cannot be looked at is an error with its path and errno, and not absent", "[sys][files]") {
  const TempTree tree;
  tree.link("loop", "loop");
  const std::string loop = tree / "loop", long_name = tree / std::string(300, 'x');
  for (const auto& [path, number] : {std::pair(loop, ELOOP), std::pair(long_name, ENAMETOOLONG)}) {
    CHECK(kind_of(path).error().number == number);
    CHECK(real_path(path).error().number == number);
    CHECK(status_of(path + "/below").error().number == number);
    CHECK(kind_of(path).error().message.find("cannot look at '" + path + "': ") == 0);
  }
  CHECK(status_of(loop, Links::themselves).value().has_value());
}

TEST_CASE("only two errnos mean that nothing is there", "[sys][files]") {
  for (int number = 1; number < 134; ++number) {
    INFO(number);
    CHECK(means_absent(number) == (number == ENOENT || number == ENOTDIR));
  }
}

TEST_CASE("a path is resolved through every link, or not at all", "[sys][files]") {
  const TempTree tree;
  tree.file("d/f");
  tree.link("d", "one");
  tree.link("one", "two");
  tree.link("loop", "loop");
  CHECK(real_path(tree / "two/f") == tree / "d/f");
  CHECK(real_path(tree / "d/../one/./f") == tree / "d/f");
  CHECK(real_path(tree / "d/missing").value() == std::nullopt);
  CHECK(real_path(tree / "d/f/below-a-file").value() == std::nullopt);
  CHECK(real_path("").value() == std::nullopt);
}

TEST_CASE("a directory is listed by name, links with their text", "[sys][files]") {
  const TempTree tree;
  tree.file("b");
  tree.directory("a");
  tree.link("b", "c");
  const std::string long_text(700, 'y');
  tree.link(long_text, "d");
  tree.file("new\nline");
  tree.file(".hidden");
  const auto entries = list_directory(tree.path());
  REQUIRE(entries);
  REQUIRE(entries->size() == 6);
  CHECK((*entries)[0].name == ".hidden");
  CHECK((*entries)[1].name == "a");
  CHECK((*entries)[1].kind == PathKind::directory);
  CHECK((*entries)[2].kind == PathKind::file);
  CHECK((*entries)[3].kind == PathKind::other);
  CHECK((*entries)[3].link == "b");
  CHECK((*entries)[4].link == long_text);
  CHECK((*entries)[5].name == "new\nline");
}

TEST_CASE("an empty directory has no entries, and a missing one is an error that names it", "[sys][files]") {
  const TempTree tree;
  CHECK(list_directory(tree.directory("empty"))->empty());
  const auto missing = list_directory(tree / "missing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().number == ENOENT);
  CHECK(missing.error().message == "cannot list '" + tree / "missing" + "': no such file or directory (ENOENT)");
  CHECK(list_directory(tree.file("file")).error().number == ENOTDIR);
}

TEST_CASE("the names in a directory are told, where they are few", "[sys][files]") {
  const TempTree tree;
  (void)tree.file("b");
  (void)tree.directory("a");
  using Names = std::set<std::string, std::less<>>;
  CHECK(list_names(tree.path(), 4) == Names{".", "..", "a", "b"});
  CHECK(list_names(tree.path(), 3).value() == std::nullopt);
  CHECK(list_names(tree / "missing", 4).error().number == ENOENT);
  CHECK(list_names(tree / "b", 4).error().number == ENOTDIR);
}

TEST_CASE("a file is read up to the limit", "[sys][files]") {
  const TempTree tree;
  const std::string path = tree.file("f", 10'000);
  CHECK(read_file(path)->size() == 10'000);
  CHECK(read_file(path, 4096)->size() == 4096);
  CHECK(read_file(path, 5000)->size() == 5000);
  CHECK(read_file(path, 0)->empty());
  CHECK(read_file(tree.file("empty"))->empty());
}

TEST_CASE("a file that cannot be read is an error with its errno", "[sys][files]") {
  const TempTree tree;
  CHECK(read_file(tree / "missing").error().number == ENOENT);
  CHECK(read_file(tree.path()).error().number == EISDIR);
}

TEST_CASE("looking at files leaves no descriptor open", "[sys][files]") {
  const TempTree tree;
  tree.file("f");
  const size_t before = test::open_descriptors();
  for (int i = 0; i < 20; ++i) {
    (void)list_directory(tree.path());
    (void)list_directory(tree / "missing");
    (void)read_file(tree / "f");
    (void)read_file(tree.path());
    (void)real_path(tree / "f");
  }
  CHECK(test::open_descriptors() == before);
}
