#include "caches/look_up.hpp"

#include <algorithm>
#include <string>

namespace stepbox::caches {
namespace {

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

template <class Matches>
std::vector<const Tool*> tools_where(Matches matches) {
  std::vector<const Tool*> found;
  for (const Tool& tool : tools())
    if (matches(tool)) found.push_back(&tool);
  return found;
}

}  // namespace

Found look_up(std::string_view word) {
  const std::string small = in_small_letters(word);
  Found found{.ecosystem = tools_where([&](const Tool& tool) { return tool.ecosystem == small; })};
  const std::vector<const Tool*> named = tools_where([&](const Tool& tool) { return tool.name == small; });
  const std::vector<const Tool*> also = tools_where([&](const Tool& tool) { return std::ranges::find(tool.also, small) != tool.also.end(); });
  if (!named.empty()) found.tool = named.front();
  else if (also.size() == 1) found.tool = also.front();
  else if (found.ecosystem.empty()) found.ecosystem = also;
  return found;
}

std::vector<std::string_view> known_words() {
  std::vector<std::string_view> words;
  for (const Tool& tool : tools()) {
    words.push_back(tool.name);
    words.push_back(tool.ecosystem);
    words.insert(words.end(), tool.also.begin(), tool.also.end());
  }
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace stepbox::caches
