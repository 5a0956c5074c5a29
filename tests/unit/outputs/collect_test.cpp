#include "outputs/collect.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "outputs/copy.hpp"
#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::outputs;
using test::TempTree;

namespace {

sys::Fd open_place(const std::string& path) { return sys::Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

OutputSpec spec(std::string_view text) {
  auto pattern = parse_output_pattern(text);
  REQUIRE(pattern);
  return {.text = std::string(text), .pattern = std::move(*pattern)};
}

Result<Found> found_in(const TempTree& tree, const OutputSpec& wanted, const CollectBounds& bounds = {}) {
  const sys::Fd place = open_place(tree.path());
  const Source source{.root = OutputRoot::checkout, .directory = place.get()};
  const OutputSpec* const specs[] = {&wanted};
  return collect(std::span(&source, 1), specs, bounds);
}

std::vector<std::string> paths_of(const Result<Found>& found) {
  std::vector<std::string> paths;
  if (!found) return {"error: " + found.error().message};
  for (const Entry& entry : found->entries) paths.push_back(entry.path + (entry.is_passage ? " (passage)" : ""));
  return paths;
}

std::string refusal_of(const TempTree& tree, std::string_view pattern) {
  const auto found = found_in(tree, spec(pattern));
  return found ? "" : found.error().message;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("Outputs come sorted, with the directories on the way to them and empty directories", "[outputs]") {
  const TempTree tree;
  tree.file("target/release/app", 3);
  tree.file("target/debug/app", 3);
  tree.file("target/debug/app.d", 3);
  tree.file("src/main.rs", 3);
  tree.directory("dist/empty");
  CHECK(paths_of(found_in(tree, spec("target/*/app"))) ==
        Paths{"target (passage)", "target/debug (passage)", "target/debug/app", "target/release (passage)", "target/release/app"});
  CHECK(paths_of(found_in(tree, spec("dist"))) == Paths{"dist", "dist/empty"});
  CHECK(paths_of(found_in(tree, spec("nothing/**"))).empty());
}

TEST_CASE("What is no file, directory or link is refused by name", "[outputs]") {
  const TempTree tree;
  tree.directory("dist");
  SECTION("FIFO") {
    REQUIRE(::mkfifo((tree / "dist/pipe").c_str(), 0600) == 0);
    CHECK(refusal_of(tree, "dist") == "output 'dist/pipe' is a FIFO");
  }
  SECTION("socket") {
    const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (tree / "dist/s").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(refusal_of(tree, "dist") == "output 'dist/s' is a socket");
  }
  SECTION("outside of what is declared they do not matter") {
    REQUIRE(::mkfifo((tree / "pipe").c_str(), 0600) == 0);
    CHECK(refusal_of(tree, "dist").empty());
  }
}

TEST_CASE("A link may only lead to where an output tree has its own files", "[outputs]") {
  CHECK(reason_against_link("lib/x.so", "x.so.1").empty());
  CHECK(reason_against_link("lib/x.so", "../y").empty());
  CHECK(reason_against_link("a/b/c", "../../x/./y").empty());
  CHECK(reason_against_link("x", "../y") == "leads out");
  CHECK(reason_against_link("a/b/c", "../../../etc/shadow") == "leads out");
  CHECK(reason_against_link("a/b", "/etc/shadow") == "is absolute");
  // Behind a name that may be a link, ".." leads anywhere.
  CHECK(reason_against_link("a/b/c", "d/../../e") == "has '..' behind a name");
  const TempTree tree;
  tree.directory("dist");
  tree.link("/etc/shadow", "dist/secret");
  CHECK(refusal_of(tree, "dist") == "output 'dist/secret' is a symbolic link to '/etc/shadow', which is absolute");
}

TEST_CASE("A directory that is a link is not entered", "[outputs]") {
  const TempTree tree;
  tree.file("real/x", 1);
  tree.link("real", "dist");
  CHECK(paths_of(found_in(tree, spec("dist/x"))).empty());
  CHECK(paths_of(found_in(tree, spec("dist"))) == Paths{"dist"});
}

TEST_CASE("Outputs are bounded by number, and by length even where nothing is allocated", "[outputs]") {
  const TempTree tree;
  for (int i = 0; i < 10; ++i) tree.file("dist/" + std::to_string(i), 1);
  const auto found = found_in(tree, spec("dist"), {.entries = 10});
  REQUIRE_FALSE(found);
  CHECK(found.error().message.starts_with("there are more than 10 outputs; 'dist/"));
  CHECK(found_in(tree, spec("dist"), {.entries = 11}));
  tree.file("big");
  REQUIRE(::truncate((tree / "big").c_str(), off_t{1} << 40) == 0);
  CHECK(refusal_of(tree, "big") == "output 'big' (1 TiB) exceeds the 64 GiB that 'big' may hold (the default of max-size)");
}

TEST_CASE("A name may hold any byte, and a path may not be longer than the kernel takes", "[outputs]") {
  const TempTree tree;
  tree.file("dist/new\nline", 1);
  tree.file("dist/\xff", 1);
  CHECK(paths_of(found_in(tree, spec("dist"))) == Paths{"dist", "dist/new\nline", "dist/\xff"});
  sys::Fd at = open_place(tree.path());
  const std::string name(250, 'd');
  REQUIRE(::mkdirat(at.get(), "deep", 0755) == 0);
  at = sys::Fd(::openat(at.get(), "deep", O_PATH | O_DIRECTORY));
  for (int i = 0; i < 17; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0755) == 0);
    at = sys::Fd(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY));
  }
  const std::string refused = refusal_of(tree, "deep");
  CHECK(refused.starts_with("the path of output 'deep/ddd"));
  CHECK(refused.ends_with("is longer than 4095 bytes"));
}

TEST_CASE("A copy keeps content, modes, times, links and holes, and drops set-id bits", "[outputs]") {
  const TempTree from;
  const TempTree to;
  from.file("dist/app", 5'000'000);
  from.file("dist/small", 10);
  from.file("dist/sparse");
  from.link("app", "dist/link");
  from.directory("dist/empty");
  REQUIRE(::truncate((from / "dist/sparse").c_str(), 100 << 20) == 0);
  REQUIRE(::link((from / "dist/small").c_str(), (from / "dist/twin").c_str()) == 0);
  REQUIRE(::chmod((from / "dist/app").c_str(), 06755) == 0);
  REQUIRE(::chmod((from / "dist/empty").c_str(), 0500) == 0);
  const timespec times[] = {{0, UTIME_OMIT}, {1'000'000'000, 123'456'789}};
  for (const char* name : {"dist/app", "dist/link", "dist/empty", "dist"}) REQUIRE(::utimensat(AT_FDCWD, (from / name).c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);

  auto found = found_in(from, spec("dist"));
  REQUIRE(found);
  const sys::Fd source_place = open_place(from.path());
  const Source source{.root = OutputRoot::checkout, .directory = source_place.get()};
  const sys::Fd target(::open(to.path().c_str(), O_RDONLY | O_DIRECTORY));
  Watch watch(nullptr);
  REQUIRE(copy(found->entries, {.sources = std::span(&source, 1), .target = target.get(), .where = "x"}, watch));

  const auto status = [&](const char* name) {
    struct stat seen {};
    REQUIRE(::lstat((to / name).c_str(), &seen) == 0);
    return seen;
  };
  CHECK((status("dist/app").st_mode & 07777) == 0755);
  CHECK((status("dist/empty").st_mode & 07777) == 0500);
  CHECK(status("dist/twin").st_ino == status("dist/small").st_ino);
  CHECK(status("dist/sparse").st_size == 100 << 20);
  CHECK(status("dist/sparse").st_blocks < 100);
  for (const char* name : {"dist/app", "dist/link", "dist/empty", "dist"}) CHECK(status(name).st_mtim.tv_nsec == 123'456'789);
  CHECK(std::filesystem::read_symlink(to / "dist/link") == "app");
  CHECK(std::system(("diff -r '" + (from / "dist") + "' '" + (to / "dist") + "'").c_str()) == 0);
  const auto digest_of = [&](std::string_view path) { return digest::hex(std::ranges::find(found->entries, path, &Entry::path)->digest); };
  CHECK(digest_of("dist/app") == digest::hex(digest::sha256(std::string(5'000'000, 'x'))));
  CHECK(digest_of("dist/twin") == digest::hex(digest::sha256(std::string(10, 'x'))));
  CHECK(digest_of("dist/sparse") == digest::hex(digest::sha256(std::string(100 << 20, '\0'))));
}

TEST_CASE("A file that was swapped after it was found is not read", "[outputs]") {
  const TempTree from;
  from.file("dist/app", 10);
  from.file("other", 10);
  auto found = found_in(from, spec("dist"));
  REQUIRE(found);
  const std::string app = from / "dist/app";
  std::string why = "output 'dist/app' changed while stepbox read it";
  SECTION("for another file") { std::filesystem::rename(from / "other", app); }
  SECTION("for a link") {
    std::filesystem::remove(app);
    from.link("/etc/shadow", "dist/app");
  }
  SECTION("for a FIFO") {
    std::filesystem::remove(app);
    REQUIRE(::mkfifo(app.c_str(), 0600) == 0);
  }
  SECTION("with its directory, for a link") {
    std::filesystem::rename(from / "dist", from / "moved");
    from.link("/etc", "dist");
  }
  const sys::Fd place = open_place(from.path());
  const Source source{.root = OutputRoot::checkout, .directory = place.get(), .is_live = true};
  Watch watch(nullptr);
  const auto copied = copy(found->entries, {.sources = std::span(&source, 1), .target = -1, .where = {}}, watch);
  REQUIRE_FALSE(copied);
  CHECK(copied.error().message == why);
}
