// What a tile draws of a camera, as text: the SDK's store is played.
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test, vi } from 'vitest';

import type { HMSPeer } from '@100mslive/react-sdk';

import { Tile } from './tile';

const state = vi.hoisted(() => ({ video: {} }));

vi.mock('@100mslive/react-sdk', () => ({
  selectIsPeerAudioEnabled: () => () => true,
  selectPeerAudioByID: () => () => 0,
  selectVideoTrackByPeerID: () => () => state.video,
  useHMSStore: (select: () => unknown) => select(),
  useVideo: () => ({ videoRef: undefined }),
}));

function draw(video: { enabled: boolean; degraded?: boolean }): {
  picture: number;
  avatars: number[];
} {
  state.video = { id: 'camera', ...video };
  const peer = { id: 'p', name: 'Ann', isLocal: false } as HMSPeer;
  const html = renderToStaticMarkup(createElement(Tile, { peer }));
  const avatars = [...html.matchAll(/class="avatar"/g)].map(({ index }) => index);
  return { picture: html.indexOf('<video'), avatars };
}

test('a camera that is on is over the initials', () => {
  const { picture, avatars } = draw({ enabled: true });
  expect(avatars).toHaveLength(1);
  expect(picture).toBeGreaterThan(avatars[0]!);
});

// Taken away, the SDK would stop asking for it, hear that all is well, and ask again, for ever.
test('the picture of a camera that comes too poor stays, below the initials', () => {
  const { picture, avatars } = draw({ enabled: true, degraded: true });
  expect(avatars).toHaveLength(2);
  expect(picture).toBeGreaterThan(avatars[0]!);
  expect(picture).toBeLessThan(avatars[1]!);
});

test('a camera that is off has no picture', () => {
  expect(draw({ enabled: false })).toEqual({ picture: -1, avatars: [expect.any(Number)] });
  expect(draw({ enabled: false, degraded: true }).avatars).toHaveLength(1);
});
