// The unmodified SDK in a real browser reports how its media does; a back end reads it afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, untilState } from './lib/sdk.mjs';

let server, sdkPage, meeting, host, guest;

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  sdkPage = await startSdkPage();
  meeting = await server.meeting();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  await server?.stop();
});

test('figures of a call are read by peer and session', async () => {
  for (const [person, code, name] of [[host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus']]) {
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
  const { local, tracks, room } = await untilState(host.page,
    (s) => s.tracks.filter((track) => track.peerId !== s.local.id).length === 2, 'all four tracks');
  // The SDK takes a sample when 10 seconds of one kind, or 30 of the other, are full, or when a track
  // is muted or unmuted; it looks once a second.
  await new Promise((resolve) => setTimeout(resolve, 12000));
  for (const on of [false, true]) {
    await host.page.evaluate((value) => window.person.actions.setLocalAudioEnabled(value), on);
    await new Promise((resolve) => setTimeout(resolve, 2500));
  }
  // The last figures are sent when it leaves.
  await host.page.evaluate(() => window.person.actions.leave());
  await guest.page.evaluate(() => window.person.actions.leave());
  const { body } = await until(async () => {
    const answer = await server.call('GET',
      `/v2/analytics/peer-stats?session_id=${room.sessionId}&peer_id=${local.id}`);
    return answer.status === 200 && answer;
  }, 'the session to be over');

  const idOf = (type, own) => tracks.find((track) => track.type === type && (track.peerId === local.id) === own).id;
  const names = {
    publisher: { video: ['fps', 'packet_loss_percent', 'rtt_ms'], audio: ['packet_loss_percent', 'rtt_ms', 'jitter_ms'] },
    subscriber: { video: ['fps', 'freeze_count'], audio: ['packet_loss_percent', 'concealed_samples'] },
  };
  for (const side of ['publisher', 'subscriber']) {
    for (const type of ['video', 'audio']) {
      const [track, ...others] = body[side][type];
      assert.deepEqual(others, [], `${side} ${type}`);
      assert.equal(track.track_id, idOf(type, side === 'publisher'));
      const { timestamps, bitrate, ...figures } = track.time_series;
      assert.deepEqual(Object.keys(figures).sort(), [...names[side][type]].sort());
      assert.ok(timestamps.length >= 1 && timestamps.every((at) => Math.abs(at - Date.now()) < 600000));
      for (const list of [bitrate, ...Object.values(figures)]) assert.equal(list.length, timestamps.length);
      assert.ok(bitrate.some((value) => value > 1000), `${side} ${type}: ${bitrate}`);
    }
  }
  console.log(`# figure ${JSON.stringify(body.publisher.video[0].time_series)}`);
  assert.deepEqual(host.problems, []);
});
