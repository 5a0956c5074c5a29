// use_stack BYTES [ANYTHING...]: exits with 7 if the stack had that much room.
#include <alloca.h>

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto bytes = static_cast<size_t>(std::atol(argv[1]));
  auto* room = static_cast<volatile char*>(alloca(bytes + 1));
  for (size_t i = 0; i <= bytes; ++i) room[i] = 1;
  return 6 + room[0];
}
