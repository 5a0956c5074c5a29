// Closed intervals of whole numbers, merged where they touch or overlap.
#pragma once

#include <vector>

struct Interval {
  long first;
  long last;
};

std::vector<Interval> merged(std::vector<Interval> intervals);
