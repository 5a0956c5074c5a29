'use strict';
const fs = require('fs');
const path = require('path');
const page = require('./page');

const items = JSON.parse(fs.readFileSync(path.join(__dirname, 'items.json'), 'utf8'));
const out = path.join(__dirname, '..', 'dist');
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(path.join(out, 'index.html'), page(items));
console.log(`dist/index.html: ${Object.keys(items).length} lines`);
