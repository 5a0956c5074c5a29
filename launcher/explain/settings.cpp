#include <algorithm>

#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "model/settings_file.hpp"

namespace stepbox::explain {

Rows settings_rows(const run::Planned& planned, Detail detail) {
  Rows rows;
  const std::vector<SettingsFile>& files = planned.settings;
  if (files.empty()) return rows;
  for (const SettingsFile& file : files)
    rows.push_back({escaped(file.path) + " (" + std::string(file.tool) + ")", file.is_shown ? "shown, read-only" : "hidden"});
  const bool is_any_hidden = std::ranges::any_of(files, [](const SettingsFile& file) { return !file.is_shown; });
  if (is_any_hidden) rows.push_back({"to show them", Phrase("--settings show").append(from(planned.policy.settings.origin, detail))});
  return rows;
}

}  // namespace stepbox::explain
