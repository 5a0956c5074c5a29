#include "caches/registry_source.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "caches/registry_words.hpp"
#include "yaml/yaml_reader.hpp"

namespace stepbox::caches::source {
namespace {

using yaml::Node;
using Fault = std::string_view (*)(std::string_view);

// One entry, while it is being read.
struct Entry {
  std::string_view file;
  Tool tool = {};

  std::string place_of(const Node& node) const { return yaml::position(file, node); }
  std::unexpected<Error> refuse(const Node& node, std::string what) const {
    return fail(place_of(node) + ": " + std::move(what));
  }
};

Result<std::string> read_word(const Entry& entry, const Node& node, std::string_view field) {
  if (node.kind != Node::Kind::scalar) return entry.refuse(node, std::string(field) + " is no text");
  return node.scalar;
}

Result<Text> read_checked(const Entry& entry, const Node& node, std::string_view field, Fault fault_of) {
  TRY_ASSIGN(std::string word, read_word(entry, node, field));
  if (const std::string_view fault = fault_of(word); !fault.empty())
    return entry.refuse(node, std::string(field) + " " + quoted(word) + " " + std::string(fault));
  return Text{std::move(word), entry.place_of(node)};
}

Result<std::vector<Text>> read_list(const Entry& entry, const Node& node, std::string_view field, Fault fault_of) {
  if (node.kind != Node::Kind::list) return entry.refuse(node, std::string(field) + " is no list");
  std::vector<Text> words;
  for (const Node& item : node.items) {
    TRY_ASSIGN(Text word, read_checked(entry, item, field, fault_of));
    words.push_back(std::move(word));
  }
  return words;
}

Result<std::vector<std::string>> read_plain_list(const Entry& entry, const Node& node, std::string_view field,
                                                 Fault fault_of) {
  TRY_ASSIGN(std::vector<Text> words, read_list(entry, node, field, fault_of));
  std::vector<std::string> plain;
  for (Text& word : words) plain.push_back(std::move(word.text));
  return plain;
}

const Node* find(const Node& map, std::string_view key) {
  for (const auto& [name, value] : map.entries)
    if (name.scalar == key) return &value;
  return nullptr;
}

Result<> refuse_unknown(const Entry& entry, const Node& map, std::span<const std::string_view> known) {
  for (const auto& [key, value] : map.entries) {
    if (std::ranges::find(known, key.scalar) != known.end()) continue;
    const std::string meant = did_you_mean(key.scalar, known);
    return entry.refuse(key, "unknown field " + quoted(key.scalar) + (meant.empty() ? "" : "; " + meant));
  }
  return {};
}

// The optional fields of any long form: {..., when: one-id, any_case: true, default: ~/.x, yields_to: [X_HOME]}
Result<> read_conditions(const Entry& entry, const Node& map, Redirect& redirect) {
  if (const Node* when = find(map, "when")) {
    if (when->scalar != "one-id") return entry.refuse(*when, "when can only be 'one-id'");
    redirect.when = When::one_id;
  }
  if (const Node* any_case = find(map, "any_case")) {
    if (any_case->scalar != "true") return entry.refuse(*any_case, "any_case can only be true");
    redirect.any_case = true;
  }
  if (const Node* place = find(map, "default")) {
    redirect.defaults.emplace();
    if (place->scalar != "none") {
      TRY_ASSIGN(Text path, read_checked(entry, *place, "default", fault_of_home_path));
      redirect.defaults->push_back(std::move(path.text));
    }
  }
  if (const Node* others = find(map, "yields_to")) {
    TRY_ASSIGN(redirect.yields_to, read_plain_list(entry, *others, "variable", fault_of_variable));
  }
  return {};
}

// {path: run/x.sock, create: parent}, {path: run/user, mode: 0700}, {value: "1"}
Result<> read_long_redirect(const Entry& entry, const Node& map, Redirect& redirect) {
  static constexpr std::array<std::string_view, 8> kKnown = {"path", "create",   "mode",    "value",
                                                             "when", "any_case", "default", "yields_to"};
  TRY(refuse_unknown(entry, map, kKnown));
  TRY(read_conditions(entry, map, redirect));
  const Node* path = find(map, "path");
  const Node* value = find(map, "value");
  const Node* create = find(map, "create");
  const Node* mode = find(map, "mode");
  if (create != nullptr && path == nullptr) return entry.refuse(*create, "create without a path");
  if (mode != nullptr && path == nullptr) return entry.refuse(*mode, "mode without a path");
  if ((path == nullptr) == (value == nullptr))
    return entry.refuse(map, redirect.variable.text + " needs either a path or a value");
  if (value != nullptr) {
    redirect.create = Create::none;
    TRY_ASSIGN(redirect.value, read_word(entry, *value, "value"));
    return {};
  }
  TRY_ASSIGN(Text checked, read_checked(entry, *path, "path", fault_of_workspace_path));
  redirect.value = std::move(checked.text);
  if (create != nullptr) {
    if (create->scalar != "parent") return entry.refuse(*create, "create can only be 'parent'");
    if (mode != nullptr) return entry.refuse(*mode, "mode of a directory that the tool makes");
    redirect.create = Create::parent;
  }
  if (mode != nullptr) {
    const std::optional<uint16_t> bits = read_mode(mode->scalar);
    if (!bits) return entry.refuse(*mode, "mode " + quoted(mode->scalar) + " is not of the form 0755");
    redirect.mode = *bits;
  }
  return {};
}

Result<> read_redirects(Entry& entry, const Node& node) {
  if (node.kind != Node::Kind::map || node.entries.empty())
    return entry.refuse(node, "redirect is no map of variables to paths");
  for (const auto& [key, value] : node.entries) {
    Redirect redirect;
    TRY_ASSIGN(redirect.variable, read_checked(entry, key, "variable", fault_of_variable));
    if (value.kind == Node::Kind::map) {
      TRY(read_long_redirect(entry, value, redirect));
    } else {
      TRY_ASSIGN(Text path, read_checked(entry, value, "path", fault_of_workspace_path));
      redirect.value = std::move(path.text);
    }
    entry.tool.redirects.push_back(std::move(redirect));
  }
  return {};
}

// PYENV_ROOT, or {variable: PYENV_ROOT, without: [pyenv.d/exec/pip-rehash]}
Result<> read_toolchain(const Entry& entry, const Node& node, Toolchain& toolchain) {
  static constexpr std::array<std::string_view, 2> kKnown = {"variable", "without"};
  if (node.kind == Node::Kind::null) return {};
  const bool is_long = node.kind == Node::Kind::map;
  if (is_long) TRY(refuse_unknown(entry, node, kKnown));
  if (const Node* variable = is_long ? find(node, "variable") : &node) {
    TRY_ASSIGN(toolchain.variable, read_checked(entry, *variable, "variable", fault_of_variable));
  }
  if (const Node* without = is_long ? find(node, "without") : nullptr) {
    TRY_ASSIGN(toolchain.without, read_plain_list(entry, *without, "name", fault_of_tree_name));
  }
  return {};
}

Result<> read_toolchains(Entry& entry, const Node& node) {
  if (node.kind != Node::Kind::map) return entry.refuse(node, "toolchains is no map of paths to variables");
  for (const auto& [key, value] : node.entries) {
    Toolchain toolchain;
    TRY_ASSIGN(toolchain.path, read_checked(entry, key, "toolchain", fault_of_host_path));
    if (!key.scalar.starts_with("~/")) return entry.refuse(key, "toolchain " + quoted(key.scalar) + " is not below ~/");
    TRY(read_toolchain(entry, value, toolchain));
    entry.tool.toolchains.push_back(std::move(toolchain));
  }
  return {};
}

Result<> read_tool(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.name, read_checked(entry, node, "tool", fault_of_tool_name));
  return {};
}
Result<> read_also(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.also, read_list(entry, node, "also", fault_of_tool_name));
  return {};
}
Result<> read_default_paths(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.default_paths, read_list(entry, node, "default path", fault_of_host_path));
  return {};
}
Result<> read_settings(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.settings, read_list(entry, node, "settings file", fault_of_settings_path));
  return {};
}
// target/, or {name: target/, beside: [Cargo.toml]}
Result<> read_in_tree(Entry& entry, const Node& node) {
  static constexpr std::array<std::string_view, 2> kKnown = {"name", "beside"};
  if (node.kind != Node::Kind::list) return entry.refuse(node, "in-tree name is no list");
  for (const Node& item : node.items) {
    const bool is_long = item.kind == Node::Kind::map;
    if (is_long) TRY(refuse_unknown(entry, item, kKnown));
    const Node* name = is_long ? find(item, "name") : &item;
    if (name == nullptr) return entry.refuse(item, "an in-tree name without name");
    TRY_ASSIGN(Text checked, read_checked(entry, *name, "in-tree name", fault_of_tree_name));
    InTree& in_tree = entry.tool.in_tree.emplace_back(InTree{std::move(checked.text)});
    if (const Node* beside = is_long ? find(item, "beside") : nullptr) {
      TRY_ASSIGN(in_tree.beside, read_plain_list(entry, *beside, "name", fault_of_tree_name));
    }
  }
  return {};
}
Result<> read_programs(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.programs, read_plain_list(entry, node, "path", fault_of_workspace_path));
  return {};
}
Result<> read_note(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.note, read_word(entry, node, "note"));
  return {};
}
Result<> read_verified(Entry& entry, const Node& node) {
  TRY_ASSIGN(entry.tool.verified, read_word(entry, node, "verified"));
  return {};
}
Result<> read_shared(Entry& entry, const Node& node) {
  if (node.scalar != "true") return entry.refuse(node, "shared can only be true");
  entry.tool.shared = true;
  return {};
}

struct FieldRow {
  std::string_view name;
  Result<> (*read)(Entry&, const Node&);
};
constexpr FieldRow kFields[] = {
    {"tool", read_tool},         {"redirect", read_redirects}, {"default_paths", read_default_paths},
    {"settings", read_settings}, {"in_tree", read_in_tree},    {"programs", read_programs},
    {"toolchains", read_toolchains}, {"verified", read_verified}, {"shared", read_shared},
    {"note", read_note},         {"also", read_also},
};
constexpr auto kFieldNames = [] {
  std::array<std::string_view, std::size(kFields)> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kFields[i].name;
  return names;
}();

// Checks that need the whole entry.
Result<> check_entry(const Entry& entry, const Node& node) {
  const Tool& tool = entry.tool;
  if (tool.redirects.empty() && tool.toolchains.empty() && tool.default_paths.empty() && tool.settings.empty() && tool.in_tree.empty())
    return entry.refuse(node, tool.name.text + " says nothing: no redirect, toolchain, default path, settings file or in-tree name");
  for (const Redirect& redirect : tool.redirects) {
    if (redirect.create != Create::directory && tool.note.empty())
      return fail(redirect.variable.place + ": " + redirect.variable.text +
                  " names no directory that is made before the step: a note must say why");
  }
  return {};
}

// A tool's first redirect stands for its default paths, unless the redirect names its own.
void find_defaults(Tool& tool) {
  if (tool.shared || tool.redirects.empty() || tool.redirects.front().create == Create::none) return;
  Redirect& first = tool.redirects.front();
  if (first.defaults) return;
  first.defaults.emplace();
  for (const Text& path : tool.default_paths)
    if (fault_of_home_path(path.text).empty()) first.defaults->push_back(path.text);
}

Result<Tool> read_entry(const Node& node, std::string_view file, std::string_view ecosystem) {
  Entry entry{.file = file};
  entry.tool.ecosystem = ecosystem;
  if (node.kind != Node::Kind::map) return entry.refuse(node, "an entry is no map");
  TRY(refuse_unknown(entry, node, kFieldNames));
  if (find(node, "tool") == nullptr) return entry.refuse(node, "an entry without tool");
  for (const FieldRow& field : kFields) {
    if (const Node* value = find(node, field.name)) TRY(field.read(entry, *value));
  }
  find_defaults(entry.tool);
  TRY(check_entry(entry, node));
  return std::move(entry.tool);
}

// - also: [golang]    without a tool: other names of the ecosystem
bool names_the_ecosystem(const Node& node) {
  return node.kind == Node::Kind::map && node.entries.size() == 1 && node.entries[0].first.scalar == "also";
}

// Words that may occur only once, each with its first place.
class Once {
 public:
  explicit Once(std::string_view what) : what_(what) {}

  Result<> say(const Text& word) {
    const auto [first, is_new] = seen_.try_emplace(word.text, word.place);
    if (is_new) return {};
    return fail(word.place + ": duplicate " + what_ + " " + quoted(word.text) + "; first at " + first->second);
  }

 private:
  std::string what_;
  std::map<std::string, std::string> seen_;
};

}  // namespace

Result<std::vector<Tool>> read(std::string_view text, std::string_view place, std::string_view ecosystem) {
  TRY_ASSIGN(const Node root, yaml::parse(text, place));
  if (root.kind != Node::Kind::list) return fail(yaml::position(place, root) + ": the file is no list of tools");
  std::vector<Tool> tools;
  Entry whole{.file = place};
  for (const Node& node : root.items) {
    if (names_the_ecosystem(node)) {
      TRY(read_also(whole, node.entries[0].second));
      continue;
    }
    TRY_ASSIGN(Tool tool, read_entry(node, place, ecosystem));
    tools.push_back(std::move(tool));
  }
  for (Tool& tool : tools) tool.also.insert(tool.also.end(), whole.tool.also.begin(), whole.tool.also.end());
  return tools;
}

namespace {

// A tool's own name hides an equal one in `also`.
Result<> refuse_hidden_names(std::span<const Tool> tools) {
  for (const Tool& tool : tools)
    for (const Text& other : tool.also)
      if (std::ranges::any_of(tools, [&](const Tool& named) { return named.name.text == other.text; }))
        return fail(other.place + ": " + quoted(other.text) + " is the name of a tool");
  return {};
}

}  // namespace

Result<> check_together(std::span<const Tool> tools) {
  TRY(refuse_hidden_names(tools));
  Once names("tool"), variables("variable"), defaults("default path"), toolchains("toolchain"), settings("settings file");
  // Two variables of one tool may name one directory; two tools may not, or the owner of its bytes would
  // be unknown. A directory that is shared on purpose has no owner.
  std::map<std::string_view, const Tool*> owners;
  for (const Tool& tool : tools)
    if (tool.shared)
      for (const Redirect& redirect : tool.redirects) owners.emplace(redirect.value, nullptr);

  for (const Tool& tool : tools) {
    TRY(names.say(tool.name));
    for (const Text& path : tool.default_paths) TRY(defaults.say(path));
    for (const Text& path : tool.settings) TRY(settings.say(path));
    for (const Toolchain& toolchain : tool.toolchains) {
      TRY(toolchains.say(toolchain.path));
      if (!toolchain.variable.text.empty()) TRY(variables.say(toolchain.variable));
    }
    for (const Redirect& redirect : tool.redirects) {
      TRY(variables.say(redirect.variable));
      if (redirect.create == Create::none || !redirect.value.contains('/')) continue;
      const Tool* owner = owners.try_emplace(redirect.value, &tool).first->second;
      if (owner != nullptr && owner != &tool)
        return fail(redirect.variable.place + ": " + quoted(redirect.value) + " belongs to " + owner->name.text +
                    " already");
    }
  }
  return {};
}

}  // namespace stepbox::caches::source
