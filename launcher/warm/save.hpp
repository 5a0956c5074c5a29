// Makes the next generation of a warm cache.
#pragma once

#include "base/result.hpp"
#include "warm/save_request.hpp"
#include "warm/view.hpp"

namespace stepbox::warm {

// Saves what the request says. However it ends, the store holds the older generation or the new one as a whole; what a
// killed save has left is removed by the next run that reads or saves this warm cache. No process of
// the step may be alive.
//
// If another run has saved since this one started, both are merged by the rules (warm/merge.hpp). The save is
// discarded, and the sentence says so, where the rules do not allow that, where the other run started afresh, and where
// the new generation would be larger than the bounds.
//
// Error: the store is not the caller's alone, a file cannot be read, the disk is full, ...: nothing was saved.
Result<SaveResult> save(const SaveRequest& request, const Progress& progress);

}  // namespace stepbox::warm
