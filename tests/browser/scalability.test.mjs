// Every mode of layers that Chromium sends plays at a page that watches, also on a network that loses packets, and when it
// wants now more and now less of it. Both pages know nothing but RTCPeerConnection.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { appToken } from '../system/whip_client.mjs';
import { openPerson } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { nightly, startServer, until } from './lib/server.mjs';

const MODES = nightly
  ? [['VP8', 'L1T3'], ['VP9', 'L1T3'], ['VP9', 'L2T1h'], ['VP9', 'L3T3'], ['VP9', 'L3T3_KEY'], ['AV1', 'L1T3'], ['AV1', 'L3T3'],
    ['AV1', 'L3T3_KEY'], ['H264', 'L1T1']]
  : [['AV1', 'L3T3'], ['VP9', 'L3T3_KEY']];
const LOSSES = nightly ? [0, 0.03] : [0.03];
const WATCHED_MS = nightly ? 15000 : 3000;
const ORDER = ['low', 'medium', 'high', 'medium', 'low', 'high'];
const SWITCHES = nightly ? 51 : ORDER.length; // of each of four modes, by day of one
const FREEZE_MS = 500;
// A machine that has too much to do encodes with gaps of its own; a picture takes so much longer to be shown.
const SHOWN_MS = 250;
const HEIGHTS = { low: 135, medium: 270, high: 540 };
// AV1 makes them even.
const isHeight = (height, expected) => height === expected || height === expected + 1;
const DESCRIPTOR = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

let server, relay, pages, publisher, viewer, encoderToken, playerToken, room;

before(async () => {
  server = await startServer(['--public-ip', '127.0.0.1']);
  relay = await startRelay(server.mediaPort);
  pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Bare</title>'));
  await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${pages.address().port}`;
  const meeting = await server.meeting();
  room = meeting.room.id;
  encoderToken = await appToken(server, meeting.host, 'encoder');
  playerToken = await appToken(server, meeting.guest, 'player');
  [publisher, viewer] = await Promise.all([1, 2].map(() => openPerson({ origins: [origin, server.origin] })));
  for (const { page } of [publisher, viewer]) {
    await page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port]);
    await page.addInitScript(`window.post = ${post}`);
    await page.goto(origin);
  }
});

after(async () => {
  await publisher?.close();
  await viewer?.close();
  pages?.close();
  relay?.stop();
  await server?.stop();
});

afterEach(async () => {
  relay.lossToServer = relay.lossToClient = 0;
  await Promise.all([publisher, viewer].map(({ page }) => page.evaluate(leave)));
});

// Runs in the page.
async function post(pc, url, token) {
  await pc.setLocalDescription();
  const posted = await fetch(url, { method: 'POST', body: pc.localDescription.sdp,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' } });
  const sdp = await posted.text();
  if (posted.status !== 201) throw new Error(`${posted.status} ${sdp}`);
  await pc.setRemoteDescription({ type: 'answer', sdp });
  window.peer = { pc, token, resource: new URL(posted.headers.get('location'), url).href };
}

// Runs in the page.
async function publish([url, token, codec, scalabilityMode]) {
  const pc = new RTCPeerConnection();
  window.media = await navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540, frameRate: 10 } });
  const transceiver = pc.addTransceiver(window.media.getVideoTracks()[0],
    { direction: 'sendonly', streams: [window.media], sendEncodings: [{ scalabilityMode }] });
  transceiver.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs
    .filter(({ mimeType }) => mimeType === `video/${codec}` || mimeType === 'video/rtx'));
  await window.post(pc, url, token);
}

// Runs in the page. `described`: it asks for descriptors, without which it cannot tell spatial layers of AV1 apart.
async function watch([url, token, described]) {
  const pc = new RTCPeerConnection();
  const transceiver = pc.addTransceiver('video', { direction: 'recvonly' });
  transceiver.setHeaderExtensionsToNegotiate(transceiver.getHeaderExtensionsToNegotiate().map((extension) =>
    extension.uri === described ? { ...extension, direction: 'sendrecv' } : extension));
  const element = Object.assign(document.createElement('video'), { autoplay: true, muted: true, width: 320 });
  document.body.append(element);
  pc.ontrack = ({ track }) => (element.srcObject = new MediaStream([track]));
  await window.post(pc, url, token);
}

// Runs in the page.
async function leave() {
  if (!window.peer) return;
  const { pc, resource, token } = window.peer;
  clearInterval(window.looking);
  await fetch(resource, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  pc.close();
  window.peer = null;
  window.media?.getTracks().forEach((track) => track.stop());
  document.querySelectorAll('video').forEach((element) => element.remove());
}

// Runs in the page: how far its stream is, and the longest time without a new picture since the last look.
async function look() {
  const now = async () => [...(await window.peer.pc.getStats()).values()].find(({ type }) => /^(in|out)bound-rtp$/.test(type)) ?? {};
  const stat = await now();
  const framesOf = ({ framesDecoded, framesSent }) => framesDecoded ?? framesSent ?? 0;
  const told = { frames: framesOf(stat), height: stat.frameHeight ?? 0, asked: stat.pliCount ?? 0, mode: stat.scalabilityMode,
    longest: Math.round(window.longest ?? 0) };
  clearInterval(window.looking);
  window.longest = 0;
  let [at, frames] = [performance.now(), told.frames];
  window.looking = setInterval(async () => {
    const count = framesOf(await now());
    window.longest = Math.max(window.longest, performance.now() - at);
    if (count > frames) [at, frames] = [performance.now(), count];
  }, 50);
  return told;
}

const lookAtBoth = () => Promise.all([publisher, viewer].map(({ page }) => page.evaluate(look)));
// Without beginning to count anew.
const stat = () => viewer.page.evaluate(async () => {
  const all = [...(await window.peer.pc.getStats()).values()];
  const { framesDecoded = 0, frameHeight = 0 } = all.find(({ type }) => type === 'inbound-rtp') ?? {};
  return { frames: framesDecoded, height: frameHeight };
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What happens meanwhile: `seen` of `sent` pictures, and what stood still.
async function during(what, how) {
  const [sentBefore, seenBefore] = await lookAtBoth();
  await how();
  const [sent, seen] = await lookAtBoth();
  // Chromium counts the frame of each spatial layer.
  const layers = Number(/^L(\d)/.exec(sent.mode ?? 'L1')[1]);
  const pictures = Math.floor((sent.frames - sentBefore.frames) / layers);
  const shown = seen.frames - seenBefore.frames;
  const asked = seen.asked - seenBefore.asked;
  console.log(`# ${what}: ${shown} of ${pictures} pictures in ${sent.mode}, ${seen.height} lines, longest ${seen.longest} ms`
    + ` (sent: ${sent.longest} ms), ${asked} requests`);
  assert.ok(seen.longest <= Math.max(FREEZE_MS, sent.longest + SHOWN_MS), `nothing new for ${seen.longest} ms`);
  return { pictures, shown, asked };
}

async function start(codec, mode) {
  await publisher.page.evaluate(publish, [`${server.origin}/whip/${room}?peer=encoder`, encoderToken, codec, mode]);
  await viewer.page.evaluate(watch, [`${server.origin}/whep/${room}`, playerToken, DESCRIPTOR]);
  // Its sender begins with less, and VP9 takes many seconds to the best.
  await untilHeight(mode.startsWith('L1') ? 1 : HEIGHTS[nightly || codec === 'AV1' ? 'high' : 'medium'], `${codec} ${mode}`);
}

const untilHeight = (height, what, ms) => until(async () => {
  const now = await stat();
  return now.height >= height && now.frames > 2;
}, what, ms);

for (const [codec, mode] of MODES) {
  test(`${codec} ${mode} plays, and goes on with 3 % lost`, async () => {
    await start(codec, mode);
    for (const loss of LOSSES) {
      relay.lossToServer = relay.lossToClient = loss;
      const { pictures, shown } = await during(`${codec} ${mode}, ${100 * loss} % lost`, () => pause(WATCHED_MS));
      relay.lossToServer = relay.lossToClient = 0;
      assert.ok(pictures > 0 && shown >= 0.9 * pictures - 2, `${shown} of ${pictures} pictures`);
    }
  });
}

// Runs in the page.
async function choose(encodingId) {
  const { resource, token } = window.peer;
  const answer = await fetch(`${resource}/layer`, { method: 'POST', body: JSON.stringify({ encodingId }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

for (const [codec, mode] of MODES.filter(([, name]) => /^L3T3/.test(name)).slice(0, nightly ? 9 : 1)) {
  test(`${codec} ${mode} goes on where a player chooses now this and now that layer`, async () => {
    await start(codec, mode);
    const { asked } = await during(`${SWITCHES} switches of ${codec} ${mode}`, async () => {
      for (let i = 0; i < SWITCHES; i++) {
        const name = ORDER[i % ORDER.length];
        await viewer.page.evaluate(choose, name);
        const { frames } = await stat();
        await until(async () => {
          const now = await stat();
          return isHeight(now.height, HEIGHTS[name]) && now.frames > frames;
        }, `${HEIGHTS[name]} lines`);
      }
    });
    assert.equal(asked, 0, 'the player could not decode something');
  });
}

// Without descriptors libwebrtc takes the frames of all layers for one, and shows nothing.
test('a page that knows no descriptors sees the least spatial layer of AV1', async () => {
  await publisher.page.evaluate(publish, [`${server.origin}/whip/${room}?peer=encoder`, encoderToken, 'AV1', 'L3T3']);
  await viewer.page.evaluate(watch, [`${server.origin}/whep/${room}`, playerToken]);
  await until(async () => (await stat()).frames > 10, 'it to play');
  assert.ok(isHeight((await stat()).height, HEIGHTS.low));
});
