import { expect, test } from 'vitest';

import { elapsed } from './time';

test.each([
  [0, '0:00'],
  [59.9, '0:59'],
  [60, '1:00'],
  [3599, '59:59'],
  [3600, '1:00:00'],
  [-5, '0:00'],
])('%d seconds read %s', (seconds, text) => {
  expect(elapsed(seconds)).toBe(text);
});
