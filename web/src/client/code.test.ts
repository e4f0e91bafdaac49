import { expect, test } from 'vitest';

import { meetingLink, parseCode } from './code';

test('a code is taken as it is', () => {
  expect(parseCode('abc-defg-hij')).toBe('abc-defg-hij');
});

test('spaces around and capitals do not matter', () => {
  expect(parseCode('  ABC-Defg-HIJ\n')).toBe('abc-defg-hij');
});

test('ten letters without hyphens are a code', () => {
  expect(parseCode('abcdefghij')).toBe('abc-defg-hij');
});

test('the code is found in a link of any server', () => {
  expect(parseCode('https://meet.example.org/m/abc-defg-hij')).toBe('abc-defg-hij');
  expect(parseCode('http://localhost:8080/m/abc-defg-hij?x=1#y')).toBe('abc-defg-hij');
  expect(parseCode('https://x.example/meeting/abc-defg-hij')).toBe('abc-defg-hij');
});

test('a host name which looks like a code is not one', () => {
  expect(parseCode('https://abc-defg-hij.example.org/')).toBeNull();
  expect(parseCode('https://abc-defg-hij/m/')).toBeNull();
});

test('a query which looks like a code is not one', () => {
  expect(parseCode('https://example.org/?to=abc-defg-hij')).toBeNull();
});

test('anything else is refused', () => {
  for (const text of [
    '',
    'abc',
    'abc-defg-hi',
    'abc-defg-hijk',
    'abc_defg_hij',
    '123-4567-890',
  ]) {
    expect(parseCode(text), text).toBeNull();
  }
});

test('a code out of a link makes the same link', () => {
  const link = meetingLink('https://meet.example.org', 'abc-defg-hij');
  expect(link).toBe('https://meet.example.org/m/abc-defg-hij');
  expect(parseCode(link)).toBe('abc-defg-hij');
});
