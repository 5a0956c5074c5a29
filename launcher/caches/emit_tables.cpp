#include "caches/emit_tables.hpp"

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "caches/owner_patterns.hpp"

namespace stepbox::caches::source {
namespace {

constexpr std::string_view kCreateNames[] = {"directory", "parent", "none"};  // by Create
constexpr std::string_view kWhenNames[] = {"always", "one_id"};               // by When

std::string octal(unsigned value, int width) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*o", width, value);
  return digits.data();
}

// A C++ string literal. Octal escapes end after three digits, hexadecimal ones do not.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      (out += '\\') += octal(byte, 3);
    else
      out += c;
  }
  return out + "\"";
}

// One array for the rows of all tools; a tool's rows are a span of it.
class Table {
 public:
  Table(std::string_view type, std::string_view name) : type_(type), name_(name) {}

  void add(const std::string& row) {
    rows_ += "    " + row + ",\n";
    ++size_;
  }

  // The rows added since the last call, as an expression.
  std::string take_span() {
    const size_t first = std::exchange(taken_, size_);
    return "rows(" + name_ + ", " + std::to_string(first) + ", " + std::to_string(size_ - first) + ")";
  }

  std::string definition() const {
    return "constexpr std::array<" + type_ + ", " + std::to_string(size_) + "> " + name_ + "{{\n" + rows_ + "}};\n\n";
  }

 private:
  std::string type_;
  std::string name_;
  std::string rows_;
  size_t size_ = 0;
  size_t taken_ = 0;
};

constexpr std::string_view kHead =
    R"(// Generated from policies/caches/*.yaml by stepbox-compile-registry; edits are lost.
#include "caches/registry_tables.hpp"

#include <array>

namespace stepbox::caches::tables {
namespace {

template <class Row, size_t N>
constexpr std::span<const Row> rows(const std::array<Row, N>& table, size_t first, size_t count) {
  return std::span<const Row>(table).subspan(first, count);
}

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
  return std::string(kHead) + words.definition() + redirects.definition() + toolchains.definition() +
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
