// use_memory BYTES: touches that much anonymous memory, says "held", and exits.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto bytes = static_cast<size_t>(std::atoll(argv[1]));
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 8;
  auto* at = static_cast<volatile char*>(memory);
  for (size_t i = 0; i < bytes; i += 4096) at[i] = 1;
  (void)!::write(1, "held\n", 5);
  return 0;
}
