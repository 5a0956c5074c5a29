#include <algorithm>

#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "model/settings_file.hpp"

namespace stepbox::explain {
namespace {

void add_files(Rows& rows, const char* left, const std::vector<SettingsFile>& files, bool is_shown) {
  std::vector<std::string> names;
  for (const SettingsFile& file : files)
    if (file.is_shown == is_shown) names.push_back(escaped(file.path) + " (" + file.tool + ")");
  if (!names.empty()) rows.push_back({left, listed(names)});
}

}  // namespace

Rows settings_rows(const Planned& planned, Detail detail) {
  Rows rows;
  const std::vector<SettingsFile>& files = planned.settings;
  add_files(rows, "read-only", files, true);
  add_files(rows, "hidden", files, false);
  const bool is_any_hidden = std::ranges::any_of(files, [](const SettingsFile& file) { return !file.is_shown; });
  if (is_any_hidden) rows.push_back({"to show them", Phrase("--settings show").append(from(planned.policy.settings.origin, detail))});
  return rows;
}

}  // namespace stepbox::explain
