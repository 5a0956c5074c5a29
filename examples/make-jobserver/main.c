#include <stdio.h>

#include "lib/words.h"

int main(void) {
  static char text[1 << 20];
  text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
  printf("%zu words, %zu lines, the longest has %zu letters\n", count_words(text), count_lines(text),
         longest_word(text));
  return 0;
}
