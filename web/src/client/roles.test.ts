import { describe, expect, it } from 'vitest';

import { admittedAs, handsFirst, isOnStage, isWaiting } from './roles';

const host = { name: 'host', priority: 1 };
const speaker = { name: 'speaker', priority: 2 };
const audience = { name: 'audience', priority: 3 };
const lobby = { name: 'lobby', priority: 9, waitingRoom: true };

describe('roles', () => {
  it('knows a waiting role by the mark of the server', () => {
    expect(isWaiting(lobby)).toBe(true);
    expect(isWaiting(host)).toBe(false);
    expect(isWaiting(null)).toBe(false);
  });

  it('lets people in as guests where there is such a role', () => {
    expect(admittedAs([host, lobby, { name: 'guest', priority: 1 }, audience])).toBe('guest');
  });

  it('else lets people in with the role that has the least to say, never a waiting one', () => {
    expect(admittedAs([host, lobby, audience, speaker])).toBe('audience');
    expect(admittedAs([lobby])).toBe(null);
  });

  it('puts raised hands first and leaves the rest in place', () => {
    const peers = [
      { id: 'a', isHandRaised: false },
      { id: 'b', isHandRaised: true },
      { id: 'c', isHandRaised: false },
      { id: 'd', isHandRaised: true },
    ];
    expect(handsFirst(peers).map((peer) => peer.id)).toEqual(['b', 'd', 'a', 'c']);
  });
});

describe('isOnStage', () => {
  it('is for those who may publish anything', () => {
    expect(isOnStage({ publishParams: { allowed: ['audio'] } })).toBe(true);
    expect(isOnStage({ publishParams: { allowed: ['screen'] } })).toBe(true);
    expect(isOnStage({ publishParams: { allowed: [] } })).toBe(false);
  });
  it('doubts nobody whose role is not known', () => {
    expect(isOnStage(undefined)).toBe(true);
    expect(isOnStage({})).toBe(true);
  });
});
