import { expect, test } from 'vitest';

import { linksPath, parseRoute } from './route';

test('the root is the start page', () => {
  expect(parseRoute('/')).toEqual({ screen: 'landing' });
});

test('/m/ and a code is a meeting, with or without a slash at the end', () => {
  expect(parseRoute('/m/abc-defg-hij')).toEqual({ screen: 'call', code: 'abc-defg-hij' });
  expect(parseRoute('/m/abc-defg-hij/')).toEqual({ screen: 'call', code: 'abc-defg-hij' });
});

test('the links of a room come back from their own path', () => {
  expect(parseRoute(linksPath('a/b'))).toEqual({ screen: 'links', room: 'a/b' });
});

test('the API has a page', () => {
  expect(parseRoute('/docs')).toEqual({ screen: 'docs' });
});

test('a stray percent sign is kept', () => {
  expect(parseRoute('/m/%')).toEqual({ screen: 'call', code: '%' });
});

test('any other path is no screen', () => {
  for (const path of ['/m', '/m/', '/m/a/b', '/meeting/x', '/admin']) {
    expect(parseRoute(path), path).toEqual({ screen: 'missing' });
  }
});
