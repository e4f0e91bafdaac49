import { expect, test } from 'vitest';

import { stateOf, type Watched } from './media';

const described = { type: 'answer', sdp: '' } as RTCSessionDescription;

function connection(connectionState: RTCPeerConnectionState, isDescribed = true): Watched {
  return { connectionState, currentRemoteDescription: isDescribed ? described : null };
}

test('one connection that stands is a way through', () => {
  expect(stateOf([connection('connecting'), connection('connected')])).toBe('connected');
  expect(stateOf([connection('failed'), connection('connected')])).toBe('connected');
});

test('a connection that tries, has failed, was cut or finds no address is not through', () => {
  for (const state of ['connecting', 'failed', 'disconnected', 'new'] as const) {
    expect(stateOf([connection(state)])).toBe('connecting');
  }
});

test('where nothing has begun there is nothing to say', () => {
  expect(stateOf([])).toBe('none');
  expect(stateOf([connection('new', false), connection('closed')])).toBe('none');
});
