#include "warm/save.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <ranges>

#include "base/text.hpp"
#include "model/units.hpp"
#include "warm/generation.hpp"
#include "warm/layout.hpp"
#include "warm/make_cache.hpp"
#include "warm/merge.hpp"
#include "warm/prune.hpp"
#include "warm/staging.hpp"

namespace stepbox::warm {
namespace {

std::chrono::sys_seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

class Save {
 public:
  Save(const SaveRequest& request, const Progress& progress, Place cache)
      : request_(request), progress_(progress), cache_(std::move(cache)) {}

  Result<SaveResult> run();

 private:
  // How this run's result meets the newest generation.
  enum class Meeting : uint8_t { alone, merged, discarded };

  Result<> open_older();
  Result<std::optional<SaveResult>> find_key();
  Meeting meet();
  Result<SaveResult> make_generation();
  Result<std::optional<SaveResult>> settle(Staging& staging, Listing& listing, Meeting meeting);
  Result<> fill(Staging& staging, const Listing& listing, const std::vector<Taken>& entries);
  Result<> finish_directories(const Staging& staging, const Listing& listing, const std::vector<Taken>& entries) const;
  Result<SaveResult> conclude(Staging& staging, Meeting meeting);
  Result<SaveResult> publish(Staging& staging, Meeting meeting);
  Result<> label(const std::string& id) const;

  int cache() const { return cache_.directory.get(); }
  SaveResult answer(Saving saving, WarmGeneration generation, std::string sentence) const;
  SaveResult discard(std::string why) const { return answer(Saving::discarded, {}, "nothing was saved of " + request_.name + ": " + why); }
  // The step started from an empty cache although there was a generation.
  bool is_refresh() const { return request_.base.empty() && !request_.seen.empty(); }

  const SaveRequest& request_;
  const Progress& progress_;
  const Place cache_;
  std::optional<OpenGeneration> base_;
  std::optional<OpenGeneration> newest_;
  Manifest manifest_;
  SaveResult counts_;
};

SaveResult Save::answer(Saving saving, WarmGeneration generation, std::string sentence) const {
  SaveResult result = counts_;
  result.saving = saving;
  result.generation = std::move(generation);
  result.sentence = std::move(sentence);
  return result;
}

Result<> Save::open_older() {
  TRY_ASSIGN(newest_, open_newest(request_.store, request_.name));
  if (request_.base.empty() || (newest_ && newest_->pin.generation.id == request_.base)) return {};
  TRY_ASSIGN(base_, open_generation(request_.store, request_.name, request_.base));
  return {};
}

Result<std::optional<SaveResult>> Save::find_key() {
  if (request_.key.empty()) return std::nullopt;
  if (!is_key(request_.key)) return fail(quoted(request_.key) + " is no key of a generation");
  TRY_ASSIGN(std::optional<Pinned> pinned, pin(request_.store, request_.name, request_.key));
  if (!pinned || !pinned->has_key) return std::nullopt;
  const std::string sentence = request_.name + " " + pinned->generation.id + " has this key already";
  return answer(Saving::known, std::move(pinned->generation), sentence);
}

Save::Meeting Save::meet() {
  if (!newest_ || newest_->pin.generation.id == request_.seen) return Meeting::alone;
  const WarmGeneration& newest = newest_->pin.generation;
  if (request_.base.empty())
    return number_of_id(newest.line) > number_of_id(request_.seen) ? Meeting::merged : Meeting::alone;
  const bool is_one_line = base_ && base_->pin.generation.line == newest.line;
  return is_one_line ? Meeting::merged : Meeting::discarded;
}

Result<SaveResult> Save::run() {
  TRY(clean_up(cache()));
  TRY(open_older());
  TRY_ASSIGN(const std::optional<SaveResult> known, find_key());
  if (known) return *known;
  auto result = make_generation();
  // Whatever went wrong, the disk must not stay full of it.
  if (!result || result->saving != Saving::saved) (void)clean_up(cache());
  return result;
}

Result<SaveResult> Save::make_generation() {
  const Meeting meeting = meet();
  if (meeting == Meeting::discarded) return discard("another run has started it afresh meanwhile");
  TRY_ASSIGN(Staging staging, Staging::create(cache()));
  const auto older = [](const std::optional<OpenGeneration>& generation) {
    return generation ? OlderTree{generation->tree.get(), &generation->manifest} : OlderTree{};
  };
  const bool is_base_newest = newest_ && newest_->pin.generation.id == request_.base;
  const ViewTask task{request_.rules, is_base_newest ? older(newest_) : older(base_),
                      is_base_newest ? OlderTree{} : older(newest_), staging, progress_};
  Listing listing;
  for (const SavedDirectory& directory : request_.directories) TRY(read_view(directory, task, listing));
  counts_.left_out = listing.left_out;
  sort_entries(listing.entries);
  TRY_ASSIGN(const std::optional<SaveResult> settled, settle(staging, listing, meeting));
  if (settled) return *settled;
  return conclude(staging, meeting);
}

// Decides which entries the new generation has, and brings them together.
Result<std::optional<SaveResult>> Save::settle(Staging& staging, Listing& listing, Meeting meeting) {
  Merged merged;
  if (meeting == Meeting::merged) {
    static const std::vector<Entry> kNothing;
    merged = merge(base_ ? base_->manifest.entries : kNothing, listing.entries, newest_->manifest.entries, request_.rules);
    counts_.was_merged = true;
  } else {
    for (const Entry& entry : listing.entries) merged.entries.push_back({&entry, Side::ours});
  }
  if (!merged.conflict.empty())
    return discard("another run has saved meanwhile, and both changed " + quoted(merged.conflict) + ", which cannot be united");
  for (const Taken& taken : merged.entries) manifest_.entries.push_back(*taken.entry);
  count_entries(manifest_);
  if (request_.bounds.max_bytes && manifest_.generation.bytes > *request_.bounds.max_bytes)
    return discard("it would hold " + human_bytes(manifest_.generation.bytes) + ", more than its maximum of " + human_bytes(*request_.bounds.max_bytes));
  TRY(fill(staging, listing, merged.entries));
  return std::nullopt;
}

Result<> Save::fill(Staging& staging, const Listing& listing, const std::vector<Taken>& entries) {
  const sys::Fd* const base_tree = base_ ? &base_->tree : newest_ ? &newest_->tree : nullptr;
  for (const Taken& taken : entries) {
    const Entry& entry = *taken.entry;
    if (entry.type == EntryType::directory) {
      TRY(staging.make_directory(entry.path));
      continue;
    }
    const auto source = listing.sources.find(entry.path);
    const bool is_staged = source != listing.sources.end() && source->second == Source::staging;
    const Entry* const ours = find_entry(listing.entries, entry.path);
    if (is_staged && (taken.side == Side::ours || *ours == entry)) {
      counts_.new_files += 1;
      counts_.new_bytes += entry.type == EntryType::file ? entry.size : 0;
      continue;
    }
    if (is_staged) TRY(staging.remove_file(entry.path));
    const bool is_from_base = taken.side == Side::ours && source->second == Source::base;
    TRY_ASSIGN(const bool is_shared, staging.take_over(entry.path, is_from_base ? base_tree->get() : newest_->tree.get(), entry));
    (is_shared ? counts_.shared_files : counts_.new_files) += 1;
    if (!is_shared) counts_.new_bytes += entry.size;
  }
  for (const auto& [path, source] : listing.sources)
    if (source == Source::staging && find_entry(manifest_.entries, path) == nullptr) TRY(staging.remove_file(path));
  return finish_directories(staging, listing, entries);
}

// The deepest first: a directory without write permission takes nothing more.
Result<> Save::finish_directories(const Staging& staging, const Listing& listing, const std::vector<Taken>& entries) const {
  for (const Taken& taken : std::views::reverse(entries)) {
    const Entry& entry = *taken.entry;
    if (entry.type != EntryType::directory) continue;
    const auto ours = listing.times.find(entry.path);
    struct stat status {};
    if (ours == listing.times.end() && ::fstatat(newest_->tree.get(), entry.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("cannot look at " + quoted(entry.path), errno);
    TRY(staging.finish_directory(entry.path, entry.mode, ours == listing.times.end() ? status.st_mtim : ours->second));
  }
  return {};
}

Result<SaveResult> Save::conclude(Staging& staging, Meeting meeting) {
  const bool is_same = newest_ && newest_->pin.generation.digest == manifest_.generation.digest;
  // A refresh begins a new line, or the next one would be due at once.
  if (!is_same || is_refresh()) return publish(staging, meeting);
  const WarmGeneration& newest = newest_->pin.generation;
  TRY(label(newest.id));
  return answer(Saving::unchanged, newest, request_.name + " " + newest.id + " holds all of it already");
}

// An unchanged generation gets the key as another label.
Result<> Save::label(const std::string& id) const {
  if (request_.key.empty()) return {};
  TRY(make_own_directory(cache(), kKeys, cache_.path + "/" + kKeys));
  return point_at(cache(), std::string(kKeys) + "/" + request_.key, id);
}

Result<SaveResult> Save::publish(Staging& staging, Meeting meeting) {
  manifest_.generation.name = request_.name;
  manifest_.generation.key = request_.key;
  manifest_.origin = request_.origin;
  manifest_.tools = request_.tools;
  for (const SavedDirectory& directory : request_.directories) manifest_.directories.push_back(directory.path);
  std::optional<WarmGeneration> parent;
  if (meeting == Meeting::merged || (newest_ && request_.base == newest_->pin.generation.id)) parent = newest_->pin.generation;
  else if (base_) parent = base_->pin.generation;
  TRY_ASSIGN(const WarmGeneration generation, staging.publish(std::move(manifest_), parent, now()));
  std::string sentence = "saved " + request_.name + " " + generation.id + ": " + human_bytes(generation.bytes) + " in " +
                         std::to_string(generation.files) + " files, of them " + human_bytes(counts_.new_bytes) + " in " +
                         std::to_string(counts_.new_files) + " new ones";
  if (counts_.left_out > 0)
    sentence += "; " + std::to_string(counts_.left_out) + " left out (sockets, devices, other mounts, too long names)";
  if (counts_.was_merged) sentence += "; merged with what another run has saved meanwhile";
  const auto pruned = prune(cache_, request_.bounds, Leave::newest);
  if (!pruned) sentence += "; older generations cannot be removed: " + pruned.error().message;
  return answer(Saving::saved, generation, std::move(sentence));
}

Result<> require_apart(const std::vector<SavedDirectory>& directories) {
  for (const SavedDirectory& one : directories)
    for (const SavedDirectory& other : directories)
      if (&one != &other && is_within("/" + one.path, "/" + other.path))
        return fail("two directories of a warm cache overlap: " + quoted(one.path) + " and " + quoted(other.path));
  return {};
}

}  // namespace

Result<SaveResult> save(const SaveRequest& request, const Progress& progress) {
  TRY(require_apart(request.directories));
  TRY_ASSIGN(Place cache, make_cache(request.store, request.name));
  TRY_ASSIGN(const std::optional<sys::Fd> lock, lock_cache(cache.directory.get(), request.patience));
  if (!lock) {
    SaveResult late;
    late.sentence = "nothing was saved of " + request.name + ": another save or prune of it did not end within " + duration_text(request.patience);
    return late;
  }
  return Save(request, progress, std::move(cache)).run();
}

}  // namespace stepbox::warm
