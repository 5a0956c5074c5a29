#include "caches/in_tree.hpp"

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace stepbox::caches {
namespace {

struct Row {
  const Tool* tool;
  const InTree* in_tree;
  std::string_view pattern;  // the name without a slash at its end
  size_t levels;
};

// The names with the most components first: the first match is the right one.
std::vector<Row> rows_of(bool of_directories) {
  std::vector<Row> rows;
  for (const Tool& tool : tools()) {
    for (const InTree& in_tree : tool.in_tree) {
      if (in_tree.name.ends_with('/') != of_directories) continue;
      const std::string_view pattern = in_tree.name.substr(0, in_tree.name.size() - (of_directories ? 1 : 0));
      rows.push_back({&tool, &in_tree, pattern, static_cast<size_t>(std::ranges::count(pattern, '/')) + 1});
    }
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &Row::levels);
  return rows;
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view without_last(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Whether the path ends with the components of the pattern.
bool ends_with_pattern(std::string_view path, std::string_view pattern) {
  for (; !pattern.empty(); pattern = without_last(pattern), path = without_last(path))
    if (path.empty() || !matches_pattern(last_component(pattern), last_component(path))) return false;
  return true;
}

}  // namespace

std::optional<InTreePlace> in_tree_place(std::string_view path, bool is_directory,
                                         const std::function<bool(const char* name)>& has_beside) {
  static const std::vector<Row> directories = rows_of(true);
  static const std::vector<Row> others = rows_of(false);
  const auto is_beside = [&](std::string_view name) { return has_beside(std::string(name).c_str()); };
  for (const Row& row : is_directory ? directories : others) {
    // Nearly all fail at their last byte.
    if (row.pattern.back() != '*' && row.pattern.back() != path.back()) continue;
    if (!ends_with_pattern(path, row.pattern)) continue;
    if (row.in_tree->beside.empty() || std::ranges::any_of(row.in_tree->beside, is_beside))
      return InTreePlace{row.tool, row.in_tree->name, row.levels};
  }
  return std::nullopt;
}

}  // namespace stepbox::caches
