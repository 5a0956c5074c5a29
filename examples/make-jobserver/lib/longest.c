#include "words.h"

#include <ctype.h>

size_t longest_word(const char *text) {
  size_t longest = 0;
  for (size_t length = 0; *text; ++text) {
    length = isspace((unsigned char)*text) ? 0 : length + 1;
    if (length > longest) longest = length;
  }
  return longest;
}
