#include "policy/document.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "base/text.hpp"
#include "policy/key_values.hpp"
#include "policy/output_values.hpp"
#include "policy/refusal.hpp"
#include "policy/settings.hpp"
#include "yaml/yaml_reader.hpp"

namespace stepbox::policy {
namespace {

using yaml::Node;

// Further mistakes are not listed: a file with so many is probably no policy, and a stranger's file of a million keys
// must not keep stepbox busy.
constexpr size_t kMostMistakes = 20;

// Keys of the file itself; everything else is in the table.
constexpr std::string_view kFileKeys[] = {"version", "extends", "summary"};

constexpr std::string_view kOutputWords[] = {"path", "required", "max-size", "when"};

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "";
}

// The keys that are allowed below `prefix`: "workspace" and "network" for ""; "size" for "workspace.".
std::vector<std::string_view> keys_below(std::string_view prefix, bool with_unsupported) {
  std::vector<std::string_view> words;
  if (prefix.empty()) words.assign(std::begin(kFileKeys), std::end(kFileKeys));
  for (const KeyRow& row : keys()) {
    if (!row.key.starts_with(prefix) || (row.shape == Shape::unsupported && !with_unsupported)) continue;
    const std::string_view rest = row.key.substr(prefix.size());
    const std::string_view word = rest.substr(0, rest.find('.'));
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  return words;
}

// Suggests a key of another section that ends in the word, or nearly so: "size" at the top means workspace.size.
std::string meant_elsewhere(std::string_view word, bool exactly) {
  std::vector<std::string_view> last_words;
  for (const KeyRow& row : keys())
    if (row.shape != Shape::unsupported && row.shape != Shape::group) last_words.push_back(row.key.substr(row.key.rfind('.') + 1));
  const std::string_view found = exactly ? word : nearest(word, last_words);
  for (const KeyRow& row : keys())
    if (row.shape != Shape::unsupported && row.shape != Shape::group && !found.empty() &&
        row.key.substr(row.key.rfind('.') + 1) == found)
      return "did you mean " + quoted(row.key) + (row.key.contains('.') ? "?" : " at the top?");
  return {};
}

// Messages spell "workspace.size", but in YAML a key of a section is nested.
std::string meant_nested(std::string_view key) {
  const size_t dot = key.find('.');
  return find_key(key) == nullptr || dot == std::string_view::npos
             ? std::string()
             : "write '" + std::string(key.substr(0, dot)) + ": {" + std::string(key.substr(dot + 1)) + ": ...}'";
}

// A suggestion for a key that is not allowed below `prefix`.
std::string suggestion_for(std::string_view word, std::string_view prefix) {
  if (std::ranges::find(kVolumeNames, word) != std::end(kVolumeNames))
    return "did you mean " + quoted("workspace.volumes." + std::string(word)) + "?";
  const std::vector<std::string_view> known = keys_below(prefix, false);
  for (const std::string& text : {meant_nested(word), meant_elsewhere(word, true), did_you_mean(word, known),
                                  meant_elsewhere(word, false), nearest_or_all(word, known)})
    if (!text.empty()) return text;
  return {};
}

class Flattener {
 public:
  Flattener(Layer layer, const std::string& place) : layer_(layer), place_(place) {}

  Result<Document> flatten(yaml::Reading reading) {
    const Node& root = reading.root;
    const bool is_map = root.kind == Node::Kind::map;
    if (!reading.faults.empty() && !is_map) return std::unexpected(std::move(reading.faults.front().error));
    for (yaml::Fault& fault : reading.faults) document_.mistakes.push_back({fault.line, fault.column, std::move(fault.error)});
    if (!is_map && root.kind != Node::Kind::null)
      return fail(yaml::position(place_, root) + ": a policy is a map of keys, not " + std::string(kind_of(root)));
    section("", root);
    if (!has_version_ && reading.is_whole) complain(root, "version", "missing (write 'version: 1' first)");
    std::ranges::stable_sort(document_.mistakes, {}, [](const Mistake& mistake) { return std::pair(mistake.line, mistake.column); });
    if (has_enough())
      document_.mistakes.back() = {0, 0, Error{escaped(place_) + ": more mistakes than the " + std::to_string(kMostMistakes) + " above"}};
    return std::move(document_);
  }

 private:
  bool has_enough() const { return document_.mistakes.size() > kMostMistakes; }
  void refuse(const Node& node, Error error) { document_.mistakes.push_back({node.line, node.column, std::move(error)}); }
  // "place:3:7: key: what"
  void complain(const Node& node, std::string_view key, std::string_view what) {
    refuse(node, Error{yaml::position(place_, node) + ": " + escaped(key) + ": " + std::string(what)});
  }
  void wrong_kind(const Node& node, std::string_view key, std::string_view expected) {
    complain(node, key, "expected " + std::string(expected) + ", not " + std::string(kind_of(node)));
  }
  void unknown_key(const Node& node, std::string_view key, std::string_view suggestion) {
    complain(node, key, "unknown key" + in_parentheses(suggestion));
  }

  Origin origin_of(const Node& node) const { return Origin{layer_, place_, node.line, node.column}; }

  // Whether a value can be applied does not depend on earlier ones, so it is tried on a scratch policy.
  void add(std::string_view key, std::string_view name, std::string value, const Node& at) {
    Setting setting{std::string(key), std::string(name), std::move(value), origin_of(at)};
    if (auto applied = apply_setting(tried_, setting); applied) document_.settings.push_back(std::move(setting));
    else refuse(at, std::move(applied).error());
  }

  // One map: the whole file, or a part like workspace. `prefix` is empty or ends with a dot.
  void section(const std::string& prefix, const Node& map) {
    const std::vector<std::string_view> known = keys_below(prefix, true);
    for (const auto& [key, value] : map.entries) {
      if (has_enough()) return;
      if (std::ranges::find(known, key.scalar) == known.end()) unknown_key(key, prefix + key.scalar, suggestion_for(key.scalar, prefix));
      else entry(prefix + key.scalar, key, value);
    }
  }

  void entry(const std::string& full, const Node& key, const Node& value) {
    const KeyRow* row = find_key(full);
    if (row != nullptr && row->shape != Shape::group) return keyed_value(*row, key, value);
    if (std::ranges::find(kFileKeys, full) != std::end(kFileKeys)) return file_key(full, value);
    // source: ro is short for source: {mode: ro}
    if (full == "source" && value.kind == Node::Kind::scalar) return add("source.mode", {}, value.scalar, value);
    if (value.kind == Node::Kind::map) return section(full + ".", value);
    wrong_kind(value, full, "a map");
  }

  void file_key(std::string_view key, const Node& value) {
    if (key == "version") has_version_ = true;  // a wrong version is another mistake
    if (key == "extends") return extends(value);
    if (value.kind != Node::Kind::scalar) return wrong_kind(value, key, key == "version" ? "1" : "a text");
    if (key == "summary") document_.summary = value.scalar;
    else if (value.scalar != "1" || value.was_quoted)
      complain(value, key, quoted(value.scalar) + " is not 1, the one version that this stepbox reads");
  }

  void extends(const Node& value) {
    constexpr std::string_view kForm = "a list of policies like [go]";
    if (value.kind != Node::Kind::list) return wrong_kind(value, "extends", kForm);
    for (const Node& item : value.items) {
      if (has_enough()) return;
      if (item.kind != Node::Kind::scalar) wrong_kind(item, "extends", kForm);
      else document_.extends.push_back(Extension{item.scalar, origin_of(item)});
    }
  }

  void keyed_value(const KeyRow& row, const Node& key, const Node& value) {
    switch (row.shape) {
      case Shape::group:  // its keys are in the table
      case Shape::unsupported: return refuse(key, unsupported_error(row.key).within(yaml::position(place_, key)));
      case Shape::scalar: return single(row, {}, value);
      case Shape::flag:
        if (value.was_quoted) return complain(value, row.key, "expected true or false without quotes");
        return single(row, {}, value);
      case Shape::list:
        if (value.kind != Node::Kind::list) return wrong_kind(value, row.key, "a list");
        for (const Node& item : value.items)
          if (!has_enough()) single(row, {}, item);
        return;
      case Shape::items:
        if (value.kind != Node::Kind::list) return wrong_kind(value, row.key, "a list");
        for (const Node& each : value.items)
          if (!has_enough()) item(row, each);
        return;
      case Shape::map:
      case Shape::records:
        if (value.kind != Node::Kind::map) return wrong_kind(value, row.key, "a map");
        for (const auto& [name, item] : value.entries)
          if (has_enough()) return;
          else if (row.shape == Shape::records) record(row, name, item);
          else single(row, name.scalar, item);
    }
  }

  void single(const KeyRow& row, std::string_view name, const Node& value) {
    const std::string label = std::string(row.key) + (name.empty() ? "" : "." + std::string(name));
    if (value.kind != Node::Kind::scalar) return wrong_kind(value, label, row.expected);
    add(row.key, name, value.scalar, value);
  }

  // {size: 4GiB, inodes: 200k} becomes one setting for each field, so that each keeps its own place.
  void record(const KeyRow& row, const Node& name, const Node& fields) {
    const std::string label = std::string(row.key) + "." + name.scalar;
    if (fields.kind != Node::Kind::map || fields.entries.empty()) return wrong_kind(fields, label, row.expected);
    for (const auto& [key, value] : fields.entries) {
      const auto field = std::ranges::find(row.fields, key.scalar, &RecordField::name);
      if (field == row.fields.end()) {
        std::vector<std::string_view> names;
        for (const RecordField& known : row.fields) names.push_back(known.name);
        unknown_key(key, label + "." + key.scalar, nearest_or_all(key.scalar, names));
      } else if (const auto text = field_text(*field, label + "." + key.scalar, value)) {
        add(row.key, name.scalar, *text, value);
      }
    }
  }

  // "size=4GiB"; a list is "key=a,key=b". Nothing if the value was refused.
  std::optional<std::string> field_text(const RecordField& field, const std::string& label, const Node& value) {
    const bool is_list = field.is_list && value.kind == Node::Kind::list;
    const std::span<const Node> items = is_list ? std::span(value.items) : std::span(&value, 1);
    std::string text;
    for (const Node& item : items) {
      if (item.kind != Node::Kind::scalar) wrong_kind(item, label, field.expected);
      // A comma would begin a second field in the spelling that options use.
      else if (item.scalar.contains(',')) complain(item, label, quoted(item.scalar) + " is not " + std::string(field.expected));
      else {
        text += (text.empty() ? "" : ",") + std::string(field.name) + "=" + item.scalar;
        continue;
      }
      return std::nullopt;
    }
    return text.empty() ? std::string(field.name) + "=" : text;
  }

  // "bin/**", or {path: bin/**, required: true}.
  void item(const KeyRow& row, const Node& value) {
    if (value.kind == Node::Kind::scalar) return add(row.key, value.scalar, {}, value);
    if (value.kind != Node::Kind::map) return wrong_kind(value, row.key, row.expected);
    const Node* path = nullptr;
    std::string said;
    for (const auto& [name, of_field] : value.entries) {
      const auto* field = std::ranges::find(kOutputFields, name.scalar, &OutputField::name);
      const std::string full = std::string(row.key) + "." + name.scalar;
      if (name.scalar != "path" && field == std::end(kOutputFields)) return unknown_key(name, full, nearest_or_all(name.scalar, kOutputWords));
      // A comma would begin another field in the spelling that options use.
      const bool is_odd = of_field.kind != Node::Kind::scalar || (name.scalar != "path" && of_field.scalar.contains(','));
      if (is_odd) return wrong_kind(of_field, full, name.scalar == "path" ? std::string_view("a pattern like bin/**") : field->expected);
      if (name.scalar == "path") path = &of_field;
      else said += (said.empty() ? "" : ",") + name.scalar + "=" + of_field.scalar;
    }
    if (path == nullptr) return complain(value, row.key, "an output needs its path, like {path: bin/**}");
    add(row.key, path->scalar, std::move(said), *path);
  }

  Layer layer_;
  const std::string& place_;
  bool has_version_ = false;
  Policy tried_;
  Document document_;
};

}  // namespace

Result<Document> read_document(std::string_view text, Layer layer, const std::string& place) {
  return Flattener(layer, place).flatten(yaml::read(text, place));
}

}  // namespace stepbox::policy
