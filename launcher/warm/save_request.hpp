// What a run asks of the companion that saves its warm caches, and the answer; both as text. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/warm.hpp"

namespace stepbox::warm {

// A directory of the finished step.
struct SavedDirectory {
  std::string path;  // in the generation: "cache/go-build"
  // Open for reading, on the merged view: never on an overlay's upper directory. Borrowed. The companion gets its own
  // copy, under a number that the text of the request has instead.
  int view = -1;
};

struct SaveRequest {
  std::string store;  // absolute; it is made if it is missing
  std::string name;
  std::vector<SavedDirectory> directories;
  std::vector<WarmRule> rules;
  WarmBounds bounds;
  std::string key;   // the label of the new generation; empty: none
  std::string base;  // the id of the generation that the step read through; empty: it started from an empty cache
  std::string seen;  // the id of the newest generation when the step started; empty: there was none
  WarmOrigin origin;
  std::vector<std::string> tools;            // for the manifest: "go 1.19.8"
  std::chrono::milliseconds patience{60'000};  // for another save of the same name to end
};

enum class Saving : uint8_t {
  saved,      // there is a new generation
  unchanged,  // it would be the same as the newest one
  known,      // there is a generation with this key
  discarded,  // nothing was saved, for the reason in the sentence
};

struct SavingRow {
  Saving saving;
  std::string_view word;
};
inline constexpr SavingRow kSavings[] = {
    {Saving::saved, "saved"},
    {Saving::unchanged, "unchanged"},
    {Saving::known, "known"},
    {Saving::discarded, "discarded"},
};

struct SaveResult {
  Saving saving = Saving::discarded;
  WarmGeneration generation;   // the new one, or the one that is the same or has the key; empty if discarded
  uint64_t new_bytes = 0;      // of files that are not shared with an older generation
  uint64_t new_files = 0;
  uint64_t shared_files = 0;   // hard links or reflinks
  uint64_t left_out = 0;       // sockets, FIFOs, devices, and names that are too long
  bool was_merged = false;     // with a generation that another run saved meanwhile
  std::string sentence;        // for people, without a full stop: "saved go 000042-9f86d081884c: 12 new files, 3 MiB"
};

// Text and back. An error names the line that cannot be read.
std::string to_text(const SaveRequest& request);
Result<SaveRequest> request_of_text(std::string_view text);
std::string to_text(const SaveResult& result);
Result<SaveResult> result_of_text(std::string_view text);

}  // namespace stepbox::warm
