import { afterEach, expect, test, vi } from 'vitest';

import { createMeeting, loginWithCode } from './api';

afterEach(() => vi.unstubAllGlobals());

function serverAnswers(status: number, body: string, headers: Record<string, string> = {}) {
  const fetch = vi.fn(async () => new Response(body, { status, headers }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

test('a new meeting has a room and two codes', async () => {
  serverAnswers(200, '{"Host_Code":"aaa-bbbb-ccc","Guest_Code":"ddd-eeee-fff","Room_Id":"r1"}');
  expect(await createMeeting('')).toEqual({
    ok: true,
    value: { room: 'r1', hostCode: 'aaa-bbbb-ccc', guestCode: 'ddd-eeee-fff' },
  });
});

test('a management token is sent as bearer, the meetings key as such, no key as nothing', async () => {
  const fetch = serverAnswers(401, '{}');
  await createMeeting('head.claims.signature');
  await createMeeting('');
  expect(fetch).toHaveBeenNthCalledWith(
    1,
    '/api/meetings',
    expect.objectContaining({
      headers: {
        'Content-Type': 'application/json',
        Authorization: 'Bearer head.claims.signature',
      },
    }),
  );
  expect(fetch).toHaveBeenNthCalledWith(
    2,
    '/api/meetings',
    expect.objectContaining({ headers: { 'Content-Type': 'application/json' } }),
  );
  await createMeeting('k');
  expect(fetch).toHaveBeenLastCalledWith(
    '/api/meetings',
    expect.objectContaining({
      headers: { 'Content-Type': 'application/json', 'Parlor-Key': 'k' },
    }),
  );
});

test('a code is exchanged for a token', async () => {
  const fetch = serverAnswers(200, '{"token":"h.p.s"}');
  expect(await loginWithCode('abc-defg-hij', 'u')).toEqual({ ok: true, value: 'h.p.s' });
  expect(fetch).toHaveBeenCalledWith(
    '/v2/token',
    expect.objectContaining({ body: '{"code":"abc-defg-hij","user_id":"u"}' }),
  );
});

test('a refusal keeps the words of the server', async () => {
  serverAnswers(404, '{"code":404,"message":"room code not found"}');
  expect(await loginWithCode('abc-defg-hij', 'u')).toEqual({
    ok: false,
    problem: { cause: 'wrong-code', code: '404', detail: 'room code not found' },
  });
});

test('a server which is busy says how long to wait', async () => {
  serverAnswers(429, '{"code":429,"message":"slow down"}', { 'Retry-After': '7' });
  expect(await loginWithCode('abc-defg-hij', 'u')).toMatchObject({
    problem: { cause: 'too-many-tries', waitSeconds: 7 },
  });
});

test('an answer which is not JSON is trouble of the server', async () => {
  serverAnswers(200, '<html>');
  expect(await loginWithCode('abc-defg-hij', 'u')).toMatchObject({
    ok: false,
    problem: { cause: 'server-trouble' },
  });
});

test('no answer at all means unreachable', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await loginWithCode('abc-defg-hij', 'u')).toMatchObject({
    ok: false,
    problem: { cause: 'unreachable', code: '2003' },
  });
});
