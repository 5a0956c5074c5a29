// list, show, path and verify.
#include <chrono>
#include <ctime>

#include "base/columns.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "companions/progress_line.hpp"
#include "companions/warm_verbs.hpp"
#include "model/units.hpp"
#include "report/report.hpp"
#include "warm/catalogue.hpp"
#include "warm/generation.hpp"
#include "warm/layout.hpp"
#include "warm/verify.hpp"

namespace stepbox::companions {
namespace {

std::string time_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  char text[32];
  ::gmtime_r(&seconds, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::unexpected<Error> no_such_cache(const std::string& name) {
  return fail("there is no warm cache " + quoted(name), "stepbox warm list; a run with --warm-save makes one");
}

Result<std::vector<warm::Listed>> listed(const WarmArguments& arguments) {
  std::vector<warm::Listed> all;
  TRY_ASSIGN(std::vector<std::string> names, warm::list_names(arguments.store));
  if (!arguments.operands.empty()) names = arguments.operands;
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto found, warm::list_cache(arguments.store, name));
    if (!found && !arguments.operands.empty()) return no_such_cache(name);
    if (found) all.insert(all.end(), found->begin(), found->end());
  }
  return all;
}

std::string state_of(const warm::Listed& one) {
  std::string state = one.refusal.empty() ? "" : "refused";
  const auto add = [&state](const char* word) { state += (state.empty() ? "" : ", ") + std::string(word); };
  if (one.is_newest) add("newest");
  if (one.is_in_use) add("in use");
  return state;
}

report::Fields fields_of(const warm::Listed& one) {
  const WarmGeneration& generation = one.generation;
  const bool is_known = one.refusal.empty();
  return {{"name", generation.name},
          {"id", generation.id},
          {"digest", generation.digest},
          {"key", generation.key},
          {"saved", is_known ? time_text(generation.saved) : ""},
          {"bytes", is_known ? std::to_string(generation.bytes) : ""},
          {"files", is_known ? std::to_string(generation.files) : ""},
          {"newest", one.is_newest ? "yes" : "no"},
          {"in_use", one.is_in_use ? "yes" : "no"},
          {"refused", one.refusal}};
}

Row row_of(const warm::Listed& one) {
  const WarmGeneration& generation = one.generation;
  Phrase right;
  if (one.refusal.empty())
    right.whole(human_bytes(generation.bytes)).whole("in " + std::to_string(generation.files) + " files,").whole("saved " + time_text(generation.saved));
  if (!generation.key.empty()) right.whole("key " + generation.key);
  if (const std::string state = state_of(one); !state.empty()) right.whole("(" + state + ")");
  return {generation.name + " " + generation.id, right};
}

void add_row(std::vector<Row>& rows, const char* left, const std::string& right) {
  if (!right.empty()) rows.push_back({left, Phrase().whole(escaped(right))});
}

std::string files_text(const warm::Manifest& manifest) {
  std::string text;
  for (const warm::Entry& entry : manifest.entries)
    if (entry.type != warm::EntryType::directory) text += digest::hex(entry.content) + "  " + escaped(entry.path) + "\n";
  return text;
}

std::string as_json(const warm::OpenGeneration& open, bool with_files) {
  const warm::Manifest& manifest = open.manifest;
  const WarmGeneration& generation = manifest.generation;
  std::vector<report::Fields> files, tools;
  for (const std::string& tool : manifest.tools) tools.push_back({{"tool", tool}});
  for (const warm::Entry& entry : manifest.entries)
    if (with_files && entry.type != warm::EntryType::directory)
      files.push_back({{"path", entry.path}, {"bytes", std::to_string(entry.size)}, {"sha256", digest::hex(entry.content)}});
  return report::records_to_json(
      {{"generations",
        {{{"name", generation.name}, {"id", generation.id}, {"digest", generation.digest}, {"key", generation.key},
          {"saved", time_text(generation.saved)}, {"began", time_text(generation.began)}, {"parent", manifest.parent},
          {"bytes", std::to_string(generation.bytes)}, {"files", std::to_string(generation.files)},
          {"run", manifest.origin.run}, {"host", manifest.origin.host}, {"checkout", manifest.origin.checkout},
          {"commit", manifest.origin.commit}, {"tree", open.pin.tree}}}},
       {"tools", std::move(tools)},
       {"files", std::move(files)}});
}

std::string as_page(const warm::OpenGeneration& open) {
  const warm::Manifest& manifest = open.manifest;
  const WarmGeneration& generation = manifest.generation;
  std::vector<Row> rows;
  add_row(rows, "digest", generation.digest);
  add_row(rows, "holds", human_bytes(generation.bytes) + " in " + std::to_string(generation.files) + " files");
  add_row(rows, "saved", time_text(generation.saved));
  add_row(rows, "from an empty cache", time_text(generation.began));
  add_row(rows, "built upon", manifest.parent);
  add_row(rows, "key", generation.key);
  add_row(rows, "run", manifest.origin.run);
  add_row(rows, "host", manifest.origin.host);
  add_row(rows, "checkout", manifest.origin.checkout);
  add_row(rows, "commit", manifest.origin.commit);
  for (const std::string& tool : manifest.tools) add_row(rows, "tool", tool);
  for (const std::string& directory : manifest.directories) add_row(rows, "directory", directory);
  add_row(rows, "tree", open.pin.tree);
  return generation.name + " " + generation.id + "\n" + columns(rows);
}

report::Fields fields_of(const WarmGeneration& generation, const warm::Verified& verified) {
  return {{"name", generation.name},
          {"id", generation.id},
          {"sound", verified.is_sound ? "yes" : "no"},
          {"sealed_again", verified.was_sealed_again ? "yes" : "no"},
          {"differences", std::to_string(verified.differences)},
          {"first_difference", verified.findings.empty() ? "" : verified.findings.front()}};
}

std::string text_of(const WarmGeneration& generation, const warm::Verified& verified) {
  std::string text = generation.name + " " + generation.id + ": ";
  if (verified.is_sound) return text + (verified.was_sealed_again ? "as saved; inodes or times had changed, sealed again\n" : "as saved\n");
  text += "differs from its manifest, and is refused from now on\n";
  for (const std::string& finding : verified.findings) text += "  " + finding + "\n";
  const uint64_t more = verified.differences - verified.findings.size();
  return more == 0 ? text : text + "  and " + std::to_string(more) + " more\n";
}

}  // namespace

Result<int> list_warm(const WarmArguments& arguments) {
  TRY_ASSIGN(const std::vector<warm::Listed> all, listed(arguments));
  if (arguments.json) {
    std::vector<report::Fields> records;
    for (const warm::Listed& one : all) records.push_back(fields_of(one));
    return cli::print(report::records_to_json({{"generations", std::move(records)}}));
  }
  if (all.empty()) return cli::print("there is no generation in " + escaped(arguments.store) + "\n");
  std::vector<Row> rows;
  for (const warm::Listed& one : all) rows.push_back(row_of(one));
  return cli::print(columns(rows));
}

Result<int> show_warm(const WarmArguments& arguments) {
  const std::string& name = arguments.operands[0];
  TRY_ASSIGN(const std::optional<warm::OpenGeneration> open,
             arguments.generation.empty() ? warm::open_newest(arguments.store, name)
                                          : warm::open_generation(arguments.store, name, arguments.generation));
  if (!open && arguments.generation.empty()) return no_such_cache(name);
  if (!open) return fail(name + " has no generation " + quoted(arguments.generation), "stepbox warm list " + name);
  if (arguments.json) return cli::print(as_json(*open, arguments.files));
  return cli::print(as_page(*open) + (arguments.files ? "\n" + files_text(open->manifest) : ""));
}

Result<int> warm_path(const WarmArguments& arguments) {
  if (arguments.operands.empty()) return cli::print(arguments.store + "\n");
  TRY_ASSIGN(const auto pinned, warm::pin(arguments.store, arguments.operands[0]));
  if (!pinned) return no_such_cache(arguments.operands[0]);
  return cli::print(pinned->tree + "\n");
}

Result<int> verify_warm(const WarmArguments& arguments) {
  TRY_ASSIGN(const std::vector<warm::Listed> all, listed(arguments));
  std::vector<report::Fields> records;
  std::string text;
  bool is_sound = true;
  for (const warm::Listed& one : all) {
    TRY_ASSIGN(const auto cache, warm::open_cache(arguments.store, one.generation.name));
    if (!cache) continue;
    ProgressLine line("verifying " + one.generation.name + " " + one.generation.id);
    const warm::Progress progress = [&line](uint64_t files, uint64_t bytes) { line.show(files, bytes); };
    TRY_ASSIGN(const warm::Verified verified, warm::verify(*cache, one.generation.id, progress));
    is_sound = is_sound && verified.is_sound;
    records.push_back(fields_of(one.generation, verified));
    text += text_of(one.generation, verified);
  }
  if (all.empty()) text = "there is no generation in " + escaped(arguments.store) + "\n";
  const int failed = cli::print(arguments.json ? report::records_to_json({{"generations", std::move(records)}}) : text);
  if (!is_sound) log::hint("stepbox warm prune removes a generation that differs");
  return failed != 0 ? failed : is_sound ? 0 : 1;
}

}  // namespace stepbox::companions
