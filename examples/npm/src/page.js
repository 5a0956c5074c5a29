'use strict';
const plural = require('plural');

module.exports = function page(items) {
  const lines = Object.entries(items).map(([word, count]) => `    <li>${plural(count, word)}</li>`);
  return ['<!doctype html>', '<title>To buy</title>', '<ul>', ...lines, '</ul>', ''].join('\n');
};
