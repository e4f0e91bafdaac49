import { expect, test } from 'vitest';

import { activeOf, asking, publishedId, wantedIn } from './layers';

test('the least encoding is always sent, and the others as far as they are wanted', () => {
  expect(activeOf([1, 2, 4], 'high')).toEqual([true, true, true]);
  expect(activeOf([1, 2, 4], 'medium')).toEqual([false, true, true]);
  expect(activeOf([1, 2, 4], 'low')).toEqual([false, false, true]);
  expect(activeOf([4, 2, 1], 'low')).toEqual([true, false, false]);
  expect(activeOf([1, 2], 'medium')).toEqual([false, true]);
  expect(activeOf([1, 2], 'high')).toEqual([true, true]);
  expect(activeOf([1], 'low')).toEqual([true]);
});

test('only one kind of message says what is wanted', () => {
  const said = (method: string, most: unknown) =>
    JSON.stringify({
      jsonrpc: '2.0',
      method,
      params: { tracks: { t1: { track_id: 't1', max_layer: most } } },
    });
  expect(wantedIn(said('on-track-layers-wanted', 'low'))).toEqual([{ id: 't1', most: 'low' }]);
  expect(wantedIn(said('on-track-layers-wanted', 'none'))).toEqual([]);
  expect(wantedIn(said('on-track-layer-update', 'low'))).toEqual([]);
  expect(wantedIn('on-track-layers-wanted')).toEqual([]);
  expect(wantedIn('{"method":"on-track-layers-wanted","params":null}')).toEqual([]);
  expect(wantedIn(new ArrayBuffer(2))).toEqual([]);
});

test('the socket of the server asks, and no other does', () => {
  expect(String(asking('wss://meet.example.org/ws?peer=a&token=b'))).toBe(
    'wss://meet.example.org/ws?peer=a&token=b&layer_demand=1',
  );
  expect(asking('ws://localhost:5173/hot')).toBe('ws://localhost:5173/hot');
});

test('a section is known by the name of its track in the description', () => {
  const sdp =
    'v=0\r\nm=audio 9\r\na=mid:0\r\na=msid:s1 a1\r\nm=video 9\r\na=mid:1\r\na=msid:s1 v1\r\n';
  expect(publishedId(sdp, '1')).toBe('v1');
  expect(publishedId(sdp, '0')).toBe('a1');
  expect(publishedId(sdp, '2')).toBeNull();
});
