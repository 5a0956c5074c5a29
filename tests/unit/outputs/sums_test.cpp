#include "outputs/sums.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::outputs;
using test::TempTree;

namespace {

std::vector<Entry> some_entries(const TempTree& tree) {
  std::vector<Entry> entries;
  for (const char* name : {"plain", "with space", "new\nline", "back\\slash", "carriage\rreturn", "\xff\xfe", "*star"}) {
    std::ofstream(tree / name) << name;
    entries.push_back({.path = name, .kind = OutputKind::file, .link = {}, .digest = digest::sha256(name)});
  }
  return entries;
}

bool passes_sha256sum(const TempTree& tree, const std::string& text) {
  std::ofstream(tree / "SUMS") << text;
  return std::system(("cd '" + tree.path() + "' && sha256sum --check --strict --quiet SUMS").c_str()) == 0;
}

}  // namespace

TEST_CASE("sha256sum accepts the sums, whatever the names", "[outputs]") {
  const TempTree tree;
  const std::vector<Entry> entries = some_entries(tree);
  const std::string text = sums_text(entries);
  CHECK(passes_sha256sum(tree, text));
  CHECK(passes_sha256sum(tree, mark_text(entries)));
  std::ofstream(tree / "plain") << "changed";
  CHECK_FALSE(passes_sha256sum(tree, text));
}

TEST_CASE("The mark knows the names of its set, links included, and no others", "[outputs]") {
  const TempTree tree;
  std::vector<Entry> entries = some_entries(tree);
  entries.push_back({.path = "a\nlink", .kind = OutputKind::link, .link = "plain"});
  const auto names = MarkedNames::read(mark_text(entries));
  REQUIRE(names);
  for (const Entry& entry : entries) CHECK(names->holds(entry.path));
  CHECK_FALSE(names->holds("notes.txt"));
  CHECK_FALSE(MarkedNames::read(sums_text(entries)));
  CHECK_FALSE(MarkedNames::read(""));
}
