// Chromium and Firefox in one room, both on the unmodified SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { openFirefox } from './lib/firefox.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, relay, chromium, firefox;

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  relay = await startRelay(server.mediaPort, '0.0.0.0'); // Firefox takes any address of the machine
  sdkPage = await startSdkPage();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  chromium = await openPerson({ origins });
  firefox = await openFirefox();
  await firefox.page.evaluateOnNewDocument(takeRelayForServer, [server.mediaPort, relay.port]);
  await openSdk(chromium.page, sdkPage);
  await openSdk(firefox.page, sdkPage);
});

after(async () => {
  await chromium?.close();
  await firefox?.close();
  await sdkPage?.stop();
  relay?.stop();
  await server?.stop();
});

async function untilMediaGrew(page, what) {
  const first = await inbound(page);
  await until(async () => {
    const now = await inbound(page);
    return now.framesDecoded > first.framesDecoded + 15 &&
      now.audioPackets > first.audioPackets + 15 && now.audioEnergy > 0;
  }, what);
}

test('Chromium and Firefox see and hear each other', async () => {
  const meeting = await server.meeting();
  await join(chromium.page, server, meeting.host, 'Hana');
  await join(firefox.page, server, meeting.guest, 'Freya');
  for (const person of [chromium, firefox]) {
    await untilState(person.page, (s) => s.peers.length === 2, 'two peers');
  }
  await untilMediaGrew(chromium.page, 'media from Firefox in Chromium');
  await untilMediaGrew(firefox.page, 'media from Chromium in Firefox');
  assert.ok((await chromium.page.evaluate(() => window.person.colours())) > 1);
});

// Firefox nominates a pair once: its checks from the new port say no more than that it is there.
test('pictures go on, both ways, when the NAT of Firefox gives it other ports', async () => {
  for (let round = 0; round < 2; round++) {
    relay.rebind();
    await untilMediaGrew(firefox.page, `media in Firefox after rebinding ${round + 1}`);
    await untilMediaGrew(chromium.page, `media from Firefox after rebinding ${round + 1}`);
  }
});

test('mute in Firefox is seen in Chromium, and the other way round', async () => {
  for (const [one, other] of [[firefox, chromium], [chromium, firefox]]) {
    for (const on of [false, true]) {
      await one.page.evaluate((v) => window.person.actions.setLocalAudioEnabled(v), on);
      await untilState(other.page, (s) => {
        const peer = s.peers.find((p) => !p.isLocal);
        return s.tracks.find((t) => t.id === peer.audioTrack)?.enabled === on;
      }, `audio ${on ? 'on' : 'off'}`);
    }
  }
});

test('chat crosses both ways', async () => {
  await firefox.page.evaluate(() => window.person.actions.sendBroadcastMessage('from Firefox'));
  await untilState(chromium.page, (s) => s.messages.some((m) => m.message === 'from Firefox'), 'chat');
  await chromium.page.evaluate(() => window.person.actions.sendBroadcastMessage('from Chromium'));
  await untilState(firefox.page, (s) => s.messages.some((m) => m.message === 'from Chromium'), 'chat');
});

test('Firefox reconnects after a dropped socket', async () => {
  const id = (await state(firefox.page)).local.id;
  await firefox.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await untilState(firefox.page, (s) => s.roomState === 'Reconnecting', 'Reconnecting');
  await untilState(firefox.page, (s) => s.roomState === 'Connected', 'Connected');
  assert.equal((await state(firefox.page)).local.id, id);
  await untilMediaGrew(firefox.page, 'media after the reconnect');
});

test('Firefox leaves and Chromium goes on', async () => {
  await firefox.page.evaluate(() => window.person.actions.leave());
  await untilState(chromium.page, (s) => s.peers.length === 1, 'the leave');
  // The SDK reports a drop of its socket to a host that is a constant in it.
  assert.deepEqual(firefox.problems.filter((one) => !one.includes('event.100ms.live')), []);
});
