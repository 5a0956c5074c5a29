#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "model/units.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

std::string counted(uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// How a sentence calls the tree: " of the home". The checkout is what everybody means.
const char* of_tree(ChangedTree tree) {
  switch (tree) {
    case ChangedTree::source: return "";
    case ChangedTree::home: return " of the home";
    case ChangedTree::root: return " of the host's root";
  }
  return "";
}

std::string path_text(const Change& change) { return escaped(change.path) + (change.type == EntryType::directory ? "/" : ""); }

std::string cache_text(const InTreeCache& cache) { return escaped(cache.path) + " (" + escaped(cache.tool) + ")"; }

// The end of a path too long for a sentence; the list has more of it.
std::string brief(std::string text) {
  constexpr size_t kLongest = 100;
  return text.size() <= kLongest ? text : "..." + text.substr(text.size() - kLongest);
}

std::string left_out_text(const Changes& changes) { return counted(changes.left_out, "entry", "entries") + " that could not be looked at"; }

// The name of the cache or file that makes up more than half, or nothing.
std::string most_of(const Changes& changes) {
  const auto is_most = [&](uint64_t bytes) { return bytes > changes.discarded_bytes() / 2; };
  if (!changes.caches.empty() && is_most(changes.caches.front().bytes)) return brief(cache_text(changes.caches.front()));
  const auto largest = std::ranges::find_if(changes.biggest, [](const Change& change) { return change.kind != ChangeKind::deleted; });
  return largest != changes.biggest.end() && is_most(largest->bytes) ? brief(path_text(*largest)) : std::string();
}

// "12 changed files", "the deletion of 3 files", "1 changed directory"
std::string what_changed(const Changes& changes) {
  const ChangeSum& deleted = changes.of(ChangeKind::deleted);
  const bool is_deletion = changes.of(ChangeKind::added).entries + changes.of(ChangeKind::modified).entries == 0;
  const std::string before = is_deletion ? "the deletion of " : "";
  if (const uint64_t files = changes.changed_files(); files > 0)
    return before + (is_deletion ? counted(files, "file", "files") : counted(files, "changed file", "changed files"));
  if (is_deletion) return before + counted(deleted.entries, "directory", "directories");
  const uint64_t entries = changes.of(ChangeKind::added).entries + changes.of(ChangeKind::modified).entries + deleted.entries;
  return counted(entries, "changed directory", "changed directories");
}

struct Line {
  std::string kind;
  std::string size;
  std::string what;
};

// "  deleted    1.2 MiB  old/ (12 files)"
std::string text_of(const Line& line) {
  constexpr size_t kKindWidth = 8;   // "modified"
  constexpr size_t kSizeWidth = 10;  // "1023.9 MiB"
  std::string text = "  " + line.kind + std::string(kKindWidth - std::min(kKindWidth, line.kind.size()), ' ') + "  ";
  return text + std::string(kSizeWidth - std::min(kSizeWidth, line.size.size()), ' ') + line.size + "  " + line.what;
}

Line line_of(const Change& change) {
  std::string what = path_text(change);
  if (change.files > 1) what += " (" + counted(change.files, "file", "files") + ")";
  if (!change.moved_from.empty()) what += " (moved from " + escaped(change.moved_from) + ")";
  return {name_of(change.kind), human_bytes(change.bytes), std::move(what)};
}

Line line_of(const InTreeCache& cache) {
  std::string what = cache_text(cache) + ", " + counted(cache.files, "file", "files");
  if (cache.places > 1) what += " in " + std::to_string(cache.places) + " places";
  return {"cache", human_bytes(cache.bytes), std::move(what)};
}

// "the step changed the checkout '/src': 8 files added (3.4 MiB), 3 modified (12 KiB), 1 deleted (3 B), 2 only touched"
std::string head_of(const TreeChanges& tree) {
  const Changes& changes = tree.changes;
  std::vector<std::string> parts;
  const auto add = [&](ChangeKind kind, const char* text) {
    const ChangeSum& sum = changes.of(kind);
    if (sum.entries == 0) return;
    const uint64_t count = std::max(sum.files, sum.entries);
    parts.push_back(std::to_string(count) + " " + text + " (" + human_bytes(sum.bytes) + ")");
  };
  add(ChangeKind::added, "added");
  add(ChangeKind::modified, "modified");
  add(ChangeKind::deleted, "deleted");
  add(ChangeKind::touched, "copied without a change");
  if (changes.left_out > 0) parts.push_back(left_out_text(changes));
  const std::string name = quoted(tree.path);
  return parts.empty() ? "the step changed nothing in " + name : "changes in " + name + ", discarded: " + join(parts, ", ");
}

void add_lines(std::vector<std::string>& lines, const TreeChanges& tree) {
  const Changes& changes = tree.changes;
  lines.push_back(head_of(tree));
  // Caches and changes are one list by size; both are sorted.
  auto cache = changes.caches.begin();
  for (const Change& change : changes.biggest) {
    for (; cache != changes.caches.end() && cache->bytes >= change.bytes; ++cache) lines.push_back(text_of(line_of(*cache)));
    lines.push_back(text_of(line_of(change)));
  }
  for (; cache != changes.caches.end(); ++cache) lines.push_back(text_of(line_of(*cache)));
  if (changes.unlisted > 0) lines.push_back("  and " + counted(changes.unlisted, "smaller change", "smaller changes"));
  for (const Change& change : changes.touched) lines.push_back(text_of(line_of(change)));
}

}  // namespace

std::string discarded_text(const TreeChanges& tree, bool outputs_were_kept) {
  const Changes& changes = tree.changes;
  if (!changes.any()) return changes.left_out > 0 ? "discarded " + left_out_text(changes) : std::string();
  std::string text = (outputs_were_kept ? "discarded all but the outputs of " : "discarded ") + what_changed(changes) + of_tree(tree.tree);
  if (changes.discarded_bytes() > 0) text += ", " + human_bytes(changes.discarded_bytes());
  if (const std::string most = changes.discarded_bytes() > 0 ? most_of(changes) : std::string(); !most.empty()) text += ", most of it " + most;
  if (changes.left_out > 0) text += ", and " + left_out_text(changes);
  return text;
}

std::vector<std::string> change_lines(const Report& report) {
  if (report.changes.empty()) return {"there are no changes to list (--diff): the step saw no tree through an overlay (--source overlay)"};
  std::vector<std::string> lines;
  for (const TreeChanges& tree : report.changes) add_lines(lines, tree);
  return lines;
}

}  // namespace stepbox::report
