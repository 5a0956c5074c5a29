// Finds the outputs: walks the places where a step left files, and lists what the declared patterns take.
//
// The trees are hostile. They are walked by descriptor, no link is followed, and nothing but directories is opened. A
// refusal names the entry and the reason.
#pragma once

#include <sys/stat.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "digest/sha256.hpp"
#include "model/outputs.hpp"
#include "sys/file_id.hpp"

namespace stepbox::outputs {

// A place to look in. Borrowed descriptor (O_PATH will do).
struct Source {
  OutputRoot root;
  int directory;
  bool is_live = false;  // other processes may write to it meanwhile
};

struct Entry {
  std::string path;  // below the source, and below the destination
  OutputKind kind;
  bool is_passage = false;  // a directory that no pattern takes, on the way to an output
  bool is_linked = false;   // a file with further names
  uint8_t source = 0;
  mode_t mode = 0;  // permissions, without set-id bits
  uint64_t bytes = 0;
  uint64_t allocated = 0;
  timespec modified{};
  sys::FileId id{};
  std::string link;               // the text of a symbolic link
  digest::Sha256Digest digest{};  // of a file, once it is carried out
};

struct Found {
  std::vector<Entry> entries;        // sorted by path, each directory before what is in it
  std::vector<uint64_t> taken;       // by each declaration: its number of outputs
};

struct CollectBounds {
  uint64_t entries = kMostOutputs;
  std::vector<sys::FileId> passed_over = {};  // directories that hold no outputs: the destination of earlier ones
};

// `specs` are the declarations that apply. Patterns whose source is not among `sources` take nothing.
Result<Found> collect(std::span<const Source> sources, std::span<const OutputSpec* const> specs, const CollectBounds& bounds = {});

// Why a symbolic link at `path`, below the root of an output tree, may not be carried out; empty if following it never
// leaves the root: its text is relative, and ".." stands only at its beginning, at most as often as the link lies deep.
// (Behind a name, ".." would depend on whether the name is a link itself.)
std::string reason_against_link(std::string_view path, std::string_view text);

// A path for a message, shortened if it is very long.
std::string named(std::string_view path);

}  // namespace stepbox::outputs
