// A host program that stepbox queries: always with a deadline, captured output, a clean environment and an
// absolute path, since stepbox may be root and PATH is the caller's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

struct HelperOutput {
  int exit_code;       // 128+N when signal N ended it
  std::string output;  // from stdout; stderr is discarded
};

// Runs the program to its end. Error: it cannot be started, or the deadline passed, and then it is killed.
Result<HelperOutput> run_helper(const std::string& program, const std::vector<std::string>& arguments,
                                std::chrono::milliseconds deadline);

}  // namespace stepbox::sys
