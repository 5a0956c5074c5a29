#include "intervals.hpp"

#include <cstdio>

namespace {

bool same(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].first != b[i].first || a[i].last != b[i].last) return false;
  return true;
}

int failures = 0;

void check(const char* what, bool holds) {
  if (holds) return;
  std::printf("failed: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  check("nothing stays nothing", merged({}).empty());
  check("neighbours are joined", same(merged({{4, 5}, {1, 3}}), {{1, 5}}));
  check("what lies inside vanishes", same(merged({{1, 9}, {2, 3}}), {{1, 9}}));
  check("gaps stay", same(merged({{5, 6}, {1, 3}}), {{1, 3}, {5, 6}}));
  return failures == 0 ? 0 : 1;
}
