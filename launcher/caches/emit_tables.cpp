#include "caches/emit_tables.hpp"

#include <vector>

#include "caches/owner_patterns.hpp"
#include "caches/table_text.hpp"

namespace stepbox::caches::source {
namespace {

constexpr std::string_view kCreateNames[] = {"directory", "parent", "none"};  // by Create
constexpr std::string_view kWhenNames[] = {"always", "one_id"};               // by When

constexpr std::string_view kHead =
    R"(// Generated from policies/caches/*.yaml by stepbox-compile-registry; edits are lost.
#include "caches/registry_tables.hpp"

#include <array>

namespace stepbox::caches::tables {
namespace {

)";

constexpr std::string_view kTail = R"(}  // namespace

constinit const std::span<const Tool> tools = kTools;
constinit const std::span<const Owner> owners = kOwners;

}  // namespace stepbox::caches::tables
)";

std::string span_of(Table& words, std::span<const std::string> texts) {
  for (const std::string& text : texts) words.add(literal(text));
  return words.take_span();
}

std::string span_of(Table& words, std::span<const Text> texts) {
  for (const Text& text : texts) words.add(literal(text.text));
  return words.take_span();
}

std::string redirect_row(const Redirect& redirect, Table& words) {
  std::string row = "{" + literal(redirect.variable.text) + ", " + literal(redirect.value);
  row += ", Create::" + std::string(kCreateNames[static_cast<size_t>(redirect.create)]) + ", " + octal(redirect.mode, 4);
  row += ", When::" + std::string(kWhenNames[static_cast<size_t>(redirect.when)]);
  row += redirect.any_case ? ", true, " : ", false, ";
  row += span_of(words, redirect.defaults.value_or(std::vector<std::string>())) + ", ";
  return row + span_of(words, redirect.yields_to) + "}";
}

std::string toolchain_row(const Toolchain& toolchain, Table& words) {
  return "{" + literal(toolchain.path.text) + ", " + literal(toolchain.variable.text) + ", " + span_of(words, toolchain.without) + "}";
}

std::string in_tree_row(const InTree& in_tree, Table& words) {
  return "{" + literal(in_tree.name) + ", " + span_of(words, in_tree.beside) + "}";
}

}  // namespace

std::string cpp_tables(std::span<const Tool> tools) {
  Table redirects("Redirect", "kRedirects"), toolchains("Toolchain", "kToolchains"), in_tree("InTree", "kInTree"),
      words("std::string_view", "kWords");
  Table entries("Tool", "kTools"), owners("Owner", "kOwners");
  for (const Tool& tool : tools) {
    for (const Redirect& redirect : tool.redirects) redirects.add(redirect_row(redirect, words));
    for (const Toolchain& toolchain : tool.toolchains) toolchains.add(toolchain_row(toolchain, words));
    for (const InTree& name : tool.in_tree) in_tree.add(in_tree_row(name, words));
    std::string row = "{" + literal(tool.name.text) + ", " + literal(tool.ecosystem) + ", " + span_of(words, tool.also) + ", ";
    row += redirects.take_span() + ", " + toolchains.take_span() + ", ";
    row += span_of(words, tool.default_paths) + ", " + span_of(words, tool.settings) + ", ";
    row += in_tree.take_span() + ", " + span_of(words, tool.programs) + ", ";
    row += literal(tool.note) + ", " + literal(tool.verified) + "}";
    entries.add(row);
  }
  for (const OwnerPattern& owner : owner_patterns(tools))
    owners.add("{" + literal(owner.pattern) + ", " + std::to_string(owner.tool) + "}");
  return std::string(kHead) + std::string(kRowsFunction) + words.definition() + redirects.definition() + toolchains.definition() +
         in_tree.definition() + entries.definition() + owners.definition() + std::string(kTail);
}

std::string redirect_list(std::span<const Tool> tools) {
  std::string list;
  for (const Tool& tool : tools) {
    for (const Redirect& redirect : tool.redirects) {
      list += redirect.variable.text + '\t' + redirect.value + '\t';
      list += std::string(kCreateNames[static_cast<size_t>(redirect.create)]) + '\t' + octal(redirect.mode, 4) + '\n';
    }
  }
  return list;
}

}  // namespace stepbox::caches::source
