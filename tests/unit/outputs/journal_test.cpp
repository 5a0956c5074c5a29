#include "outputs/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "outputs/collect.hpp"
#include "outputs/moves.hpp"
#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::outputs;
using test::TempTree;

namespace {

// A destination with a staging directory in it.
struct Scene {
  TempTree tree;
  sys::Fd destination;
  sys::Fd staging;

  Scene() {
    tree.directory("staging/new");
    destination = sys::Fd(::open(tree.path().c_str(), O_RDONLY | O_DIRECTORY));
    staging = sys::Fd(::open((tree / "staging").c_str(), O_RDONLY | O_DIRECTORY));
  }
  Stage stage() const { return {destination.get(), staging.get(), "there"}; }
  uint64_t inode(const std::string& path) const {
    struct stat status {};
    REQUIRE(::lstat((tree / path).c_str(), &status) == 0);
    return status.st_ino;
  }
  Move place(const std::string& path) const { return {Move::Kind::place, path, inode("staging/new/" + path)}; }
  Move remove(const std::string& path) const { return {Move::Kind::remove, path, inode(path)}; }
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(tree / path).parent_path());
    std::ofstream(tree / path) << text;
  }
  std::string read(const std::string& path) const {
    std::stringstream text;
    text << std::ifstream(tree / path).rdbuf();
    return text.str();
  }
  bool has(const std::string& path) const { return std::filesystem::exists(std::filesystem::symlink_status(tree / path)); }
};

}  // namespace

TEST_CASE("A journal comes back as it was written, and nothing else is taken for one", "[outputs]") {
  const std::vector<Move> moves = {{Move::Kind::place, "a/b\nc", 42}, {Move::Kind::remove, "d", 7}};
  const std::string text = journal_text(moves);
  CHECK(moves_of(text) == moves);
  for (size_t length = 0; length < text.size(); ++length) CHECK(moves_of(std::string_view(text).substr(0, length)).empty());
  CHECK(moves_of(text + "x").empty());
  CHECK(moves_of(journal_text(std::vector<Move>{{Move::Kind::place, "../x", 1}})).empty());
  CHECK(moves_of(journal_text(std::vector<Move>{{Move::Kind::place, "/etc", 1}})).empty());
  CHECK(moves_of(journal_text(std::vector<Move>{{Move::Kind::place, "a//b", 1}})).empty());
}

TEST_CASE("However many moves a killed run had done, the next completes the set", "[outputs]") {
  for (size_t done = 0; done <= 4; ++done) {
    const Scene scene;
    scene.write("dist/old", "old");
    scene.write("app", "old");
    scene.write("gone", "old");
    scene.write("staging/new/dist/new", "new");
    scene.write("staging/new/app", "new");
    scene.write("staging/new/fresh", "new");
    const std::vector<Move> moves = {scene.place("app"), scene.place("dist"), scene.place("fresh"), scene.remove("gone")};
    REQUIRE(write_journal(scene.stage(), moves));
    REQUIRE(perform(scene.stage(), std::span(moves).first(done)));
    REQUIRE(perform(scene.stage(), read_journal(scene.staging.get())));
    CHECK(scene.read("app") == "new");
    CHECK(scene.read("dist/new") == "new");
    CHECK_FALSE(scene.has("dist/old"));
    CHECK(scene.read("fresh") == "new");
    CHECK_FALSE(scene.has("gone"));
  }
}

TEST_CASE("A move that fails takes back those before it, and the message names the entry", "[outputs]") {
  const Scene scene;
  scene.write("app", "old");
  scene.write("gone", "old");
  scene.write("staging/new/app", "new");
  scene.write("staging/new/fresh", "new");
  scene.write("staging/new/blocked/x", "new");
  // The way to the last entry is a link by now.
  scene.tree.link("/tmp", "blocked");
  const std::vector<Move> moves = {scene.place("app"), scene.place("fresh"), scene.remove("gone"), scene.place("blocked/x")};
  const Result<> done = perform(scene.stage(), moves);
  REQUIRE_FALSE(done);
  CHECK(done.error().message.starts_with("cannot put output 'blocked/x' into 'there': "));
  CHECK(scene.read("app") == "old");
  CHECK(scene.read("gone") == "old");
  CHECK_FALSE(scene.has("fresh"));
}

TEST_CASE("What changed after a killed run had placed it stays", "[outputs]") {
  const Scene scene;
  scene.write("app", "old");
  scene.write("staging/new/app", "new");
  const std::vector<Move> moves = {scene.place("app")};
  REQUIRE(perform(scene.stage(), moves));
  std::filesystem::remove(scene.tree / "app");
  scene.write("app", "newer");
  CHECK(perform(scene.stage(), moves));
  CHECK(scene.read("app") == "newer");
}

TEST_CASE("A staged tree enters by few moves, and leaves what is not its own alone", "[outputs]") {
  const Scene scene;
  scene.write("lib/own.c", "source");
  scene.write("staging/new/lib/out.o", "new");
  scene.write("staging/new/dist/a/b", "new");
  const sys::Fd fresh(::open((scene.tree / "staging/new").c_str(), O_PATH | O_DIRECTORY));
  const Source source{.root = OutputRoot::out, .directory = fresh.get()};
  const OutputSpec all{.text = "/box/out", .pattern = {.root = OutputRoot::out, .parts = {}}};
  const OutputSpec* const specs[] = {&all};
  const auto found = collect(std::span(&source, 1), specs);
  REQUIRE(found);
  const auto moves_now = [&] { return moves_into(scene.stage(), {.entries = found->entries, .sources = std::span(&source, 1), .specs = specs}); };
  const auto moves = moves_now();
  REQUIRE(moves);
  CHECK(*moves == std::vector<Move>{scene.place("dist"), scene.place("lib/out.o")});
  SECTION("not through a link") {
    std::filesystem::remove_all(scene.tree / "lib");
    scene.tree.link("/tmp", "lib");
    const auto refused = moves_now();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "output 'lib' is a directory, and 'there' has a symbolic link of that name");
  }
  SECTION("not over a directory") {
    std::filesystem::create_directories(scene.tree / "lib/out.o/x");
    const auto refused = moves_now();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "output 'lib/out.o' is no directory, and 'there' has a directory of that name");
  }
}

TEST_CASE("Where the checkout is shown through an overlay, what the step removed goes away", "[outputs]") {
  const Scene scene;
  scene.write("dist/old", "old");
  scene.write("a.o", "old");
  scene.write("b.o", "old");
  scene.write("main.c", "source");
  scene.write("staging/new/dist/new", "new");
  scene.write("staging/new/a.o", "new");
  const sys::Fd fresh(::open((scene.tree / "staging/new").c_str(), O_PATH | O_DIRECTORY));
  const Source source{.root = OutputRoot::checkout, .directory = fresh.get()};
  const OutputSpec dist{.text = "dist", .pattern = *parse_output_pattern("dist")};
  const OutputSpec objects{.text = "*.o", .pattern = *parse_output_pattern("*.o")};
  const OutputSpec* const specs[] = {&dist, &objects};
  const auto found = collect(std::span(&source, 1), specs);
  REQUIRE(found);
  const Tree tree{.entries = found->entries, .sources = std::span(&source, 1), .specs = specs, .replaces_checkout = true};
  SECTION("the directory as one, the other files one by one") {
    const auto moves = moves_into(scene.stage(), tree);
    REQUIRE(moves);
    CHECK(*moves == std::vector<Move>{scene.place("a.o"), scene.place("dist"), scene.remove("b.o")});
  }
  SECTION("a directory that holds a repository stays, and its files are replaced") {
    scene.write("dist/sub/.git/config", "x");
    const auto moves = moves_into(scene.stage(), tree);
    REQUIRE(moves);
    CHECK(*moves == std::vector<Move>{scene.place("a.o"), scene.place("dist/new"), scene.remove("b.o"), scene.remove("dist/old")});
  }
}
