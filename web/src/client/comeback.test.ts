import { expect, test } from 'vitest';

import { isBroken, isDue, nextComeback, readComeback } from './comeback';
import { problem } from './problem';

const visit = { code: 'abc-defg-hij', name: 'Hana', audio: true, video: false };

test('what broke in the SDK is told from what ended the meeting', () => {
  expect(isBroken(problem('unknown', '4004'))).toBe(true);
  expect(isBroken(problem('ice-failed', '4005'))).toBe(true);
  for (const code of ['403', '404', '409', '1003', '3001', 'removed', '40040']) {
    expect(isBroken(problem('unknown', code))).toBe(false);
  }
});

test('it is tried three times in five minutes', () => {
  let last = nextComeback(visit, null, 1_000);
  expect(last).toMatchObject({ ...visit, tries: 1, at: 1_000, since: 1_000 });
  last = nextComeback(visit, last, 2_000);
  last = nextComeback(visit, last, 3_000);
  expect(last).toMatchObject({ tries: 3, since: 1_000 });
  expect(nextComeback(visit, last, 4_000)).toBeNull();
  expect(nextComeback(visit, last, 301_000)).toMatchObject({ tries: 1, since: 301_000 });
});

test('only a page of the same meeting that begins soon joins by itself', () => {
  const last = nextComeback(visit, null, 1_000);
  expect(isDue(last, visit.code, 2_000)).toBe(true);
  expect(isDue(last, 'other', 2_000)).toBe(false);
  expect(isDue(last, visit.code, 61_000)).toBe(false);
  expect(isDue(null, visit.code, 2_000)).toBe(false);
});

test('what was remembered is read back, and nothing else is', () => {
  const last = nextComeback(visit, null, 1_000);
  expect(readComeback(JSON.stringify(last))).toEqual(last);
  for (const text of [null, '', 'null', '1', '{}', '{"at":"1","tries":1,"since":1}']) {
    expect(readComeback(text)).toBeNull();
  }
});
