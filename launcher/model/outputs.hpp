// What leaves the box: as declared, as planned, and as carried out. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/origin.hpp"
#include "model/output_pattern.hpp"

namespace stepbox {

enum class OutputWhen : uint8_t {
  success,  // after a step that exited with code 0
  always
};
const char* name_of(OutputWhen when);

// Bounds the outputs of one declaration without a max-size of its own: a sparse file may claim any size.
inline constexpr uint64_t kDefaultOutputBytes = uint64_t{64} << 30;
// Bounds the outputs of a run. stepbox needs up to 250 bytes of memory and the path for each.
inline constexpr uint64_t kMostOutputs = 1'000'000;

struct OutputSpec {
  std::string text;  // the pattern as written
  OutputPattern pattern;
  bool is_required = false;
  uint64_t max_bytes = kDefaultOutputBytes;  // of all its files, by length and by allocated blocks
  OutputWhen when = OutputWhen::success;
  Origin origin = {};
  bool operator==(const OutputSpec& other) const {
    return text == other.text && is_required == other.is_required && max_bytes == other.max_bytes && when == other.when;
  }
};

// Where patterns relative to the checkout find their files.
enum class CheckoutView : uint8_t {
  absent,   // the step has no checkout
  host,     // the host's own directory
  overlay   // the merged view of an overlay over it
};

struct OutputsPlan {
  std::vector<OutputSpec> declared;  // empty: nothing leaves the box
  CheckoutView view = CheckoutView::absent;
  std::string checkout;              // of the host
  std::string to;                    // --outputs-to; empty: into the checkout
  std::string manifest;              // --outputs-manifest; empty: none
  std::vector<std::string> kept_from_step;  // paths of the host below the checkout that the step could not write to
};

enum class OutputKind : uint8_t { file, link, directory };
const char* name_of(OutputKind kind);

struct OutputRecord {
  std::string path;  // below the destination
  OutputKind kind = OutputKind::file;
  uint64_t bytes = 0;
  uint32_t mode = 0;
  std::string sha256;  // of a file
  std::string target;  // of a link
  bool operator==(const OutputRecord&) const = default;
};

struct CarriedOutputs {
  enum class State : uint8_t {
    none,      // nothing was declared, or nothing that applies to how the step ended
    recorded,  // the outputs lie where the step wrote them
    carried,   // into `to`
    failed     // the destination is as it was
  };
  // A report lists no more, and counts the rest. The manifest has them all.
  static constexpr size_t kMostListed = 10'000;

  State state = State::none;
  std::string to;  // of the host
  std::vector<OutputRecord> listed;
  uint64_t files = 0;  // links among them
  uint64_t directories = 0;
  uint64_t bytes = 0;  // lengths of the files
  std::optional<Error> failure = {};  // names the file and the reason
  std::vector<std::string> missing = {};   // optional patterns that nothing matched
  std::vector<std::string> warnings = {};
};
const char* name_of(CarriedOutputs::State state);

}  // namespace stepbox
