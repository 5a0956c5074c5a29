#include "warm/archive.hpp"

#include <sys/statfs.h>

#include <functional>

#include "warm/layout.hpp"
#include "warm/warm_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace stepbox::warm;
namespace fs = std::filesystem;

namespace {

void fill(const WarmStore& world) {
  write(world.step("d/plain"), "plain");
  write(world.step("d/new\nline\xff"), std::string(200'000, 'x'));
  write(world.step("d/" + std::string(255, 'n')), "long");
  write(world.step("z/tool"), "tool");
  ::chmod(world.step("z/tool").c_str(), 0755);
  fs::create_directories(world.step("empty"));
  fs::create_symlink("../../../etc/passwd", world.step("d/link"));
}

std::string packed(const std::string& store, const std::string& file) {
  const auto open = open_newest(store, "x");
  REQUIRE((open && *open));
  const auto result = pack(**open, file, {});
  if (!result) FAIL(result.error().message);
  return read(file);
}

Result<SaveResult> unpacked(const std::string& store, const std::string& file) { return unpack(store, "", file, {}, {}); }

// A tar archive of `members`, each "NAME\tTYPE\tCONTENT", made by Python, without compression.
void make_tar(const std::string& file, const std::string& members) {
  write(file + ".members", members);
  write(file + ".py", R"(import io, sys, tarfile
with tarfile.open(sys.argv[2], "w", format=tarfile.PAX_FORMAT) as tar:
    for line in open(sys.argv[1], encoding="utf-8", newline="").read().split("\x01"):
        if not line: continue
        name, kind, content = line.split("\t", 2)
        member = tarfile.TarInfo(name)
        member.mode = 0o755 if kind == "d" else 0o644
        member.type = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE,
                       "c": tarfile.CHRTYPE, "p": tarfile.FIFOTYPE}[kind]
        if kind in "lh": member.linkname = content
        data = content.encode() if kind == "f" else b""
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
)");
  REQUIRE(std::system(("python3 '" + file + ".py' '" + file + ".members' '" + file + "'").c_str()) == 0);
}

std::string member(const std::string& name, char type, const std::string& content) {
  return name + "\t" + type + "\t" + content + "\x01";
}

std::string list_of(std::vector<Entry> entries) {
  Manifest manifest;
  manifest.generation.name = "x";
  manifest.entries = std::move(entries);
  count_entries(manifest);
  return member("stepbox-warm", 'f', to_text(manifest));
}

Entry file_entry(const std::string& path, std::string_view content) {
  return {path, EntryType::file, 0644, content.size(), digest::sha256(content)};
}

}  // namespace

TEST_CASE("an unpacked warm cache is the same tree, with digest, modes and times", "[warm]") {
  const WarmStore world;
  fill(world);
  SaveRequest request = world.request();
  request.rules = {{"*", WarmMerge::unite, WarmTimes::distant}};
  request.key = "k";
  request.origin = {"run", "host", "/checkout", "commit"};
  const WarmGeneration saved = world.saved(request).generation;
  const std::string file = world.tree() / "x.tar.zst";
  packed(world.store(), file);
  const std::string other = world.tree() / "other";
  const auto result = unpacked(other, file);
  if (!result) FAIL(result.error().message);
  CHECK(result->saving == Saving::saved);
  CHECK(result->generation.digest == saved.digest);
  CHECK(result->generation.key == "k");
  const auto open = open_newest(other, "x");
  REQUIRE((open && *open));
  CHECK((*open)->manifest.origin.run.empty());
  CHECK((*open)->manifest.origin.checkout == "unpacked from x.tar.zst");
  CHECK(fs::read_symlink((*open)->pin.tree + "/cache/x/d/link") == "../../../etc/passwd");
  struct stat status {};
  REQUIRE(::stat(((*open)->pin.tree + "/cache/x/d/plain").c_str(), &status) == 0);
  CHECK(status.st_mtim.tv_sec == 4'070'908'800);
  CHECK(unpacked(other, file)->saving == Saving::unchanged);
}

TEST_CASE("one tree gives one archive, whatever store and file system hold it", "[warm]") {
  const WarmStore world;
  fill(world);
  world.saved(world.request());
  const std::string bytes = packed(world.store(), world.tree() / "1.tar.zst");
  CHECK(packed(world.store(), world.tree() / "2.tar.zst") == bytes);
  // Copied before it was saved, by another run, elsewhere.
  std::string pattern = "/dev/shm/stepbox-unit-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  REQUIRE(std::system(("cp -a '" + world.step() + "' '" + pattern + "/step'").c_str()) == 0);
  SaveRequest request = world.request();
  request.store = pattern + "/store";
  request.origin = {"another", "run", "elsewhere", "1"};
  const sys::Fd view(::open((pattern + "/step").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  request.directories = {{"cache/x", view.get()}};
  REQUIRE(save(request, {}));
  CHECK(packed(request.store, world.tree() / "3.tar.zst") == bytes);
  fs::remove_all(pattern);
}

TEST_CASE("a generation that differs from its manifest is not packed", "[warm]") {
  const WarmStore world;
  write(world.step("d/a"), "content");
  const std::string id = world.saved(world.request()).generation.id;
  write(world.tree_of(id) + "/d/a", "CONTENT");
  const auto open = open_newest(world.store(), "x");
  REQUIRE((open && *open));
  const auto result = pack(**open, world.tree() / "x.tar.zst", {});
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("was changed") != std::string::npos);
  CHECK_FALSE(fs::exists(world.tree() / "x.tar.zst"));
}

TEST_CASE("a file that is cut off or damaged is refused, and nothing is left of it", "[warm]") {
  const WarmStore world;
  fill(world);
  world.saved(world.request());
  const std::string bytes = packed(world.store(), world.tree() / "x.tar.zst");
  const std::string other = world.tree() / "other";
  const std::string bad = world.tree() / "bad.tar.zst";
  for (size_t keep = 0; keep < bytes.size(); keep += std::max<size_t>(bytes.size() / 20, 1)) {
    CAPTURE(keep);
    write(bad, bytes.substr(0, keep));
    CHECK_FALSE(unpacked(other, bad));
    if (keep == 0) continue;
    std::string flipped = bytes;
    flipped[keep] = static_cast<char>(flipped[keep] ^ 0x20);
    write(bad, flipped);
    const auto result = unpacked(other, bad);
    // A flipped bit may sit where it changes nothing that counts: then the tree is right all the same.
    if (result) CHECK(result->generation.digest == open_newest(world.store(), "x").value()->manifest.generation.digest);
    fs::remove_all(other + "/x/generations");
    fs::remove(other + "/x/current");
    CHECK_FALSE(fs::exists(other + "/x/unfinished"));
  }
}

TEST_CASE("what no pack writes is refused by name, and nothing is made of it", "[warm]") {
  const WarmStore world;
  const std::string file = world.tree() / "bad.tar";
  const std::vector<Entry> one = {file_entry("a", "content")};
  const Entry link{"a", EntryType::link, 0777, 1, digest::sha256("/")};
  const Entry directory{"a", EntryType::directory, 0755, 0, {}};
  struct Case {
    std::string what, members, named;
  };
  const std::string right = member("tree/a", 'f', "content");
  const std::vector<Case> cases = {
      {"no list", right, "no packed warm cache"},
      {"an ordinary archive", member("README", 'f', "hello"), "no packed warm cache"},
      {"a list that is a link", member("stepbox-warm", 'l', "/etc/passwd"), "no packed warm cache"},
      {"..", list_of(one) + member("tree/../../a", 'f', "content"), "../../a"},
      {"an absolute path", list_of(one) + member("/tmp/a", 'f', "content"), "tmp/a"},
      {".. in the list", list_of({file_entry("../a", "content")}) + member("tree/../a", 'f', "content"), "../a"},
      {"a device", list_of(one) + member("tree/a", 'c', ""), "tree/a"},
      {"a FIFO", list_of(one) + member("tree/a", 'p', ""), "tree/a"},
      {"a hard link", list_of(one) + member("tree/a", 'h', "stepbox-warm"), "tree/a"},
      {"a symbolic link for a file", list_of(one) + member("tree/a", 'l', "/etc/passwd"), "tree/a"},
      {"a set-id program", list_of({{"a", EntryType::file, 04755, 7, digest::sha256("content")}}) + right, "mode"},
      {"a file below a link", list_of({link, file_entry("a/b", "")}), "a/b"},
      {"another link", list_of({link}) + member("tree/a", 'l', "/etc"), "'a'"},
      {"other content", list_of(one) + member("tree/a", 'f', "CONTENT"), "'a'"},
      {"too much content", list_of(one) + member("tree/a", 'f', "content and more"), "tree/a"},
      {"a member too many", list_of(one) + right + member("tree/b", 'f', ""), "tree/b"},
      {"a member twice", list_of(one) + right + right, "tree/a"},
      {"a missing member", list_of({directory, file_entry("a/b", "")}) + member("tree/a", 'd', ""), "a/b"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.what);
    make_tar(file, bad.members);
    const std::string store = world.tree() / "other";
    const auto result = unpacked(store, file);
    if (result) {
      FAIL_CHECK("was taken: " << result->sentence);
      continue;
    }
    CHECK(result.error().message.find("is refused") != std::string::npos);
    CHECK(result.error().message.find(bad.named) != std::string::npos);
    CHECK_FALSE(result.error().hint.empty());
    CHECK_FALSE(fs::exists(store + "/x/unfinished"));
    CHECK_FALSE(fs::exists(fs::symlink_status(store + "/x/current")));
    fs::remove_all(store);
  }
  // The same makers, used rightly: the refusals are not about them.
  make_tar(file, list_of(one) + right);
  const auto result = unpacked(world.tree() / "other", file);
  if (!result) FAIL(result.error().message);
}
