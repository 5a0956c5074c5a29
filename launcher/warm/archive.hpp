// A generation as one file, to carry it to other machines: a tar archive compressed with zstd. The only place that
// includes libarchive.
//
// The first member, "stepbox-warm", is a manifest without what belongs to one machine or one time: no id, no origin, no
// times. The others are the entries of that manifest, in its order, below "tree/". So the bytes of the file follow from
// the name, the key, the tools, and the tree with its times of modification in whole seconds; and from the versions of
// libarchive and libzstd (archive_versions()).
#pragma once

#include <string>

#include "base/result.hpp"
#include "warm/generation.hpp"
#include "warm/save_request.hpp"
#include "warm/view.hpp"

namespace stepbox::warm {

// Writes the generation to a file, which gets its name when it is complete, or to standard output for "-". Error: the
// generation differs from its manifest, or the file cannot be written; then there is none.
Result<> pack(const OpenGeneration& generation, const std::string& file, const Progress& progress);

// Makes the next generation, of a line of its own, from such a file; "-" is standard input. `name` is the warm cache;
// empty: the one that the file names. Every member must be the next entry of the file's own manifest, with its type,
// size and content, so nothing else is ever made: no path that leads elsewhere, no device, no set-id program. Error:
// the file is no packed warm cache, is damaged or was changed; then the store is as before.
Result<SaveResult> unpack(const std::string& store, const std::string& name, const std::string& file, const WarmBounds& bounds,
                          const Progress& progress);

// "libarchive 3.6.2 ... libzstd/1.5.4".
std::string archive_versions();

}  // namespace stepbox::warm
