#include "caches/warm_source.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>

#include "base/listed.hpp"
#include "base/text.hpp"
#include "caches/owner_patterns.hpp"
#include "caches/registry_words.hpp"
#include "caches/table_text.hpp"
#include "yaml/yaml_reader.hpp"

namespace stepbox::caches::source {
namespace {

using yaml::Node;
using Words = std::span<const std::string_view>;

// All but the last, for which there is the field "drop".
constexpr auto kMergeWords = column_of(kWarmMerges, &WarmMergeRow::word);
constexpr Words kMerges = Words(kMergeWords).first(kMergeWords.size() - 1);
static_assert(kMergeWords.back() == "drop");
constexpr std::string_view kWhenWords[] = {"always", "plain", "metacopy"};  // by WarmWhen

// One file, while it is being read.
class Reader {
 public:
  explicit Reader(std::string_view place) : place_(place) {}

  std::unexpected<Error> refuse(const Node& node, const std::string& what) const { return fail(yaml::position(place_, node) + ": " + what); }

  Result<Text> text(const Node& node, std::string_view field) const {
    if (node.kind != Node::Kind::scalar) return refuse(node, std::string(field) + " is no text");
    return Text{node.scalar, yaml::position(place_, node)};
  }
  Result<Text> checked(const Node& node, std::string_view field, std::string_view (*fault_of)(std::string_view)) const {
    TRY_ASSIGN(Text word, text(node, field));
    if (const std::string_view fault = fault_of(word.text); !fault.empty())
      return refuse(node, std::string(field) + " " + quoted(word.text) + " " + std::string(fault));
    return word;
  }
  Result<> only(const Node& map, std::string_view what, Words known) const {
    if (map.kind != Node::Kind::map) return refuse(map, std::string(what) + " is no map");
    for (const auto& [key, value] : map.entries) {
      if (std::ranges::find(known, key.scalar) != known.end()) continue;
      const std::string meant = did_you_mean(key.scalar, known);
      return refuse(key, "unknown field " + quoted(key.scalar) + (meant.empty() ? "" : "; " + meant));
    }
    return {};
  }
  // The place of the word in the list.
  Result<size_t> one_of(const Node& node, std::string_view field, Words words) const {
    const auto found = std::ranges::find(words, node.scalar);
    if (node.kind == Node::Kind::scalar && found != words.end()) return static_cast<size_t>(found - words.begin());
    std::vector<std::string> known(words.begin(), words.end());
    return refuse(node, std::string(field) + " is one of " + join(known, ", "));
  }

  Result<WarmDirectory> directory(const Node& node) const;
  Result<WarmVariable> variable(const Node& key, const Node& value) const;

 private:
  Result<> add_rule(WarmDirectory& directory, const Node& pattern, WarmMerge merge) const;
  Result<> rules(WarmDirectory& directory, const Node& node) const;
  Result<> start(WarmDirectory& directory, const Node& node) const;

  std::string_view place_;
};

const Node* find(const Node& map, std::string_view key) {
  for (const auto& [name, value] : map.entries)
    if (name.scalar == key) return &value;
  return nullptr;
}

std::string_view fault_of_pattern(std::string_view word) {
  if (const std::string_view fault = fault_of_tree_name(word); !fault.empty()) return fault;
  if (word.ends_with('/')) return "ends with a slash";
  if (word.contains("**")) return "has a '**': one * matches slashes too";
  if (word == "*") return "matches everything: that is the directory's merge";
  return {};
}

Result<> Reader::add_rule(WarmDirectory& directory, const Node& pattern, WarmMerge merge) const {
  TRY_ASSIGN(Text text, checked(pattern, "pattern", fault_of_pattern));
  const auto known = std::ranges::find_if(directory.rules, [&](const WarmPattern& rule) { return rule.pattern.text == text.text; });
  if (known != directory.rules.end())
    return refuse(pattern, "pattern " + quoted(text.text) + " again; first at " + known->pattern.place);
  directory.rules.push_back({std::move(text), merge});
  return {};
}

Result<> Reader::rules(WarmDirectory& directory, const Node& node) const {
  if (const Node* drop = find(node, "drop")) {
    if (drop->kind != Node::Kind::list) return refuse(*drop, "drop is no list");
    for (const Node& pattern : drop->items) TRY(add_rule(directory, pattern, WarmMerge::drop));
  }
  const Node* rules = find(node, "rules");
  if (rules == nullptr) return {};
  if (rules->kind != Node::Kind::map) return refuse(*rules, "rules is no map of patterns to classes");
  for (const auto& [pattern, word] : rules->entries) {
    TRY_ASSIGN(const size_t merge, one_of(word, "a rule's class", kMerges));
    TRY(add_rule(directory, pattern, kWarmMerges[merge].merge));
  }
  return {};
}

Result<> Reader::start(WarmDirectory& directory, const Node& node) const {
  const Node* start = find(node, "start");
  if (start == nullptr) return {};
  if (start->kind != Node::Kind::map) return refuse(*start, "start is no map of names to texts");
  for (const auto& [key, value] : start->entries) {
    TRY_ASSIGN(Text name, checked(key, "name", fault_of_tree_name));
    TRY_ASSIGN(Text content, text(value, "text"));
    const auto rule = std::ranges::find_if(directory.rules, [&](const WarmPattern& known) { return matches_pattern(known.pattern.text, name.text); });
    // A save would otherwise carry the time of one run into all later ones.
    if (rule == directory.rules.end() || rule->merge != WarmMerge::drop)
      return refuse(key, quoted(name.text) + " is written before each step, so drop must name it");
    directory.start.emplace_back(std::move(name), std::move(content.text));
  }
  return {};
}

Result<WarmDirectory> Reader::directory(const Node& node) const {
  static constexpr std::string_view kKnown[] = {"path", "when", "merge", "rules", "drop", "times", "start"};
  TRY(only(node, "a directory", kKnown));
  const Node* path = find(node, "path");
  const Node* merge = find(node, "merge");
  if (path == nullptr) return refuse(node, "a directory without path");
  if (merge == nullptr) return refuse(node, "a directory without merge");
  WarmDirectory directory;
  TRY_ASSIGN(directory.path, checked(*path, "path", fault_of_workspace_path));
  if (directory.path.text.contains('{')) return refuse(*path, "path has a placeholder");
  if (!directory.path.text.contains('/')) return refuse(*path, "path is a whole volume");
  TRY_ASSIGN(const size_t which, one_of(*merge, "merge", kMerges));
  directory.merge = kWarmMerges[which].merge;
  if (const Node* when = find(node, "when")) {
    TRY_ASSIGN(const size_t word, one_of(*when, "when", kWhenWords));
    directory.when = static_cast<WarmWhen>(word);
  }
  if (const Node* times = find(node, "times")) {
    if (times->scalar != "distant") return refuse(*times, "times can only be 'distant'");
    directory.times = WarmTimes::distant;
  }
  TRY(rules(directory, node));
  TRY(start(directory, node));
  return directory;
}

Result<WarmVariable> Reader::variable(const Node& key, const Node& node) const {
  static constexpr std::string_view kKnown[] = {"value", "when"};
  WarmVariable variable;
  TRY_ASSIGN(variable.name, checked(key, "variable", fault_of_variable));
  const Node* value = &node;
  if (node.kind == Node::Kind::map) {
    TRY(only(node, "a variable", kKnown));
    value = find(node, "value");
    if (value == nullptr) return refuse(node, variable.name.text + " without value");
    if (const Node* when = find(node, "when")) {
      TRY_ASSIGN(const size_t word, one_of(*when, "when", kWhenWords));
      variable.when = static_cast<WarmWhen>(word);
    }
  }
  TRY_ASSIGN(Text text, text(*value, "value"));
  variable.value = std::move(text.text);
  return variable;
}

bool is_led_to(const WarmDirectory& directory, const WarmCache& cache, std::span<const OwnerPattern> owners) {
  const std::vector<std::string_view> path = split(directory.path.text, '/');
  const bool is_owned = std::ranges::any_of(owners, [&](const OwnerPattern& owner) {
    const std::vector<std::string_view> pattern = split(owner.pattern, '/');
    return pattern.size() <= path.size() && std::ranges::equal(pattern, std::span(path).first(pattern.size()), matches_pattern);
  });
  return is_owned || std::ranges::any_of(cache.environment, [&](const WarmVariable& variable) {
           return variable.value.ends_with("{box}/" + directory.path.text);
         });
}

}  // namespace

Result<WarmCache> read_warm(std::string_view yaml, std::string_view place, std::string_view name) {
  static constexpr std::string_view kKnown[] = {"summary", "directories", "environment", "verified", "note"};
  const Reader reader(place);
  TRY_ASSIGN(const Node root, yaml::parse(yaml, place));
  TRY(reader.only(root, "the file", kKnown));
  if (const std::string_view fault = fault_of_tool_name(name); !fault.empty()) return fail(std::string(place) + ": the file's name " + std::string(fault));
  WarmCache cache{.name = std::string(name)};
  for (const auto& [field, target] : {std::pair("summary", &cache.summary), std::pair("verified", &cache.verified), std::pair("note", &cache.note)}) {
    const Node* node = find(root, field);
    if (node == nullptr) continue;
    TRY_ASSIGN(Text text, reader.text(*node, field));
    *target = std::move(text.text);
  }
  if (cache.summary.empty()) return reader.refuse(root, "no summary");
  const Node* directories = find(root, "directories");
  if (directories == nullptr || directories->items.empty()) return reader.refuse(root, "no list of directories");
  for (const Node& node : directories->items) {
    TRY_ASSIGN(WarmDirectory directory, reader.directory(node));
    cache.directories.push_back(std::move(directory));
  }
  const Node* environment = find(root, "environment");
  if (environment == nullptr) return cache;
  if (environment->kind != Node::Kind::map) return reader.refuse(*environment, "environment is no map of variables");
  for (const auto& [key, value] : environment->entries) {
    TRY_ASSIGN(WarmVariable variable, reader.variable(key, value));
    cache.environment.push_back(std::move(variable));
  }
  return cache;
}

Result<> check_warm(std::span<const WarmCache> caches, std::span<const Tool> tools) {
  const std::vector<OwnerPattern> owners = owner_patterns(tools);
  std::vector<const Text*> paths;
  std::map<std::string_view, std::string_view> variables;
  for (const WarmCache& cache : caches) {
    for (const WarmDirectory& directory : cache.directories) {
      const Text& path = directory.path;
      for (const Text* other : paths)
        if (is_within("/" + path.text, "/" + other->text) || is_within("/" + other->text, "/" + path.text))
          return fail(path.place + ": " + quoted(path.text) + " overlaps " + quoted(other->text) + " at " + other->place);
      paths.push_back(&path);
      if (!is_led_to(directory, cache, owners))
        return fail(path.place + ": " + quoted(path.text) + " belongs to no tool of the registry, and no variable here leads to it");
    }
    for (const WarmVariable& variable : cache.environment) {
      const auto [first, is_new] = variables.try_emplace(variable.name.text, variable.name.place);
      if (!is_new) return fail(variable.name.place + ": duplicate variable " + quoted(variable.name.text) + "; first at " + std::string(first->second));
      for (const Tool& tool : tools)
        for (const Redirect& redirect : tool.redirects)
          if (redirect.variable.text == variable.name.text)
            return fail(variable.name.place + ": " + quoted(variable.name.text) + " is redirected at " + redirect.variable.place);
    }
  }
  return {};
}

namespace {

constexpr std::string_view kWarmHead =
    R"(// Generated from policies/warm/*.yaml by stepbox-compile-registry; edits are lost.
#include "caches/warm_tables.hpp"

#include <array>

namespace stepbox::caches::tables {
namespace {

)";
constexpr std::string_view kWarmTail = R"(}  // namespace

constinit const std::span<const WarmCache> warm_caches = kWarmCaches;

}  // namespace stepbox::caches::tables
)";

std::string merge_text(WarmMerge merge) {
  return "WarmMerge::" + std::string(std::ranges::find(kWarmMerges, merge, &WarmMergeRow::merge)->word);
}
std::string when_text(WarmWhen when) { return "WarmWhen::" + std::string(kWhenWords[static_cast<size_t>(when)]); }

std::string directory_row(const WarmDirectory& directory, Table& rules, Table& start) {
  for (const WarmPattern& rule : directory.rules) rules.add("{" + literal(rule.pattern.text) + ", " + merge_text(rule.merge) + "}");
  for (const auto& [name, text] : directory.start) start.add("{" + literal(name.text) + ", " + literal(text) + "}");
  return "{" + literal(directory.path.text) + ", " + when_text(directory.when) + ", " + merge_text(directory.merge) +
         (directory.times == WarmTimes::distant ? ", WarmTimes::distant, " : ", WarmTimes::kept, ") + rules.take_span() + ", " +
         start.take_span() + "}";
}

}  // namespace

std::string warm_cpp_tables(std::span<const WarmCache> caches) {
  Table rules("WarmPattern", "kRules"), start("WarmStart", "kStart"), variables("WarmVariable", "kVariables");
  Table directories("WarmDirectory", "kDirectories"), rows("WarmCache", "kWarmCaches");
  std::vector<const WarmCache*> by_name;
  for (const WarmCache& cache : caches) by_name.push_back(&cache);
  std::ranges::sort(by_name, {}, [](const WarmCache* cache) -> const std::string& { return cache->name; });
  for (const WarmCache* cache : by_name) {
    for (const WarmDirectory& directory : cache->directories) directories.add(directory_row(directory, rules, start));
    for (const WarmVariable& variable : cache->environment)
      variables.add("{" + literal(variable.name.text) + ", " + literal(variable.value) + ", " + when_text(variable.when) + "}");
    rows.add("{" + literal(cache->name) + ", " + literal(cache->summary) + ", " + directories.take_span() + ", " + variables.take_span() +
             ", " + literal(cache->verified) + ", " + literal(cache->note) + "}");
  }
  return std::string(kWarmHead) + std::string(kRowsFunction) + rules.definition() + start.definition() + variables.definition() +
         directories.definition() + rows.definition() + std::string(kWarmTail);
}

}  // namespace stepbox::caches::source
