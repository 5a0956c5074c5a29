// Exceptions end here: those of the standard library, above all for lack of memory.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "base/result.hpp"

namespace stepbox::cli {

// Returns the result of `work`, a T or a Result<T>; turns an exception into an Error.
template <class T, class Work>
Result<T> guarded(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return fail("out of memory", "raise the memory limit of stepbox (ulimit -d, ulimit -v, cgroup)");
  } catch (const std::exception& error) {
    return fail(std::string("internal error: ") + error.what(), "this is a bug in stepbox; please report it");
  }
}

}  // namespace stepbox::cli
