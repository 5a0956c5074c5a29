// show_arguments ARG...: everything that the step was given, in hexadecimal where it may be odd.
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>

namespace {

void show(const char* key, const char* text) {
  std::printf("%s %zu ", key, std::strlen(text));
  for (const char* c = text; *c != '\0' && c - text < 64; ++c) std::printf("%02x", static_cast<unsigned char>(*c));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  std::printf("argc %d\n", argc);
  for (int i = 0; i < argc; ++i) show("arg", argv[i]);
  for (char** entry = environment; *entry != nullptr; ++entry) show("env", *entry);
  char cwd[PATH_MAX];
  show("cwd", ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "?");
  const mode_t mask = ::umask(0);
  std::printf("umask %04o\n", mask);
  return 0;
}
