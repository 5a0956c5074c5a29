#include "words.h"

size_t count_lines(const char *text) {
  size_t lines = 0;
  for (; *text; ++text) lines += *text == '\n';
  return lines;
}
