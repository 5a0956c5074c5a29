#include <iostream>

#include "intervals.hpp"

int main() {
  std::vector<Interval> intervals;
  for (Interval next{}; std::cin >> next.first >> next.last;) intervals.push_back(next);
  for (const Interval& interval : merged(intervals)) std::cout << interval.first << ' ' << interval.last << '\n';
}
