// burn MILLISECONDS: keeps one processor busy that long, as far as the scheduler lets it.
#include <chrono>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::atol(argv[1]));
  while (std::chrono::steady_clock::now() < end) {
  }
  return 0;
}
