// A snapshot for people: a few lines on stderr before stepbox ends the step. The report has all of it.
#pragma once

#include <string>
#include <vector>

#include "model/deadlines.hpp"

namespace stepbox::report {

// Without newlines and prefix; every name in them is escaped.
std::vector<std::string> lines_of(const Snapshot& snapshot);

}  // namespace stepbox::report
