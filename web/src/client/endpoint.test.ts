import { expect, test } from 'vitest';

import { initEndpoint } from './endpoint';

test('an https origin is used as it is', () => {
  expect(initEndpoint('https://meet.example.org')).toBe('https://meet.example.org');
});

test('on plain http a fragment carries the text which the SDK looks for', () => {
  const endpoint = initEndpoint('http://localhost:8080');
  expect(endpoint).toContain('https://');
  expect(new URL('/init', endpoint).href).toBe('http://localhost:8080/init');
});
