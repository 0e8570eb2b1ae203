// Comparing numbers as the native tests do.

import assert from 'node:assert/strict';

/** max |a−b| */
export function greatest(a, b) {
  assert.equal(a.length, b.length);
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - b[index])), 0);
}

/** ‖a−b‖/‖b‖ */
export function relative(a, b) {
  assert.equal(a.length, b.length);
  const sum = (values) => values.reduce((total, value) => total + value * value, 0);
  return Math.sqrt(sum(a.map((value, index) => value - b[index])) / sum(b));
}
