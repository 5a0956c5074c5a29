// What people read of the changes that were discarded.
#include <catch2/catch.hpp>

#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

using Lines = std::vector<std::string>;

TreeChanges some_changes() {
  TreeChanges tree{.tree = ChangedTree::source, .path = "/src"};
  Changes& changes = tree.changes;
  changes.of(ChangeKind::added) = {9, 9, 3 * kMiB};
  changes.of(ChangeKind::modified) = {2, 2, 2048};
  changes.of(ChangeKind::deleted) = {1, 12, 1500};
  changes.biggest = {{.kind = ChangeKind::modified, .path = "a\nb", .bytes = 2000},
                     {.kind = ChangeKind::deleted, .type = EntryType::directory, .path = "old", .bytes = 1500, .files = 12},
                     {.kind = ChangeKind::added, .path = "new", .bytes = 48, .moved_from = "x"}};
  changes.caches = {{.tool = "cargo", .path = "target/", .places = 1, .files = 7, .bytes = 3 * kMiB},
                    {.tool = "python", .path = "p/__pycache__/", .places = 2, .files = 2, .bytes = 100}};
  return tree;
}

Report with(TreeChanges tree) {
  Report report = plain_report(Exited{0});
  report.changes = {std::move(tree)};
  report::conclude(report);
  return report;
}

}  // namespace

TEST_CASE("the summary says what was discarded", "[report][changes]") {
  const Report report = with(some_changes());
  CHECK(report::is_noteworthy(report));
  CHECK(report::summary(report, report::SummaryStyle::plain) ==
        "the step succeeded; discarded 23 changed files, 3.0 MiB, most of it target/ (cargo)");
  // It was asked for: nothing to warn of.
  CHECK(report::summary(report, report::SummaryStyle::github).starts_with("::notice "));
}

TEST_CASE("an overlay without changes is not worth a word", "[report][changes]") {
  TreeChanges tree{.tree = ChangedTree::source, .path = "/src"};
  tree.changes.of(ChangeKind::touched) = {5, 5, 100};
  const Report report = with(tree);
  CHECK_FALSE(report::is_noteworthy(report));
  CHECK(report::discarded_text(tree).empty());
}

TEST_CASE("deletions and directories have words of their own", "[report][changes]") {
  const auto text = [](ChangedTree tree, ChangeSum added, ChangeSum deleted) {
    TreeChanges changed{.tree = tree, .path = "/x"};
    changed.changes.of(ChangeKind::added) = added;
    changed.changes.of(ChangeKind::deleted) = deleted;
    return report::discarded_text(changed);
  };
  CHECK(text(ChangedTree::source, {}, {1, 1, 10}) == "discarded the deletion of 1 file");
  CHECK(text(ChangedTree::source, {}, {2, 0, 0}) == "discarded the deletion of 2 directories");
  CHECK(text(ChangedTree::source, {1, 0, 0}, {}) == "discarded 1 changed directory");
  CHECK(text(ChangedTree::home, {1, 1, 0}, {}) == "discarded 1 changed file of the home");
  CHECK(text(ChangedTree::root, {3, 3, 4096}, {}) == "discarded 3 changed files of the host's root, 4 KiB");
}

TEST_CASE("one file that makes up most of it is named", "[report][changes]") {
  TreeChanges tree = some_changes();
  tree.changes.caches.clear();
  tree.changes.of(ChangeKind::added) = {1, 1, 48};
  tree.changes.of(ChangeKind::modified) = {1, 1, 2000};
  CHECK(report::discarded_text(tree) == "discarded 14 changed files, 2 KiB, most of it a\\nb");
}

TEST_CASE("a long path is cut in the summary, and what could not be looked at is said", "[report][changes]") {
  TreeChanges tree{.tree = ChangedTree::source, .path = "/src"};
  tree.changes.left_out = 2;
  CHECK(report::discarded_text(tree) == "discarded 2 entries that could not be looked at");
  CHECK(report::is_noteworthy(with(tree)));
  tree.changes.of(ChangeKind::added) = {1, 1, 10};
  tree.changes.biggest = {{.kind = ChangeKind::added, .path = std::string(3000, 'd') + "/end", .bytes = 10}};
  CHECK(report::discarded_text(tree) ==
        "discarded 1 changed file, 10 B, most of it ..." + std::string(96, 'd') + "/end, and 2 entries that could not be looked at");
}

TEST_CASE("the list has caches and changes by size, and says what it leaves out", "[report][changes]") {
  TreeChanges tree = some_changes();
  tree.changes.of(ChangeKind::touched) = {1, 1, 5};
  tree.changes.touched = {{.kind = ChangeKind::touched, .path = "seen", .bytes = 5}};
  tree.changes.unlisted = 4;
  tree.changes.left_out = 1;
  CHECK(report::change_lines(with(tree)) ==
        Lines{"changes in '/src', discarded: 9 added (3 MiB), 2 modified (2 KiB), 12 deleted (1.5 KiB), 1 copied without a change (5 B), 1 entry that could not be looked at",
              "  cache          3 MiB  target/ (cargo), 7 files",
              "  modified     2.0 KiB  a\\nb",
              "  deleted      1.5 KiB  old/ (12 files)",
              "  cache          100 B  p/__pycache__/ (python), 2 files in 2 places",
              "  added           48 B  new (moved from x)",
              "  and 4 smaller changes",
              "  touched          5 B  seen"});
  CHECK(report::change_lines(with({.tree = ChangedTree::source, .path = "/src"})) == Lines{"the step changed nothing in '/src'"});
}

TEST_CASE("where nothing is seen through an overlay the list says so", "[report][changes]") {
  CHECK(report::change_lines(plain_report(Exited{0})) ==
        Lines{"there are no changes to list (--diff): the step saw no tree through an overlay (--source overlay)"});
}
