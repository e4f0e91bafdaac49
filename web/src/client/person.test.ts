import { expect, test } from 'vitest';

import { hue, initials, isGivenName } from './person';

test.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['Juan Carlos de la Cruz', 'JC'],
  ['  ', ''],
  ['émile zola', 'ÉZ'],
  ['🎉 party', '🎉P'],
])('the initials of "%s" are "%s"', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test('a name has one colour, and another name another', () => {
  expect(hue('Ada')).toBe(hue('Ada'));
  expect(hue('Ada')).not.toBe(hue('Bob'));
  expect(hue('Ada')).toBeGreaterThanOrEqual(0);
  expect(hue('Ada')).toBeLessThan(360);
});

test('a UUID or an id is not a name that somebody gave', () => {
  expect(isGivenName('Monday stand-up')).toBe(true);
  expect(isGivenName('')).toBe(false);
  expect(isGivenName('2b4e28ba-2fa1-11d2-883f-0016d3cca427')).toBe(false);
  expect(isGivenName('6650c3a1f2b4e5d6a7b8c9d0')).toBe(false);
});
