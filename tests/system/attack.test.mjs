// Who is in a call may send anything over its connections: it harms itself at most. Beside each attack somebody
// watches an honest person, who must not lose a packet; and an attacker gets no more octets than it has a right to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort, nightly, patience, startServer, until } from '../browser/lib/server.mjs';
import { below, block, holdMore, Hostile, lostOnTheWay, octets, oneByte, report, rtcp, spent, u16, u32 } from './attacker.mjs';
import { connection, Peer, werift } from './peer.mjs';
import { appToken, ask, WhipClient } from './whip_client.mjs';

const PACKETS = nightly ? 20_000 : 800; // of each attack
const PER_PACKET_US = 150; // of processor time, at most, with what the call takes meanwhile

let server, metricsPort, meeting, ann, vic, mal;
let annHeard, annSeen; // what the victim gets
let publishes, subscribes; // the attacker's connections
let audio, video; // its tracks
const ids = {};

// Packets of the attacker's sections are numbered on from attack to attack.
const at = {};
const next = (ssrc, step = 1) => (at[ssrc] = (at[ssrc] ?? 1000) + step);

const sound = (more) => publishes.rtp({ ssrc: audio.ssrc, index: next(audio.ssrc), type: 111, payload: octets(60), ...more });
const picture = (more) => publishes.rtp({ ssrc: video.ssrc, index: next(video.ssrc), type: 96, marker: true, timestamp: 3000 * at[video.ssrc] >>> 0,
  payload: Buffer.concat([Buffer.from([0x90, 0x80, 0x80, 0x01, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 240, 0]), octets(100)]), ...more });

before(async () => {
  holdMore();
  metricsPort = await freePort();
  server = await startServer(['--metrics-listen', `${metricsPort}`]);
  meeting = await server.meeting();
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  // Nothing is found out of the victim's way: what it misses is not for its own want of time.
  const names = [werift.useSdesMid()];
  vic = await Peer.join(server, meeting.guest, { name: 'vic', rtc: { headerExtensions: { audio: names, video: names } } });
  const red = new werift.RTCRtpCodecParameters({ mimeType: 'audio/red', clockRate: 48000, channels: 2, payloadType: 63, parameters: '111/111' });
  const { audio: sounds, video: pictures } = connection().config.codecs;
  mal = await Peer.join(server, meeting.guest, { name: 'mal', rtc: { codecs: { audio: [...sounds, red], video: pictures } } });
  const [annAudio, annVideo] = [await ann.send('audio'), await ann.send('video')];
  [annHeard, annSeen] = [await vic.sink(annAudio.id), await vic.sink(annVideo.id)];
  await vic.prefer(annVideo.id, 'high');
  const [malAudio, malVideo] = [await mal.send('audio'), await mal.send('video')];
  for (const source of [malAudio, malVideo]) {
    const seen = await vic.sink(source.id);
    if (source.kind === 'video') await vic.prefer(source.id, 'high');
    await until(() => seen.packets.size > 5, 'what is honest of the attacker');
    clearInterval(source.timer);
  }
  await mal.sink(annVideo.id);
  await mal.prefer(annVideo.id, 'high');
  publishes = new Hostile(mal.publish);
  subscribes = new Hostile(mal.subscribe);
  [audio, video] = [malAudio, malVideo].map((source) => ({
    ssrc: source.transceiver.sender.ssrc, rtx: source.transceiver.sender.rtxSsrc, mid: source.transceiver.mid }));
  for (const [i, source] of [[0, malAudio], [1, malVideo]]) at[[audio, video][i].ssrc] = source.sequence + 10;
  for (const [name, pattern] of [['mid', 'sdes:mid'], ['wide', 'transport-wide']]) ids[name] = Hostile.extension(mal.publish, pattern);
});
after(async () => {
  await Promise.all([ann, vic, mal].map((peer) => peer?.end()));
  await server?.stop();
});

const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();

// The victim has everything; if not, what the server dropped is told.
async function checkVictim(beside) {
  if (annHeard.missing.length === 0 && annSeen.missing.length === 0) return;
  const dropped = (await metrics()).match(/^parlor_media_dropped_packets_total.* [1-9]\d*$|^parlor_media_socket_errors_total.*$/gm);
  const said = ann.rtcp.publish.flatMap(({ packet }) => packet.reports ?? []).map(({ ssrc, packetsLost }) => `${ssrc}:${packetsLost}`);
  assert.fail(`beside ${beside} sound ${annHeard.missing} and pictures ${annSeen.missing} are missing, ${lostOnTheWay()} were lost by sockets,` +
    ` the server told her of ${[...new Set(said)]}\n${dropped.join('\n')}`);
}

// Runs `send` so many times, and sees what it costs and whom.
async function attack(name, hostile, send, count = PACKETS) {
  const before = { got: hostile.got, sent: hostile.sent, packets: hostile.packets, cpu: spent(server.pid), at: performance.now() };
  const heardBefore = annHeard.packets.size, seenBefore = annSeen.packets.size;
  for (let i = 0; i < count; i++) {
    await send(i);
    if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const packets = hostile.packets - before.packets;
  const us = 1000 * (spent(server.pid) - before.cpu) / packets;
  const out = hostile.got - before.got, into = hostile.sent - before.sent;
  await until(() => annHeard.packets.size > heardBefore + 5 && annSeen.packets.size > seenBefore + 5, `media beside ${name}`);
  await checkVictim(name);
  assert.equal(mal.publish.connectionState, 'connected');
  const seconds = (performance.now() - before.at) / 1000;
  console.log(`# figure ${name}: ${packets} packets in ${seconds.toFixed(1)} s, ${us.toFixed(0)} us of processor time each, ${
    (out / into).toFixed(2)} octets for each of the attacker`);
  assert.ok(us < PER_PACKET_US * patience, `${us} us a packet`);
  return { out, into, seconds };
}

test('header extensions that hold anything', () => attack('extensions', publishes, async (i) => {
  const extension = [
    () => oneByte([ids.wide, u16(below(65536))]),
    () => block(0xbede, octets(below(40))),
    () => block(0x1000, octets(below(40))),
    () => block(0xbede, octets(8), 300), // longer than the packet
    () => oneByte([ids.mid, Buffer.from(`${below(100)}`)]),
    () => block(0xbede, Buffer.from([0xf0, 1, 2, 3, ids.wide << 4 | 1, 0, 0, 0])),
    () => block(below(65536), octets(12)),
  ][i % 7]();
  await (i % 2 ? sound({ extension }) : picture({ extension }));
}));

test('transport-wide numbers that leap tell little back', async () => {
  const { out, into, seconds } = await attack('leaping transport-wide numbers', publishes,
    (i) => sound({ extension: oneByte([ids.wide, u16(i % 2 ? 1023 * i : 1023 * i - 1020)]), payload: octets(1) }));
  assert.ok(out < 3 * into + 100_000 * seconds, `${out} octets for ${into} in ${seconds} s`);
});

test('descriptors that are cut short, and padding that lies', () => attack('payloads', publishes, async (i) => {
  if (i % 5 === 0) await picture({ padding: true, payload: Buffer.concat([octets(below(20)), Buffer.from([below(256)])]) });
  else if (i % 5 === 1) await sound({ type: 63, payload: Buffer.from([0x80 | 111, ...octets(below(12))]) }); // RED
  else if (i % 5 === 2) await sound({ type: 63, payload: Buffer.from([0xef, 0, 0, 255, 0xef, 1, 3, 255, 0x6f]) });
  else await picture({ payload: octets(below(9)) });
}));

// Each is encrypted for each who listens: as many are passed on as sound has frames.
test('a flood of packets with an octet each becomes 400 in a second', async () => {
  const { ssrc } = [...vic.sinks.values()].find((sink) => sink !== annHeard && sink.kind === 'audio');
  let got = 0;
  vic.subscribe.dtlsTransports[0].onRtp.subscribe(({ header }) => (got += header.ssrc === ssrc));
  const { seconds } = await attack('octets', publishes, (i) => sound({ timestamp: 960 * i, payload: octets(1) }), 4 * PACKETS);
  console.log(`# figure of ${4 * PACKETS} packets with an octet each ${got} were passed on`);
  assert.ok(got > 0 && got <= 400 * (seconds + 1.5), `${got} packets in ${seconds} s`);
});

test('numbers that leap by half of their range, and times by all', () => attack('leaps', publishes, async (i) => {
  const more = { timestamp: below(2 ** 32) };
  if (i % 3 === 0) await picture({ index: next(video.ssrc, 32767), ...more });
  else if (i % 3 === 1) await sound({ index: next(audio.ssrc, 32000), ...more });
  else await picture(more);
}));

test('retransmissions of what never was', () => attack('retransmissions', publishes, (i) => publishes.rtp({
  ssrc: video.rtx, index: next(video.rtx), type: 97, payload: Buffer.concat([u16(at[video.ssrc] + [0, 1, -500, 9000, 32000][i % 5]), octets(30)]) })));

test('thousands of SSRCs', () => attack('SSRCs', publishes, (i) => publishes.rtp({ ssrc: 0x10000 + i, index: below(65536), type: i % 2 ? 96 : 111,
  extension: oneByte([ids.mid, Buffer.from(`${(i % 2 ? video : audio).mid}`)]), payload: octets(30) })));

test('reports of a sender that lie', () => attack('sender reports', publishes, async (i) => {
  const ntp = [Buffer.alloc(8), Buffer.alloc(8, 255), octets(8)][i % 3];
  if (i % 10 === 9) await publishes.rtcp(report(below(256), below(32), octets(4 + 4 * below(20)), below(65536)));
  else await publishes.rtcp(rtcp.sender([audio.ssrc, video.ssrc, below(2 ** 32)][below(3)], ntp, below(2 ** 32)));
}));

test('requests for everything again are answered within the budget', async () => {
  const { ssrc } = [...mal.sinks.values()].find((sink) => sink.kind === 'video');
  const { out, into } = await attack('NACK for everything', subscribes, (i) => subscribes.rtcp(
    rtcp.nack(ssrc, Array.from({ length: 200 }, (_, k) => [(17 * (200 * i + k)) & 0xffff, 0xffff]))));
  assert.ok(out < into, `${out} octets for ${into}`);
});

test('floods of requests for key frames become five, and then one in six seconds', async () => {
  const { ssrc } = [...mal.sinks.values()].find((sink) => sink.kind === 'video');
  const source = ann.sources.get('video');
  const before = source.plis;
  const { seconds } = await attack('PLI and FIR', subscribes, (i) => subscribes.rtcp(
    ...Array.from({ length: 10 }, (_, k) => (k % 2 ? rtcp.pli(ssrc) : rtcp.fir(ssrc, i * 10 + k)))));
  // Slowly, too, each beside a report that a little is lost: then it is one in three seconds.
  const begun = performance.now();
  const lost = report(201, 1, Buffer.concat([u32(1), u32(ssrc), Buffer.from([5, 0, 0, 9]), Buffer.alloc(16)]));
  while (performance.now() - begun < (nightly ? 30_000 : 8000)) {
    await subscribes.rtcp(lost, rtcp.pli(ssrc));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const all = seconds + (performance.now() - begun) / 1000;
  console.log(`# figure key frames: ${source.plis - before} in ${all.toFixed(1)} s`);
  assert.ok(source.plis - before <= 10 + all / 3, `${source.plis - before} in ${all} s`);
  // Who has asked for none has one at once.
  const { plis } = source;
  await new Hostile(vic.subscribe).rtcp(rtcp.pli(annSeen.ssrc));
  await until(() => source.plis > plis, 'a key frame for the victim');
});

test('lies about what arrived and what there is room for', () => attack('feedback', subscribes, async (i) => {
  const { ssrc } = [...mal.sinks.values()].find((sink) => sink.kind === 'video');
  const kinds = [
    () => rtcp.wide(below(65536), 65535, below(2 ** 24), Array.from({ length: 8 }, () => [0, 8191]), Buffer.alloc(0)), // all lost
    () => rtcp.wide(below(65536), 400, below(2 ** 24), [[1, 400]], Buffer.alloc(400)), // all at once
    () => rtcp.wide(below(65536), 200, below(2 ** 24), [[2, 200]], Buffer.from(Array.from({ length: 200 }, () => [0x80, 0]).flat())), // backward
    () => rtcp.wide(below(65536), below(65536), below(2 ** 24), [[below(4), below(8192)]], octets(below(50))),
    () => rtcp.remb(ssrc, 0, 0),
    () => rtcp.remb(ssrc, 43, 0x3ffff),
    () => rtcp.receiver(ssrc, Buffer.alloc(20, 255)),
    () => rtcp.receiver(ssrc, octets(20)),
  ];
  await subscribes.rtcp(kinds[i % kinds.length]());
}));

test('descriptions with too much of everything', async () => {
  const { sdp } = mal.publish.localDescription;
  const sections = sdp.split(/(?=^m=)/m);
  const pictures = sections.find((section) => section.startsWith('m=video'));
  const rids = Array.from({ length: 300 }, (_, i) => `a=rid:r${i} send\r\n`).join('');
  const many = [
    sdp + Array.from({ length: 61 }, (_, i) => pictures.replace(/a=mid:\S+/, `a=mid:x${i}`)).join(''),
    sdp.replace(pictures, `${pictures}${rids}a=simulcast:send ${Array.from({ length: 300 }, (_, i) => `r${i}`).join(';')}\r\n`),
    sdp.replace(pictures, pictures.replace(/(a=ssrc-group:FID \d+ \d+\r\n)?/, `a=ssrc-group:FID ${video.ssrc} ${video.rtx}\r\na=ssrc-group:FID ${video.rtx} ${video.ssrc}\r\na=ssrc-group:SIM ${video.ssrc} ${video.ssrc}\r\n`)),
    `${sdp}a=ssrc-group:FID\r\na=ssrc-group:FID 1\r\na=ssrc:99999999999 cname:x\r\n`,
  ];
  const before = spent(server.pid);
  for (let i = 0; i < (nightly ? 100 : 12); i++) {
    const tracks = Object.fromEntries([...mal.sources.values()].map((source) => [source.id, source.state()]));
    await mal.request('offer', { desc: { type: 'offer', sdp: many[i % many.length] }, tracks }).catch(() => {});
  }
  console.log(`# figure descriptions: ${spent(server.pid) - before} ms of processor time`);
  const size = annSeen.packets.size;
  await until(() => annSeen.packets.size > size + 20, 'pictures of the honest one');
  await checkVictim('descriptions');
});

test('a player that chooses its layer again and again', async () => {
  const token = await appToken(server, meeting.guest, 'wanda');
  const player = await WhipClient.watch(server, token, ['audio', 'video']);
  const [, target] = player.headers.get('link').match(/<([^>]*)>; rel="urn:ietf:params:whep:ext:core:layer"/);
  const layer = (method, body) => ask(server, token, method, new URL(target, server.origin).pathname, body && JSON.stringify(body),
    { 'content-type': 'application/json' });
  const mediaId = await until(async () => Object.keys(await (await layer('GET')).json())[0], 'a picture for the player');
  const before = spent(server.pid);
  const { plis } = ann.sources.get('video');
  const begun = performance.now();
  for (let i = 0; i < (nightly ? 2000 : 50); i++)
    assert.ok((await layer('POST', { mediaId, encodingId: ['high', 'low', 'medium'][i % 3] })).status < 500);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`# figure layers: ${spent(server.pid) - before} ms of processor time in ${seconds.toFixed(1)} s`);
  assert.ok(ann.sources.get('video').plis - plis <= 2 * seconds + 2);
  await player.delete();
  await player.end();
  await checkVictim('layers');
});

test('nobody was sent away, and what was wrong was counted', async () => {
  const text = await metrics();
  assert.match(text, /^parlor_peers\{kind="publisher"\} 3$/m);
  for (const reason of ['malformed', 'unknown_stream', 'feedback'])
    assert.match(text, new RegExp(`^parlor_media_dropped_packets_total{reason="${reason}"} [1-9]`, 'm'));
  await checkVictim('all of it');
});
