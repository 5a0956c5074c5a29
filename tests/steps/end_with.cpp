// end_with code N | signal N
#include <csignal>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int number = std::atoi(argv[2]);
  if (std::string_view(argv[1]) == "code") return number;
  std::signal(number, SIG_DFL);
  std::raise(number);
  return 99;
}
