import { expect, test } from 'vitest';

import { givenName, hue, initials } from './person';

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
  expect(givenName('Monday stand-up')).toBe('Monday stand-up');
  expect(givenName('')).toBe('');
  expect(givenName('2b4e28ba-2fa1-11d2-883f-0016d3cca427')).toBe('');
  expect(givenName('6650c3a1f2b4e5d6a7b8c9d0')).toBe('');
});

test('a name that shows nothing names no room, and no name turns what follows around', () => {
  expect(givenName(undefined)).toBe('');
  expect(givenName(' \u200b')).toBe('');
  expect(givenName('\u202eMonday')).toBe('Monday');
});
