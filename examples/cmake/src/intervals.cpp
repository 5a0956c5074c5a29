#include "intervals.hpp"

#include <algorithm>

std::vector<Interval> merged(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) { return a.first < b.first; });
  std::vector<Interval> out;
  for (const Interval& next : intervals) {
    if (!out.empty() && next.first <= out.back().last + 1) out.back().last = std::max(out.back().last, next.last);
    else out.push_back(next);
  }
  return out;
}
