// The contents of places of the host: names, types, sizes, times and inodes. Two fingerprints are equal when nothing
// was made, changed, replaced or removed in between.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace stepbox::feature {

using Fingerprint = std::map<std::string, std::string>;

enum class Depth { listing, tree };

// Does not follow symbolic links, and leaves out other file systems and everything below `without`.
Fingerprint fingerprint_of(const std::vector<std::filesystem::path>& places, Depth depth,
                           const std::vector<std::filesystem::path>& without = {});

// A line per difference; empty when there is none.
std::string differences(const Fingerprint& before, const Fingerprint& after);

}  // namespace stepbox::feature
