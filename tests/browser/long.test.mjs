// A long call in little time: tracks come and go far more often than a connection has sections.
// One page publishes, a Chromium and a Firefox watch.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson } from './lib/chromium.mjs';
import { openFirefox } from './lib/firefox.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, host, guest, firefox;

before(async () => {
  server = await startServer();
  sdkPage = await startSdkPage();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  const meeting = await server.meeting();
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  firefox = await openFirefox();
  for (const [person, code, name] of [
    [host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus'], [firefox, meeting.guest, 'Freya'],
  ]) {
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
  await untilState(host.page, (s) => s.peers.length === 3, 'three peers');
});

after(async () => {
  await host?.close();
  await guest?.close();
  await firefox?.close();
  await sdkPage?.stop();
  await server?.stop();
});

// Publishes a small moving picture beside the camera's; returns its track's id.
const publish = () => host.page.evaluate(async () => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d');
  let hue = 0;
  window.extra = {
    timer: setInterval(() => {
      context.fillStyle = `hsl(${(hue += 7)} 90% 50%)`;
      context.fillRect(0, 0, 64, 64);
    }, 50),
    track: canvas.captureStream(20).getVideoTracks()[0],
  };
  await window.person.actions.addTrack(window.extra.track, 'screen');
  return window.extra.track.id;
});

const unpublish = () => host.page.evaluate(async () => {
  await window.person.actions.removeTrack(window.extra.track.id);
  clearInterval(window.extra.timer);
});

// Of the track that the page shows: Firefox gives tracks other ids than the publisher.
const framesOf = (page, trackId) => page.evaluate(async (id) => {
  const shown = document.querySelector(`video[data-track="${id}"]`)?.srcObject?.getVideoTracks()[0];
  for (const connection of window.testConnections) {
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.trackIdentifier === shown?.id) {
        return stat.framesDecoded ?? 0;
      }
    }
  }
  return 0;
}, trackId);

const hasTrack = (s, id) => s.tracks.some((track) => track.id === id);

async function comeAndGo(rounds, viewers, everyRound) {
  for (let round = 0; round < rounds; round++) {
    const id = await publish();
    for (const { page } of viewers) {
      await untilState(page, (s) => hasTrack(s, id), `the track of round ${round}`);
      if (everyRound || round === rounds - 1) {
        await until(async () => (await framesOf(page, id)) > 3, `frames of round ${round}`);
      }
    }
    await unpublish();
    for (const { page } of viewers) {
      await untilState(page, (s) => !hasTrack(s, id), `the end of round ${round}`);
    }
  }
}

test('Chromium and Firefox see each of ten screens that come and go', async () => {
  await comeAndGo(10, [guest, firefox], true);
});

test('after thirty more the last one is seen, and camera and microphone never stopped', async () => {
  await firefox.page.evaluate(() => window.person.actions.leave());
  await untilState(host.page, (s) => s.peers.length === 2, 'the leave');
  const camera = (await state(guest.page)).peers.find((peer) => !peer.isLocal).videoTrack;
  const before_ = await framesOf(guest.page, camera);
  await comeAndGo(30, [guest], false);
  assert.ok((await framesOf(guest.page, camera)) > before_ + 20);
});

test('the viewer has few sections, and nobody saw an error', async () => {
  const sections = await guest.page.evaluate(() => Math.max(...window.testConnections
    .map((connection) => connection.remoteDescription?.sdp.match(/^a=ice-lite/m)
      && connection.remoteDescription.type === 'offer'
      ? connection.remoteDescription.sdp.match(/^m=/gm).length : 0)));
  assert.ok(sections > 2 && sections < 16, `${sections} sections`);
  for (const person of [host, guest]) assert.deepEqual(person.problems, []);
});
