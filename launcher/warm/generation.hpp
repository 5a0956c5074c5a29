// A generation with its list of files, for saves and everything else that looks at the files.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "sys/fd.hpp"
#include "warm/manifest.hpp"
#include "warm/store.hpp"

namespace stepbox::warm {

struct OpenGeneration {
  Pinned pin;
  Manifest manifest;
  sys::Fd tree;
};

// Pins it as pin_generation() does, and reads its manifest. Nothing if it is gone. Error: as of pin_generation(), and
// for a manifest that cannot be read or does not fit the seal.
Result<std::optional<OpenGeneration>> open_generation(const std::string& store, const std::string& name, const std::string& id);

// The newest one, likewise.
Result<std::optional<OpenGeneration>> open_newest(const std::string& store, const std::string& name);

// The text of a generation's manifest. `cache` is the directory of the warm cache.
Result<std::string> read_manifest_text(int cache, const std::string& id);

}  // namespace stepbox::warm
