import { expect, test } from 'vitest';

import { linkify } from './linkify';

test('an address becomes a link, the text around it stays text', () => {
  expect(linkify('see https://example.org/a?b=1 now')).toEqual([
    { text: 'see ' },
    { text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
    { text: ' now' },
  ]);
});

test('a full stop after an address is not part of it', () => {
  expect(linkify('(https://example.org).')).toEqual([
    { text: '(' },
    { text: 'https://example.org', href: 'https://example.org' },
    { text: ').' },
  ]);
});

test('markup and other schemes stay text', () => {
  for (const text of ['<b>x</b>', 'javascript:alert(1)', 'https://', 'data:text/html,x']) {
    expect(linkify(text)).toEqual([{ text }]);
  }
});

test('an empty message has no pieces', () => {
  expect(linkify('')).toEqual([]);
});
