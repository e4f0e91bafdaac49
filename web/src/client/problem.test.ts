import { expect, test } from 'vitest';

import {
  actionFor,
  createProblem,
  loginProblem,
  sdkProblem,
  sentAwayProblem,
  thrownProblem,
  type Cause,
} from './problem';

test.each<[status: number, cause: Cause]>([
  [400, 'wrong-code'],
  [404, 'wrong-code'],
  [403, 'turned-off'],
  [429, 'too-many-tries'],
  [500, 'server-trouble'],
  [503, 'server-trouble'],
  [418, 'unknown'],
])('a login answered with %i is %s', (status, cause) => {
  expect(loginProblem(status, '').cause).toBe(cause);
});

test('the status becomes the code of the problem', () => {
  expect(loginProblem(404, 'room code not found')).toEqual({
    cause: 'wrong-code',
    code: '404',
    detail: 'room code not found',
  });
});

test.each<[status: number, detail: string, cause: Cause]>([
  [401, 'Token validation error', 'key-needed'],
  [403, 'not allowed', 'key-needed'],
  [403, 'meetings are switched off', 'creating-off'],
  [403, 'this server does not go by that name: public-url gives it one', 'creating-off'],
  [404, '', 'creating-off'],
  [429, '', 'too-many-tries'],
  [500, '', 'server-trouble'],
])('creating answered with %i "%s" is %s', (status, detail, cause) => {
  expect(createProblem(status, detail).cause).toBe(cause);
});

test.each<[code: number, cause: Cause]>([
  [401, 'expired'],
  [403, 'turned-off'],
  [500, 'server-trouble'],
  [1003, 'lost'],
  [1006, 'lost'],
  [2003, 'unreachable'],
  [3001, 'device-denied'],
  [3002, 'device-missing'],
  [3003, 'device-busy'],
  [3011, 'device-denied-by-system'],
  [3015, 'device-silent'],
  [4005, 'ice-failed'],
  [6010, 'not-secure'],
  [5001, 'unknown'],
])('SDK error %i is %s', (code, cause) => {
  expect(sdkProblem({ code, message: '' }).cause).toBe(cause);
});

test('a full room and a closed one share a number, and differ in words', () => {
  expect(sdkProblem({ code: 403, message: 'room is full' }).cause).toBe('full');
  expect(sdkProblem({ code: 403, message: 'room is not active' }).cause).toBe('turned-off');
});

test('a code that is switched off does not switch off the meeting', () => {
  const said = 'room code is disabled';
  expect(loginProblem(403, said).cause).toBe('code-off');
  expect(sdkProblem({ code: 403, message: said }).cause).toBe('code-off');
  expect(loginProblem(403, 'room is not active').cause).toBe('turned-off');
});

test('"full" in a failure of ours does not make the room full', () => {
  expect(sdkProblem({ code: 500, message: 'disk is full' }).cause).toBe('server-trouble');
});

test('whatever is thrown becomes a problem', () => {
  expect(thrownProblem({ code: 1003, message: 'lost' }).cause).toBe('lost');
  expect(thrownProblem(new Error('boom'))).toMatchObject({ cause: 'unknown', detail: 'boom' });
  expect(thrownProblem({ code: 'x' }).cause).toBe('unknown');
  expect(thrownProblem(undefined).cause).toBe('unknown');
});

test('a wrong code is edited, an expired token is renewed, an ended meeting is left', () => {
  expect(actionFor('wrong-code')).toBe('edit-code');
  expect(actionFor('expired')).toBe('get-in-again');
  expect(actionFor('ended')).toBe('home');
});

test('only the end of the room is called so, whatever the SDK makes of a sender it does not know', () => {
  expect(sentAwayProblem({ roomEnded: true, reason: '' }, false).cause).toBe('ended');
  expect(sentAwayProblem({ roomEnded: false, reason: 'enough' }, false)).toMatchObject({
    cause: 'removed',
    detail: 'enough',
  });
  expect(sentAwayProblem({ roomEnded: false }, true).cause).toBe('refused');
});
