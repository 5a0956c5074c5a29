#include "warm/save_request.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "warm/lines.hpp"
#include "warm/seal.hpp"

namespace stepbox::warm {
namespace {

constexpr std::string_view kRequestHeading = "stepbox-warm-save 1";
constexpr std::string_view kResultHeading = "stepbox-warm-saved 1";

// "union distant PATTERN"; the pattern may hold blanks.
std::string rule_text(const WarmRule& rule) {
  const auto* row = std::ranges::find(kWarmMerges, rule.merge, &WarmMergeRow::merge);
  return std::string(row->word) + (rule.times == WarmTimes::distant ? " distant " : " kept ") + rule.pattern;
}

std::pair<std::string, std::string> first_word(const std::string& text) {
  const size_t blank = text.find(' ');
  return blank == std::string::npos ? std::pair(text, std::string()) : std::pair(text.substr(0, blank), text.substr(blank + 1));
}

Result<WarmRule> rule_of_text(const std::string& text) {
  const auto [merge, rest] = first_word(text);
  const auto [times, pattern] = first_word(rest);
  const auto* row = std::ranges::find(kWarmMerges, merge, &WarmMergeRow::word);
  if (row == std::end(kWarmMerges) || (times != "distant" && times != "kept") || pattern.empty())
    return fail("not a rule: " + quoted(text));
  return WarmRule{pattern, row->merge, times == "distant" ? WarmTimes::distant : WarmTimes::kept};
}

Result<SavedDirectory> directory_of_text(const std::string& text) {
  const auto [view, path] = first_word(text);
  TRY_ASSIGN(const uint64_t number, number_of(view));
  if (path.empty() || number > 1'000'000) return fail("not a directory: " + quoted(text));
  return SavedDirectory{path, static_cast<int>(number)};
}

Result<> take_number(const Line& line, SaveRequest& request) {
  TRY_ASSIGN(const uint64_t number, number_of(line.value));
  const std::chrono::milliseconds milliseconds(static_cast<int64_t>(std::min<uint64_t>(number, INT64_MAX)));
  if (line.key == "max-bytes") request.bounds.max_bytes = number;
  else if (line.key == "keep") request.bounds.keep = number;
  else if (line.key == "refresh-bytes") request.bounds.refresh_bytes = number;
  else if (line.key == "refresh-age") request.bounds.refresh_age = milliseconds;
  else if (line.key == "patience") request.patience = milliseconds;
  else return fail("unknown line " + quoted(line.key));
  return {};
}

std::string* text_of(const std::string& key, SaveRequest& request) {
  const std::pair<std::string_view, std::string*> places[] = {
      {"store", &request.store},          {"name", &request.name},
      {"key", &request.key},              {"base", &request.base},
      {"seen", &request.seen},            {"run", &request.origin.run},
      {"host", &request.origin.host},     {"checkout", &request.origin.checkout},
      {"commit", &request.origin.commit},
  };
  const auto* place = std::ranges::find(places, key, &std::pair<std::string_view, std::string*>::first);
  return place == std::end(places) ? nullptr : place->second;
}

Result<> take(const Line& line, SaveRequest& request) {
  if (std::string* text = text_of(line.key, request); text != nullptr) {
    *text = line.value;
  } else if (line.key == "rule") {
    TRY_ASSIGN(WarmRule rule, rule_of_text(line.value));
    request.rules.push_back(std::move(rule));
  } else if (line.key == "directory") {
    TRY_ASSIGN(SavedDirectory directory, directory_of_text(line.value));
    request.directories.push_back(std::move(directory));
  } else if (line.key == "tool") {
    request.tools.push_back(line.value);
  } else {
    return take_number(line, request);
  }
  return {};
}

uint64_t* count_of(const std::string& key, SaveResult& result) {
  return key == "new-bytes"      ? &result.new_bytes
         : key == "new-files"    ? &result.new_files
         : key == "shared-files" ? &result.shared_files
         : key == "left-out"     ? &result.left_out
                                 : nullptr;
}

Result<> take(const Line& line, SaveResult& result) {
  if (uint64_t* count = count_of(line.key, result); count != nullptr) {
    TRY_ASSIGN(*count, number_of(line.value));
  } else if (line.key == "saving") {
    const auto* row = std::ranges::find(kSavings, line.value, &SavingRow::word);
    if (row == std::end(kSavings)) return fail("unknown word " + quoted(line.value));
    result.saving = row->saving;
  } else if (line.key == "merged") {
    result.was_merged = line.value == "yes";
  } else if (line.key == "sentence") {
    result.sentence = line.value;
  } else {
    TRY_ASSIGN(const bool is_known, take_generation(line, result.generation));
    if (!is_known) return fail("unknown line " + quoted(line.key));
  }
  return {};
}

}  // namespace

std::string to_text(const SaveRequest& request) {
  LineWriter lines(kRequestHeading);
  lines.put("store", request.store);
  lines.put("name", request.name);
  for (const SavedDirectory& directory : request.directories)
    lines.put("directory", std::to_string(directory.view) + " " + directory.path);
  for (const WarmRule& rule : request.rules) lines.put("rule", rule_text(rule));
  if (request.bounds.max_bytes) lines.put("max-bytes", *request.bounds.max_bytes);
  lines.put("keep", request.bounds.keep);
  if (request.bounds.refresh_bytes) lines.put("refresh-bytes", *request.bounds.refresh_bytes);
  if (request.bounds.refresh_age) lines.put("refresh-age", static_cast<uint64_t>(request.bounds.refresh_age->count()));
  lines.put_if("key", request.key);
  lines.put_if("base", request.base);
  lines.put_if("seen", request.seen);
  lines.put_if("run", request.origin.run);
  lines.put_if("host", request.origin.host);
  lines.put_if("checkout", request.origin.checkout);
  lines.put_if("commit", request.origin.commit);
  for (const std::string& tool : request.tools) lines.put("tool", tool);
  lines.put("patience", static_cast<uint64_t>(request.patience.count()));
  return std::move(lines).take();
}

Result<SaveRequest> request_of_text(std::string_view text) {
  TRY_ASSIGN(const std::vector<Line> lines, read_lines(text, kRequestHeading));
  SaveRequest request;
  for (const Line& line : lines) TRY(take(line, request));
  return request;
}

std::string to_text(const SaveResult& result) {
  LineWriter lines(kResultHeading);
  lines.put("saving", std::ranges::find(kSavings, result.saving, &SavingRow::saving)->word);
  if (!result.generation.id.empty()) put_generation(lines, result.generation);
  lines.put("new-bytes", result.new_bytes);
  lines.put("new-files", result.new_files);
  lines.put("shared-files", result.shared_files);
  lines.put("left-out", result.left_out);
  lines.put("merged", result.was_merged ? "yes" : "no");
  lines.put("sentence", result.sentence);
  return std::move(lines).take();
}

Result<SaveResult> result_of_text(std::string_view text) {
  TRY_ASSIGN(const std::vector<Line> lines, read_lines(text, kResultHeading));
  SaveResult result;
  for (const Line& line : lines) TRY(take(line, result));
  return result;
}

}  // namespace stepbox::warm
