'use strict';

// 2, "berry" -> "2 berries"
module.exports = function plural(count, word) {
  if (count === 1) return `1 ${word}`;
  if (/[^aeiou]y$/.test(word)) return `${count} ${word.slice(0, -1)}ies`;
  return `${count} ${word}${/(s|x|z|ch|sh)$/.test(word) ? 'es' : 's'}`;
};
