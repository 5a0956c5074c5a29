#include "warm/merge.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

using namespace stepbox;
using namespace stepbox::warm;

namespace {

// "a=1 b=2": paths and contents. A path that ends in '/' is a directory.
std::vector<Entry> tree(const std::string& words) {
  std::vector<Entry> entries;
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    const size_t equals = word.find('=');
    const std::string path = word.substr(0, equals);
    if (path.ends_with('/')) entries.push_back({path.substr(0, path.size() - 1), EntryType::directory, 0755, 0, {}});
    else entries.push_back({path, EntryType::file, 0644, 1, digest::sha256(word.substr(equals + 1))});
  }
  sort_entries(entries);
  return entries;
}

// The merged tree in the same words; a conflict as "! PATH".
std::string merged(const std::string& base, const std::string& ours, const std::string& theirs, const std::vector<WarmRule>& rules) {
  const std::vector<Entry> lists[] = {tree(base), tree(ours), tree(theirs)};
  std::map<digest::Sha256Digest, std::string> contents;
  for (const char* content : {"1", "2", "3"}) contents[digest::sha256(content)] = content;
  const Merged result = merge(lists[0], lists[1], lists[2], rules);
  if (!result.conflict.empty()) return "! " + result.conflict;
  std::string text;
  for (const Taken& taken : result.entries) {
    const bool is_directory = taken.entry->type == EntryType::directory;
    text += (text.empty() ? "" : " ") + taken.entry->path + (is_directory ? "/" : "=" + contents[taken.entry->content]);
  }
  return text;
}

const std::vector<WarmRule> kUnite = {{"*", WarmMerge::unite}};
const std::vector<WarmRule> kNewest = {{"*", WarmMerge::newest}};
const std::vector<WarmRule> kWhole = {{"db*", WarmMerge::whole}, {"*", WarmMerge::unite}};

}  // namespace

TEST_CASE("content of both runs is united, and none is lost", "[warm]") {
  CHECK(merged("a=1", "a=1 b=2", "a=1 c=3", kUnite) == "a=1 b=2 c=3");
  CHECK(merged("a=1 b=2", "a=1", "a=1 b=2 c=3", kUnite) == "a=1 b=2 c=3");
  CHECK(merged("", "a=1", "b=2", kUnite) == "a=1 b=2");
}

TEST_CASE("of pointers the later run's is taken where both changed one", "[warm]") {
  CHECK(merged("a=1", "a=2", "a=3", kNewest) == "a=2");
  CHECK(merged("a=1", "a=1", "a=3", kNewest) == "a=3");
  CHECK(merged("a=1", "a=2", "a=1", kNewest) == "a=2");
}

TEST_CASE("a pointer that one run removed stays away", "[warm]") {
  CHECK(merged("a=1 b=2", "b=2", "a=1 b=2 c=3", kNewest) == "b=2 c=3");
  CHECK(merged("a=1 b=2", "a=1 b=2", "b=2", kNewest) == "b=2");
  CHECK(merged("a=1", "", "a=3", kNewest) == "");
}

TEST_CASE("a database comes from one run as a whole", "[warm]") {
  CHECK(merged("db=1 db-wal=1", "db=2 db-wal=1", "db=1 db-wal=3", kWhole) == "db=2 db-wal=1");
  CHECK(merged("db=1 db-wal=1", "db=1 db-wal=1", "db=3 db-wal=3 x=1", kWhole) == "db=3 db-wal=3 x=1");
  CHECK(merged("db=1", "db=2", "db=1 x=1", kWhole) == "db=2 x=1");
}

TEST_CASE("paths without a rule cannot be united", "[warm]") {
  CHECK(merged("a=1 b=1", "a=2 b=1", "a=1 b=3", {}) == "! a");
  CHECK(merged("a=1", "a=2", "a=1", {}) == "a=2");
  CHECK(merged("a=1", "a=1", "a=3", {}) == "a=3");
}

TEST_CASE("a directory that either run has stays", "[warm]") {
  CHECK(merged("d/", "", "d/ d/a=1", kNewest) == "d/ d/a=1");
  CHECK(merged("d/ d/a=1", "d/", "d/ d/a=1 e/", kNewest) == "d/ e/");
}

TEST_CASE("a file in one run and a directory in the other cannot be united", "[warm]") {
  CHECK(merged("", "d=1", "d/ d/a=1", kUnite) == "! d/a");
}

TEST_CASE("the first rule that matches a path counts", "[warm]") {
  const std::vector<WarmRule> rules = {{"a/*.tmp", WarmMerge::drop}, {"a/*", WarmMerge::newest, WarmTimes::distant}};
  CHECK(ruling_for(rules, "a/b.tmp").merge() == WarmMerge::drop);
  CHECK(ruling_for(rules, "a/b").merge() == WarmMerge::newest);
  CHECK(ruling_for(rules, "a/b").times() == WarmTimes::distant);
  CHECK(ruling_for(rules, "b").merge() == WarmMerge::exclusive);
  CHECK(ruling_for(rules, "b").times() == WarmTimes::kept);
}
