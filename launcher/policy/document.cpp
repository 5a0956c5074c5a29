#include "policy/document.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "policy/settings.hpp"
#include "yaml/yaml_reader.hpp"

namespace stepbox::policy {
namespace {

using yaml::Node;

// Keys of the file itself; everything else is in the table.
constexpr std::string_view kFileKeys[] = {"version", "extends", "summary"};

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "";
}

// The keys that may stand below `prefix`: for "", "workspace" and "network"; for "workspace.", "size".
std::vector<std::string_view> keys_below(std::string_view prefix) {
  std::vector<std::string_view> words;
  if (prefix.empty()) words.assign(std::begin(kFileKeys), std::end(kFileKeys));
  for (const KeyRow& row : keys()) {
    if (!row.key.starts_with(prefix)) continue;
    const std::string_view rest = row.key.substr(prefix.size());
    const std::string_view word = rest.substr(0, rest.find('.'));
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  return words;
}

class Flattener {
 public:
  Flattener(Layer layer, const std::string& place) : layer_(layer), place_(place) {}

  Result<Document> flatten(const Node& root) {
    if (root.kind == Node::Kind::null) return complain(root, "version", "missing (write 'version: 1' first)");
    if (root.kind != Node::Kind::map)
      return fail(yaml::position(place_, root) + ": a policy is a map of keys, not " + std::string(kind_of(root)));
    TRY(section("", root));
    if (!has_version_) return complain(root, "version", "missing (write 'version: 1' first)");
    return std::move(document_);
  }

 private:
  // "place:3:7: key: what"
  std::unexpected<Error> complain(const Node& node, std::string_view key, std::string_view what) const {
    return fail(yaml::position(place_, node) + ": " + escaped(key) + ": " + std::string(what));
  }
  std::unexpected<Error> wrong_kind(const Node& node, std::string_view key, std::string_view expected) const {
    return complain(node, key, "expected " + std::string(expected) + ", not " + std::string(kind_of(node)));
  }

  Origin origin_of(const Node& node) const { return Origin{layer_, place_, node.line, node.column}; }

  void add(std::string_view key, std::string_view name, std::string value, const Node& at) {
    document_.settings.push_back(Setting{std::string(key), std::string(name), std::move(value), origin_of(at)});
  }

  // One map: the whole file, or a part like workspace. `prefix` is empty or ends with a dot.
  Result<> section(const std::string& prefix, const Node& map) {
    for (const auto& [key, value] : map.entries) {
      const std::string full = prefix + key.scalar;
      const KeyRow* row = find_key(full);
      const std::vector<std::string_view> known = keys_below(prefix);
      if (std::ranges::find(known, key.scalar) == known.end()) {
        const std::string suggestion = did_you_mean(key.scalar, known);
        return complain(key, full, "unknown key" + (suggestion.empty() ? "" : " (" + suggestion + ")"));
      }
      if (row != nullptr && row->shape != Shape::group) {
        TRY(keyed_value(*row, key, value));
      } else if (prefix.empty() && std::ranges::find(kFileKeys, full) != std::end(kFileKeys)) {
        TRY(file_key(full, value));
      } else if (full == "source" && value.kind == Node::Kind::scalar) {
        add("source.mode", {}, value.scalar, value);  // source: ro is short for source: {mode: ro}
      } else if (value.kind == Node::Kind::map) {
        TRY(section(full + ".", value));
      } else {
        return wrong_kind(value, full, "a map");
      }
    }
    return {};
  }

  Result<> file_key(std::string_view key, const Node& value) {
    if (key == "extends") return extends(value);
    if (value.kind != Node::Kind::scalar) return wrong_kind(value, key, key == "version" ? "1" : "a text");
    if (key == "summary") {
      document_.summary = value.scalar;
      return {};
    }
    if (value.scalar != "1" || value.was_quoted)
      return complain(value, key, quoted(value.scalar) + " is not 1, the one version that this stepbox reads");
    has_version_ = true;
    return {};
  }

  Result<> extends(const Node& value) {
    constexpr std::string_view kForm = "a list of policies like [go]";
    if (value.kind != Node::Kind::list) return wrong_kind(value, "extends", kForm);
    for (const Node& item : value.items) {
      if (item.kind != Node::Kind::scalar) return wrong_kind(item, "extends", kForm);
      document_.extends.push_back(Extension{item.scalar, origin_of(item)});
    }
    return {};
  }

  Result<> keyed_value(const KeyRow& row, const Node& key, const Node& value) {
    switch (row.shape) {
      case Shape::group:  // its keys are in the table
      case Shape::unsupported: return fail(yaml::position(place_, key) + ": " + unsupported_error(row.key).message);
      case Shape::scalar: return single(row, {}, value);
      case Shape::flag:
        if (value.was_quoted) return complain(value, row.key, "expected true or false without quotes");
        return single(row, {}, value);
      case Shape::list:
        if (value.kind != Node::Kind::list) return wrong_kind(value, row.key, "a list");
        for (const Node& item : value.items) TRY(single(row, {}, item));
        return {};
      case Shape::map:
        if (value.kind != Node::Kind::map) return wrong_kind(value, row.key, "a map");
        for (const auto& [name, item] : value.entries)
          TRY(row.key == "workspace.volumes" ? volume(row, name.scalar, item) : single(row, name.scalar, item));
        return {};
    }
    return {};
  }

  Result<> single(const KeyRow& row, std::string_view name, const Node& value) {
    const std::string label = std::string(row.key) + (name.empty() ? "" : "." + std::string(name));
    if (value.kind != Node::Kind::scalar) return wrong_kind(value, label, row.expected);
    add(row.key, name, value.scalar, value);
    return {};
  }

  // {size: 4GiB, inodes: 200k} becomes one setting for each limit, so that each keeps its own place.
  Result<> volume(const KeyRow& row, const std::string& name, const Node& limits) {
    static constexpr std::string_view kLimits[] = {"size", "inodes"};
    const std::string label = std::string(row.key) + "." + name;
    if (limits.kind != Node::Kind::map || limits.entries.empty()) return wrong_kind(limits, label, row.expected);
    for (const auto& [limit, value] : limits.entries) {
      const std::string full = label + "." + limit.scalar;
      if (std::ranges::find(kLimits, limit.scalar) == std::end(kLimits)) {
        const std::string suggestion = did_you_mean(limit.scalar, kLimits);
        return complain(limit, full, "unknown key" + (suggestion.empty() ? "" : " (" + suggestion + ")"));
      }
      const KeyRow& whole = *find_key("workspace." + limit.scalar);
      if (value.kind != Node::Kind::scalar) return wrong_kind(value, full, whole.expected);
      // A comma would begin a second limit in the spelling that options use.
      if (value.scalar.contains(','))
        return complain(value, full, quoted(value.scalar) + " is not " + std::string(whole.expected));
      add(row.key, name, limit.scalar + "=" + value.scalar, value);
    }
    return {};
  }

  Layer layer_;
  const std::string& place_;
  bool has_version_ = false;
  Document document_;
};

}  // namespace

Result<Document> read_document(std::string_view text, Layer layer, const std::string& place) {
  TRY_ASSIGN(const Node root, yaml::parse(text, place));
  return Flattener(layer, place).flatten(root);
}

}  // namespace stepbox::policy
