// Records what tests/sim/frame_sizes.c holds: the sizes of the frames that Chromium encodes, of a camera sent in three
// sizes and of a microphone, at several target rates. From the top of the tree, once the server is built:
//
//     node tests/sim/record_sizes.mjs > tests/sim/frame_sizes.c
//
// The camera is a canvas of moving blocks over noise, the microphone a sum of tones in syllables. They are sent to a real
// server by WHIP; frames are measured between encoder and packetizer (insertable streams), from the seventh second on.
// Somebody who comes to look, every two seconds from the fifteenth on, makes for a key frame.
import { appToken, WhipClient } from '../system/whip_client.mjs';
import { openPerson } from '../browser/lib/chromium.mjs';
import { startServer } from '../browser/lib/server.mjs';
import { startSdkPage } from '../browser/lib/sdk.mjs';

const runs = [ // kbit/s of f, h, q and the microphone
  [1500, 500, 150, 32],
  [900, 300, 80, 24],
  [600, 150, 40, 16],
];
const [BEGIN, STEADY, END, VIEWERS] = [6, 15, 28, 6]; // seconds, and how many come
const SIZES = 64; // of each temporal layer

async function record([url, token, rates, seconds]) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const draw = canvas.getContext('2d');
  const noise = new ImageData(1280, 720);
  for (let i = 0; i < noise.data.length; i++) noise.data[i] = i % 4 === 3 ? 255 : 90 + Math.random() * 40;
  let n = 0;
  const moving = setInterval(() => {
    n++;
    draw.putImageData(noise, (n % 3) - 1, 0);
    for (let i = 0; i < 12; i++) {
      draw.fillStyle = `hsl(${(i * 47 + n) % 360} 50% 50%)`;
      draw.fillRect(500 + Math.sin(i * 9 + n / 25) * 260, 320 + Math.cos(i * 5 + n / 17) * 200, 90, 90);
    }
  }, 33);
  const context = new AudioContext();
  const voice = context.createGain();
  for (const [type, frequency] of [['sawtooth', 140], ['triangle', 420], ['sine', 1300]]) {
    const tone = new OscillatorNode(context, { type, frequency });
    tone.connect(voice);
    tone.start();
  }
  const syllables = setInterval(() => {
    voice.gain.setTargetAtTime(Math.random() < 0.35 ? 0 : 0.1 + Math.random() * 0.2, context.currentTime, 0.03);
  }, 140);
  const spoken = context.createMediaStreamDestination();
  voice.connect(spoken);

  const pc = new RTCPeerConnection({ encodedInsertableStreams: true });
  const [picture] = canvas.captureStream(30).getTracks();
  const [sound] = spoken.stream.getTracks();
  const audio = pc.addTransceiver(sound, { direction: 'sendonly', sendEncodings: [{ maxBitrate: rates[3] * 1000 }] });
  const video = pc.addTransceiver(picture, { direction: 'sendonly', sendEncodings: ['f', 'h', 'q'].map((rid, i) =>
    ({ rid, scaleResolutionDownBy: 2 ** i, maxBitrate: rates[i] * 1000 })) });
  video.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(({ mimeType }) => /VP8|rtx/.test(mimeType)));
  const frames = [];
  for (const [kind, { sender }] of [['audio', audio], ['video', video]]) {
    const { readable, writable } = sender.createEncodedStreams();
    readable.pipeThrough(new TransformStream({
      transform(frame, to) {
        const { width, temporalIndex } = kind === 'video' ? frame.getMetadata() : {};
        frames.push({ at: performance.now(), kind, width, temporal: temporalIndex ?? 0, key: frame.type === 'key', size: frame.data.byteLength });
        to.enqueue(frame);
      },
    })).pipeTo(writable);
  }
  await pc.setLocalDescription();
  const posted = await fetch(url, { method: 'POST', body: pc.localDescription.sdp,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' } });
  await pc.setRemoteDescription({ type: 'answer', sdp: await posted.text() });
  const start = performance.now();
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(seconds * 1000);
  clearInterval(moving);
  clearInterval(syllables);
  pc.close();
  await fetch(new URL(posted.headers.get('location'), url), { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  return frames.map((frame) => ({ ...frame, at: frame.at - start }));
}

const server = await startServer(['--public-ip', '127.0.0.1']);
const sdkPage = await startSdkPage();
const layers = [['f', 1, 1500], ['h', 2, 500], ['q', 4, 150]].map(([rid, scaleResolutionDownBy, maxBitrate]) =>
  ({ rid, scaleResolutionDownBy, maxBitrate, maxFramerate: 30 }));
const { body: template } = await server.call('POST', '/v2/templates', { name: 'record', roles: { host: { name: 'host',
  publishParams: { allowed: ['audio', 'video'], simulcast: { video: { layers } },
    video: { bitRate: 1500, codec: 'vp8', frameRate: 30, width: 1280, height: 720 } } } } });
const out = [];
let version;
for (const rates of runs) {
  const room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const code = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data[0].code;
  const person = await openPerson({ origins: [sdkPage.origin, server.origin] });
  await person.page.goto(sdkPage.origin);
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- the browser's
  version = await person.page.evaluate(() => navigator.userAgent.match(/Chrome\/(\d+)/)[1]);
  const token = await appToken(server, code, 'recorder');
  const recorded = person.page.evaluate(record, [`${server.origin}/whip/${room.id}`, token, rates, END]);
  await new Promise((resolve) => setTimeout(resolve, STEADY * 1000));
  const viewers = [];
  for (let i = 0; i < VIEWERS; i++) {
    viewers.push(await WhipClient.watch(server, await appToken(server, code, `viewer-${i}`), ['audio', 'video']));
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  const frames = await recorded;
  for (const viewer of viewers) await viewer.pc.close();
  await person.close();
  for (const [i, width] of [1280, 640, 320, undefined].entries()) {
    const own = frames.filter((frame) => frame.width === width && (width || frame.kind === 'audio') && frame.at > BEGIN * 1000);
    const deltas = own.filter(({ key, at }) => !width || (!key && at < STEADY * 1000));
    const rate = width ? 30 : 50;
    const octets = deltas.reduce((sum, { size }) => sum + size, 0);
    out.push({ layer: i, kbps: Math.round(octets / deltas.length * 8 * rate / 1000),
      deltas: [0, 1, 2].map((temporal) => deltas.filter((frame) => frame.temporal === temporal).slice(0, SIZES).map(({ size }) => size)),
      keys: width ? own.filter(({ key, at }) => key && at > STEADY * 1000).map(({ size }) => size) : [] });
  }
}
await sdkPage.stop();
await server.stop();

const list = (numbers) => `{{${numbers.length ? numbers.join(', ') : 0}}, ${numbers.length}}`;
console.log(`// Frames that Chromium ${version} encoded: made by tests/sim/record_sizes.mjs, which says how.
#include "tests/sim/frame_sizes.h"

const struct frame_sizes frame_sizes[] = {`);
for (const { layer, kbps, deltas, keys } of out.sort((a, b) => a.layer - b.layer || b.kbps - a.kbps)) {
  console.log(`    {${layer}, ${kbps}, ${list(keys)},
     {${deltas.map(list).join(',\n      ')}}},`);
}
console.log(`};
const size_t frame_sizes_count = sizeof frame_sizes / sizeof *frame_sizes;`);
