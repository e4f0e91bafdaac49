// Hours of numbers in minutes: what Chromium sends is published again by a peer whose stack is not a browser's, under
// numbers of its own, between which it has so many packets of nothing but padding that 65 536 of them, which are 22
// minutes of sound, pass in seconds. Its sections stop and start again, under the same SSRCs. Chromium sees and hears it
// all the time, and not one packet is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { holdMore, Hostile } from '../system/attacker.mjs';
import { Peer, werift } from '../system/peer.mjs';
import { appToken, WhipClient } from '../system/whip_client.mjs';
import { inbound, openPerson } from './lib/chromium.mjs';
import { freePort, nightly, PATIENCE_MS, startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

// How often the numbers go around before the sections stop and start again.
const ROUNDS = nightly ? Array.from({ length: 20 }, () => 3) : [0.1, 0.1];
const PIECES = nightly ? 40 : 4; // of each packet of a picture: what leaves to Chromium has many numbers too
// Of pictures in a second, beyond which packets stay whole: the relay's role has room for 10 000.
const PACKETS_A_SECOND = 1500;
const PADDING = 60; // packets at once

let server, metricsPort, sdkPage, hana, viewer, relay, way;
const sections = {}; // by kind: what is published again, and its extended number

before(async () => {
  holdMore();
  metricsPort = await freePort();
  server = await startServer(['--metrics-listen', `${metricsPort}`]);
  sdkPage = await startSdkPage();
  // The relay's role has room for ten times what comes from Hana, as a machine that has too much to do sends what is of
  // seconds at once.
  const role = (name, bitRate) => ({ name, subscribeParams: { subscribeToRoles: ['host', 'guest'] },
    publishParams: { allowed: ['audio', 'video'], audio: { bitRate: 64, codec: 'opus' }, video: { bitRate, codec: 'vp8', frameRate: 30, width: 640, height: 360 } } });
  const { body } = await server.call('POST', '/v2/templates', { name: 'numbers', roles: { host: role('host', 1500), guest: role('guest', 20_000) } });
  const meeting = await server.meeting({ template_id: body.id });
  hana = await openPerson({ origins: [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')] });
  await openSdk(hana.page, sdkPage);
  await join(hana.page, server, meeting.host, 'Hana');
  await untilState(hana.page, (s) => s.tracks.length === 2, 'her tracks');
  relay = await Peer.join(server, meeting.guest, { name: 'relay' });
  way = new Hostile(relay.publish);
  for (const kind of ['audio', 'video']) {
    const source = await relay.send(kind);
    clearInterval(source.timer);
    const { sender } = source.transceiver;
    sections[kind] = { source, ssrc: sender.ssrc, index: 60_000, type: kind === 'audio' ? 111 : 96, timestamp: 0 };
  }
  const { local } = await state(hana.page);
  viewer = await WhipClient.watch(server, await appToken(server, meeting.guest, 'viewer'), ['audio', 'video'], `?name=viewer&peer=${local.id}`,
    { headerExtensions: { audio: [werift.useSdesMid()], video: [werift.useSdesMid()] } }); // nothing is found out of its way
  const [dtls] = viewer.pc.dtlsTransports;
  sections.video.source.transceiver.sender.onPictureLossIndication.subscribe(() =>
    dtls.sendRtcp([new werift.RtcpPayloadSpecificFeedback({
      feedback: new werift.PictureLossIndication({ senderSsrc: 1, mediaSsrc: viewer.sink('video').ssrc }) })]));
  viewer.onPacket = publishAgain;
});
after(async () => {
  await Promise.all([relay?.end(), viewer?.end()]);
  await hana?.close();
  await sdkPage?.stop();
  await server?.stop();
});

const send = (section, more) =>
  section.started && way.rtp({ ssrc: section.ssrc, index: ++section.index, type: section.type, timestamp: section.timestamp, ...more });

// The length of a VP8 payload descriptor: RFC 7741 section 4.2.
function descriptor(payload) {
  if (!(payload[0] & 0x80)) return 1;
  const more = payload[1];
  return 2 + (more & 0x80 ? payload[2] & 0x80 ? 2 : 1 : 0) + (more & 0x40 ? 1 : 0) + (more & 0x30 ? 1 : 0);
}

let second = { from: 0, packets: 0 };

function pieces() {
  const now = performance.now();
  if (now - second.from >= 1000) second = { from: now, packets: 0 };
  const count = second.packets + PIECES <= PACKETS_A_SECOND ? PIECES : 1;
  second.packets += count;
  return count;
}

function publishAgain({ header, payload }) {
  const sink = viewer.sinks.find(({ ssrc }) => ssrc === header.ssrc);
  if (!sink || payload.length === 0 || header.payloadType === sink.rtxType) return;
  const section = sections[sink.kind];
  const { timestamp, marker } = header;
  section.timestamp = timestamp;
  if (sink.kind === 'audio') {
    send(section, { marker, payload });
    return;
  }
  const head = Buffer.from(payload.subarray(0, descriptor(payload)));
  const rest = payload.subarray(head.length);
  const size = Math.ceil(rest.length / pieces());
  for (let at = 0; at < rest.length; at += size) {
    send(section, { marker: marker && at + size >= rest.length, payload: Buffer.concat([head, rest.subarray(at, at + size)]) });
    head[0] &= ~0x10; // what follows does not begin a partition
  }
}

// The numbers of both go once around, and a bit, by padding.
async function goAround(times) {
  const ends = Object.values(sections).map((section) => [section, section.index + Math.ceil(times * 65536)]);
  const begun = performance.now();
  while (ends.some(([section, end]) => section.index < end)) {
    for (const [section, end] of ends)
      for (let i = 0; i < PADDING && section.index < end; i++) send(section, { padding: true, payload: Buffer.from([1]) });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return (performance.now() - begun) / 1000;
}

// An offer names the tracks of the sections that send. What is sent of them before the server has answered would be of
// streams that it does not know yet.
async function turn(direction) {
  const starts = direction === 'sendonly';
  for (const [kind, section] of Object.entries(sections)) {
    section.started = false;
    section.source.transceiver.setDirection(direction); // not inactive: werift would take back the section
    if (starts) relay.sources.set(kind, section.source);
    else relay.sources.delete(kind);
  }
  await relay.offer();
  for (const section of Object.values(sections)) section.started = starts;
}

async function refused() {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return ['srtp', 'replay', 'over_cap', 'unknown_stream'].map((reason) =>
    [reason, Number(text.match(new RegExp(`^parlor_media_dropped_packets_total\\{reason="${reason}"\\} (\\d+)`, 'm'))[1])]);
}

// Pictures and sound of the relay go on at Hana's, whatever was counted before.
async function plays(what) {
  const look = async () => {
    const { video, audioPackets } = await inbound(hana.page);
    return { frames: Math.max(0, ...video.map(({ frames }) => frames)), audioPackets };
  };
  let last = await look();
  await until(async () => {
    const now = await look();
    const grown = now.frames - last.frames > 5 && now.audioPackets - last.audioPackets > 10;
    last = now;
    return grown;
  }, what, PATIENCE_MS, 600);
}

test('sections that stop and start again after their numbers went around are seen and heard', async () => {
  const before = await refused();
  let wraps = 0, seconds = 0;
  for (const [round, times] of ROUNDS.entries()) {
    await turn('sendonly');
    await plays(`round ${round + 1}`);
    seconds += await goAround(times);
    wraps += times;
    await plays(`round ${round + 1}, after its numbers went around`);
    await turn('recvonly');
  }
  await turn('sendonly');
  await plays('the end');
  console.log(`# figure the numbers of sound and of pictures went around ${wraps.toFixed(1)} times in ${seconds.toFixed(0)} s: ${
    (wraps * 65536 / 50 / 3600).toFixed(1)} hours of sound`);
  assert.deepEqual(await refused(), before);
  assert.ok(sections.audio.index > 65536 * (wraps + 0.9));
});
