import { expect, test } from 'vitest';

import { isolated, shownLine, shownName, shownText } from './shown';

test.each([
  ['Ada Lovelace', 'Ada Lovelace'],
  ['  Ada \n\n Lovelace\t', 'Ada Lovelace'],
  ['\u202e\u202eevil <b>x</b>\u0007\n\n\n', 'evil <b>x</b>'],
  ['\u2066A\u2069\u202ad\u202ca', 'Ada'],
  ['A\u0000d\u009fa\ud800', 'Ada'],
  ['👩‍👩‍👧 ❤️', '👩‍👩‍👧 ❤️'],
  ['می‌خواهم', 'می‌خواهم'],
  ['שרה', 'שרה'],
])('the line %j is shown as %j', (text, shown) => {
  expect(shownLine(text)).toBe(shown);
});

test.each([
  ['nothing', ''],
  ['blanks', ' \u00a0\u3000\t'],
  ['zero widths', '\u200b\u200d\ufeff\u2060'],
  ['controls', '\u0007\u0000'],
  ['directions', '\u202e\u200f'],
  ['fillers', '\u3164\u115f\uffa0'],
  ['a blank pattern of Braille', '\u2800'],
  ['a soft hyphen', '\u00ad'],
  ['tags and selectors', '\u{e0041}\ufe0f'],
  ['marks without a letter', '\u0301\u0302'],
])('a line of %s shows nothing', (_what, text) => {
  expect(shownLine(text)).toBe('');
});

test('no name at all shows nothing', () => {
  expect(shownLine(undefined)).toBe('');
  expect(shownLine(null)).toBe('');
});

test('marks do not pile up over the lines above, and those of real letters stay', () => {
  expect(shownLine(`Z${'\u0335'.repeat(200)}a`)).toBe(`Z${'\u0335'.repeat(8)}a`);
  expect(shownText(`Z${'\u0335'.repeat(200)}`)).toBe(`Z${'\u0335'.repeat(8)}`);
  const hebrew = 'שַּׁ֥';
  expect(shownLine(hebrew)).toBe(hebrew);
});

test('a name that would fill the screen is cut, between two letters', () => {
  expect(shownName('a'.repeat(64))).toBe('a'.repeat(64));
  expect(shownName('a'.repeat(65))).toBe(`${'a'.repeat(63)}…`);
  expect(shownName('🎉'.repeat(256))).toBe(`${'🎉'.repeat(63)}…`);
  expect(shownName('\u200b')).toBe('');
});

test('a message keeps its lines and blanks, and turns nothing around', () => {
  expect(shownText('one\r\n  two\tthree\rfour')).toBe('one\n  two\tthree\nfour');
  expect(shownText('\u202ehttps://example.org\u0007')).toBe('https://example.org');
  expect(shownText('שלום\u200f!')).toBe('שלום\u200f!');
});

test('what is shown once is shown the same again', () => {
  for (const text of ['\u202e a\u0007 \u0301', `a${'\u0301'.repeat(20)}`, ' \u200b x']) {
    expect(shownLine(shownLine(text))).toBe(shownLine(text));
  }
});

test('letters from right to left take no words along, and others need no fence', () => {
  expect(isolated('Ada')).toBe('Ada');
  expect(isolated('שרה 12')).toBe('\u2068שרה 12\u2069');
  expect(isolated('محمد')).toBe('\u2068محمد\u2069');
  expect(isolated('\u200f1')).toBe('\u2068\u200f1\u2069');
});
