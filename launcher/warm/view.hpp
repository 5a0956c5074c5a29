// Reads a finished step's directory for a save: lists what is there, finds out what is new, and copies that.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "warm/manifest.hpp"
#include "warm/merge.hpp"
#include "warm/save_request.hpp"
#include "warm/staging.hpp"

namespace stepbox::warm {

// An older generation whose files may be linked. Borrowed.
struct OlderTree {
  int tree = -1;  // open directory
  const Manifest* manifest = nullptr;
};

// Where the content of an entry of ours is.
enum class Source : uint8_t { staging, base, newest };

struct Listing {
  std::vector<Entry> entries;  // sorted once everything is read
  std::unordered_map<std::string, Source> sources;  // of files and links
  std::unordered_map<std::string, timespec> times;  // of directories
  uint64_t left_out = 0;
};

// Called with the numbers of files and bytes that have been looked at so far.
using Progress = std::function<void(uint64_t files, uint64_t bytes)>;

struct ViewTask {
  const std::vector<WarmRule>& rules;
  OlderTree base;    // what the step read through; without a manifest: nothing
  OlderTree newest;  // the newest generation, likewise; may be the same
  Staging& staging;  // gets what neither of them has
  const Progress& progress;
};

// Adds a directory to the listing, by descriptor and without following links. A file counts as unchanged without being
// read if the merged view shows the inode of the generation: the same size, mode, time of change and time of status
// change, which no program can set. Every other file is read. Error: something cannot be read, and then nothing may be
// saved; sockets, FIFOs, devices, other mounts and too long names are only left out.
Result<> read_view(const SavedDirectory& directory, const ViewTask& task, Listing& listing);

}  // namespace stepbox::warm
