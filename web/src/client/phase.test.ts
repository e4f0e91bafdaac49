import { expect, test } from 'vitest';

import { nextPhase, type Phase, type PhaseEvent } from './phase';
import { problem } from './problem';

function walk(...events: PhaseEvent[]): Phase {
  return events.reduce(nextPhase, { at: 'token' });
}

const intoCall: PhaseEvent[] = [
  { type: 'token-given' },
  { type: 'join-asked' },
  { type: 'connected' },
];

test('a visit goes from token to call', () => {
  expect(walk(...intoCall)).toEqual({ at: 'call', ending: false });
});

test('leaving is not a failure, whatever the SDK says afterwards', () => {
  const phase = walk(
    ...intoCall,
    { type: 'leave-asked' },
    { type: 'disconnected' },
    { type: 'failed', problem: problem('lost') },
  );
  expect(phase).toEqual({ at: 'left', ended: false });
});

test('losing the connection for good fails the visit', () => {
  const phase = walk(...intoCall, { type: 'disconnected' });
  expect(phase).toMatchObject({ at: 'failed', problem: { cause: 'lost' } });
});

test('a reason may follow the disconnect', () => {
  const phase = walk(
    ...intoCall,
    { type: 'disconnected' },
    { type: 'failed', problem: problem('ended') },
  );
  expect(phase).toMatchObject({ problem: { cause: 'ended' } });
});

test('the first reason stays', () => {
  const phase = walk(
    ...intoCall,
    { type: 'failed', problem: problem('removed') },
    { type: 'failed', problem: problem('lost', '1003') },
  );
  expect(phase).toMatchObject({ problem: { cause: 'removed' } });
});

test('the empty room before the preview is not a loss', () => {
  expect(walk({ type: 'disconnected' })).toEqual({ at: 'token' });
});

test('a reconnect does not restart the visit', () => {
  expect(walk(...intoCall, { type: 'connected' })).toEqual({ at: 'call', ending: false });
});

test('whoever ends the meeting for everybody has not lost it', () => {
  const asked = [...intoCall, { type: 'end-asked' } as const];
  expect(walk(...asked, { type: 'disconnected' })).toEqual({ at: 'left', ended: true });
  const told = walk(...asked, { type: 'failed', problem: problem('ended') });
  expect(told).toEqual({ at: 'left', ended: true });
});

test('an end that the server refused leaves the call as it was', () => {
  const phase = walk(...intoCall, { type: 'end-asked' }, { type: 'end-failed' });
  expect(phase).toEqual({ at: 'call', ending: false });
  const removed = walk(
    ...intoCall,
    { type: 'end-asked' },
    { type: 'failed', problem: problem('removed') },
  );
  expect(removed).toMatchObject({ at: 'failed', problem: { cause: 'removed' } });
});

test('a call whose connections broke in the SDK comes back, or fails as they did', () => {
  const broken: PhaseEvent = { type: 'failed', problem: problem('unknown', '4004') };
  const returning = walk(...intoCall, broken);
  expect(returning).toMatchObject({ at: 'returning', problem: { code: '4004' } });
  expect(nextPhase(returning, { type: 'disconnected' })).toBe(returning);
  expect(nextPhase(returning, { type: 'failed', problem: problem('lost') })).toBe(returning);
  expect(nextPhase(returning, { type: 'return-failed' })).toMatchObject({
    at: 'failed',
    problem: { code: '4004' },
  });
  expect(walk({ type: 'token-given' }, { type: 'join-asked' }, broken).at).toBe('failed');
});
