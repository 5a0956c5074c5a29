'use strict';
const assert = require('assert');
const page = require('./page');

const text = page({ box: 2, berry: 40, cake: 1 });
for (const part of ['2 boxes', '40 berries', '1 cake<']) assert(text.includes(part), part);
console.log('ok');
