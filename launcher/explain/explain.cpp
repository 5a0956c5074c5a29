#include "explain/explain.hpp"

#include "base/text.hpp"
#include "explain/subjects.hpp"

namespace stepbox::explain {
namespace {

struct Subject {
  const char* heading;
  Rows (*rows)(const Planned& planned, Detail detail);
};

constexpr Subject kSubjects[] = {
    {"step", step_rows},
    {"no box: the workspace is a directory of the host", no_box_rows},
    {"workspace (hard limits, gone after the step)", workspace_rows},
    {"file system", file_system_rows},
    {"outputs (what leaves the box)", output_rows},
    {"settings of this home", settings_rows},
    {"caches", cache_rows},
    {"environment", environment_rows},
    {"network", network_rows},
    {"limits and deadlines", limit_rows},
    {"system calls", system_call_rows},
    {"protections", protection_rows},
    {"still in reach", rest_rows},
};

// The part of a long list that fills about two lines.
constexpr size_t kSome = 10;

}  // namespace

Phrase from(const Origin& origin, Detail detail) {
  if (origin.place.empty() || (detail == Detail::brief && !origin.is_choice())) return {};
  return Phrase().whole("[" + escaped(origin.text()) + "]");
}

std::string prose(std::string_view text) {
  std::string out;
  for (const std::string_view part : split(text, '\'')) out += (part.data() == text.data() ? "" : "'") + escaped(part);
  return out;
}

Phrase some_of(const std::vector<std::string>& names, Detail detail) {
  if (detail == Detail::whole || names.size() <= kSome + 1) return listed(names);
  return listed({names.data(), kSome}).words("and " + std::to_string(names.size() - kSome) + " more");
}

std::string explain(const Planned& planned, Detail detail) {
  std::string page;
  for (const Subject& subject : kSubjects) {
    const Rows rows = subject.rows(planned, detail);
    if (rows.empty()) continue;
    if (!page.empty()) page += "\n";
    page += std::string(subject.heading) + "\n" + columns(rows);
  }
  return page;
}

}  // namespace stepbox::explain
