// Calls of a WebRTC stack that is not a browser's against the real binary: what leaves the server
// and when, packet by packet, where browsers only show pictures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, startServer, until, patience } from '../browser/lib/server.mjs';
import { Peer, werift } from './peer.mjs';

let server, meeting, ann, bob;
let annVideo, bobVideo; // what they send
let annSeen, bobSeen, annHeard, bobHeard; // what the other gets of it

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  bob = await Peer.join(server, meeting.guest, { name: 'bob', dtlsServer: true });
});
after(async () => {
  await Promise.all([ann?.end(), bob?.end()]);
  await server?.stop();
});

// How long something took is counted in pictures that were sent meanwhile: they become fewer, too, when the
// machine has no time for them.
const PICTURES_PER_SECOND = 25;

test('tracks are offered with their ids; sound comes by itself, video when it is asked for', async () => {
  const annAudio = await ann.send('audio');
  annVideo = await ann.send('video');
  const bobAudio = await bob.send('audio');
  bobVideo = await bob.send('video');
  [annHeard, annSeen] = [await bob.sink(annAudio.id), await bob.sink(annVideo.id)];
  [bobHeard, bobSeen] = [await ann.sink(bobAudio.id), await ann.sink(bobVideo.id)];
  assert.deepEqual([annSeen.stream, annSeen.kind], [annVideo.stream, 'video']);
  await until(() => annHeard.packets.size > 20 && bobHeard.packets.size > 20, 'sound both ways');
  assert.equal(annSeen.packets.size + bobSeen.packets.size, 0, 'nobody asked for video');
  assert.deepEqual(ann.said('on-track-add').flatMap(({ params }) => Object.keys(params.tracks)),
    [bobAudio.id, bobVideo.id]);
});

test('video begins with a key frame within a second and has no gap', async () => {
  const asked = performance.now();
  const pictures = [annVideo.picture, bobVideo.picture];
  await Promise.all([bob.prefer(annVideo.id, 'high'), ann.prefer(bobVideo.id, 'high')]);
  for (const [i, seen, sent] of [[0, annSeen, annVideo], [1, bobSeen, bobVideo]]) {
    await until(() => seen.packets.size > 0, 'the first packet', PATIENCE_MS, 1);
    pictures[i] = sent.picture - pictures[i];
    assert.ok(pictures[i] < PICTURES_PER_SECOND * patience, `${pictures[i]} pictures later`);
  }
  await until(() => annSeen.packets.size > 60 && bobSeen.packets.size > 60, 'video both ways');
  for (const seen of [annSeen, bobSeen]) {
    assert.ok(seen.first.key, 'the first packet begins a key frame');
    assert.deepEqual(seen.missing, []);
  }
  assert.deepEqual([annHeard.missing, bobHeard.missing], [[], []]);
  console.log(`# figure first video packet after ${Math.round(annSeen.first.at - asked)} ms`);
});

test('what a subscriber lost comes again over RTX, what a publisher lost is asked for', async () => {
  annSeen.lose = (number) => number % 10 === 3;
  await until(() => annSeen.missing.length >= 4, 'losses');
  annSeen.lose = () => false;
  const lost = annSeen.missing;
  await bob.nack(annSeen, lost);
  await until(() => lost.every((number) => annSeen.packets.get(number)?.repaired), 'the repair');
  assert.equal(annSeen.repeated, 0, 'each came once');

  const before = bobSeen.numbers.at(-1);
  bobVideo.loseNext = 3;
  await until(() => bobSeen.numbers.at(-1) > before + 30, 'video to go on');
  await until(() => bobSeen.missing.length === 0, 'the publisher to repeat');
  assert.equal(bobVideo.loseNext, 0);
});

test('a subscriber that asks for a key frame gets one', async () => {
  const { plis } = annVideo;
  const last = annSeen.numbers.at(-1);
  await bob.subscribe.dtlsTransports[0].sendRtcp([new werift.RtcpPayloadSpecificFeedback({
    feedback: new werift.PictureLossIndication({ senderSsrc: 1, mediaSsrc: annSeen.ssrc }) })]);
  await until(() => annVideo.plis > plis, 'the request to reach the publisher');
  await until(() => [...annSeen.packets].some(([n, packet]) => n > last && packet.key), 'a key frame');
});

test('reports: clocks agree, counts grow, the publisher gets transport-wide feedback', async () => {
  const ofVideo = () => bob.rtcp.subscribe
    .filter(({ packet }) => packet.type === 200 && packet.ssrc === annSeen.ssrc);
  await until(() => ofVideo().length >= 2, 'two sender reports');
  const [first, last] = [ofVideo()[0].packet.senderInfo, ofVideo().at(-1).packet.senderInfo];
  const seconds = (ntp) => Number(ntp) / 2 ** 32;
  const offBy = seconds(last.ntpTimestamp) - 2208988800 - Date.now() / 1000;
  assert.ok(Math.abs(offBy) < 60, `NTP is ${offBy} s off`);
  const wall = seconds(last.ntpTimestamp - first.ntpTimestamp);
  const media = ((last.rtpTimestamp - first.rtpTimestamp) >>> 0) / 90000;
  assert.ok(Math.abs(wall - media) < 0.2 * patience, `${wall} s of NTP, ${media} s of RTP`);
  assert.ok(last.packetCount > first.packetCount && last.octetCount > first.octetCount);
  assert.ok(ann.rtcp.publish.some(({ packet }) =>
    packet.feedback?.constructor.name === 'TransportWideCC'), 'transport-wide feedback');
  const blocks = ann.rtcp.publish.filter(({ packet }) => packet.type === 201)
    .flatMap(({ packet }) => packet.reports.map((report) => report.ssrc));
  assert.ok(blocks.includes(annVideo.transceiver.sender.ssrc), 'a receiver report of its video');
});

test('none stops the video; asked for again it goes on at a key frame, without a gap', async () => {
  await bob.prefer(annVideo.id, 'none');
  const size = await annSeen.stops(annVideo);
  const last = annSeen.numbers.at(-1);
  await bob.prefer(annVideo.id, 'low');
  await until(() => annSeen.packets.size > size + 10, 'video again');
  assert.ok(annSeen.packets.get(last + 1).key);
});

test('an ICE restart and a lost socket leave the media alone', async () => {
  await ann.offer({ iceRestart: true });
  let { size } = annSeen.packets;
  await until(() => annSeen.packets.size > size + 30, 'video after the restart');

  ({ size } = annSeen.packets);
  ann.socket.terminate();
  await until(() => annSeen.packets.size > size + 30, 'video without the socket');
  const lists = ann.said('peer-list').length;
  await ann.connect();
  await until(() => ann.said('peer-list').length > lists, 'the peer list');
  assert.deepEqual(Object.keys(ann.said('peer-list').at(-1).params.peers), [bob.id]);
  await ann.offer();
  ({ size } = annSeen.packets);
  await until(() => annSeen.packets.size > size + 30, 'video after the reconnect');
  assert.deepEqual(bob.said('on-peer-leave'), []);
  assert.deepEqual(annSeen.missing, []);
});

test('a join that cannot be served leaves the peer in peace whom it would replace', async () => {
  const { sdp } = ann.publish.localDescription;
  const offers = ['v=0\r\n', sdp.replaceAll('a=fingerprint', 'a=x-print'), sdp.replaceAll('a=ice-ufrag', 'a=x-ufrag')];
  for (const broken of offers) {
    await ann.connect();
    await assert.rejects(ann.request('join', { name: 'ann', data: '', offer: { type: 'offer', sdp: broken } }), /join: 400 /);
    const { size } = annSeen.packets;
    await until(() => annSeen.packets.size > size + 30, 'video as before');
  }
  assert.deepEqual(bob.said('on-peer-leave'), []);
  assert.deepEqual(annSeen.missing, []);
});

test('an offer that cannot be served ends no track', async () => {
  const desc = { type: 'offer', sdp: ann.publish.localDescription.sdp.replaceAll('a=fingerprint', 'a=x-print') };
  await assert.rejects(ann.request('offer', { desc, tracks: {} }), /offer: 400 /);
  const { size } = annSeen.packets;
  await until(() => annSeen.packets.size > size + 30, 'video as before');
  await ann.offer();
  assert.deepEqual(bob.said('on-track-remove'), []);
  assert.deepEqual(annSeen.missing, []);
});

test('who leaves is gone at once', async () => {
  await ann.leave();
  const { picture } = bobVideo;
  await until(() => bob.said('on-peer-leave').some(({ params }) => params.peer_id === ann.id), 'the farewell');
  assert.ok(bobVideo.picture - picture < 2 * PICTURES_PER_SECOND * patience, 'at once');
  await until(() => bob.offers.at(-1).match(/^a=inactive/gm)?.length === 2, 'its sections to end');
  assert.equal(bob.failed, undefined);
});

test('10 peers publish at once: all converge, with one offer outstanding at most', async () => {
  const { guest } = await server.meeting();
  const peers = await Promise.all(Array.from({ length: 10 }, (_, i) =>
    Peer.join(server, guest, { name: `p${i}` })));
  try {
    const begun = performance.now();
    const sources = await Promise.all(peers.map((peer) => peer.send('audio')));
    const hears = (peer, source) =>
      peer.sources.get('audio') === source || peer.sinks.get(source.id)?.packets.size > 5;
    await until(() => peers.every((peer) => sources.every((source) => hears(peer, source))),
      'everybody to hear everybody');
    console.log(`# figure 10 peers heard each other after ${Math.round(performance.now() - begun)} ms`);
    for (const peer of peers) {
      assert.equal(peer.failed, undefined);
      assert.equal(peer.mostOutstanding, 1);
      assert.equal(peer.sinks.size, 9);
    }
  } finally {
    await Promise.all(peers.map((peer) => peer.leave()));
  }
});

test('who sends far more than its role allows is seen at what it allows, and others as ever', async () => {
  const { body: template } = await server.call('POST', '/v2/templates', { name: 'modest', roles: {
    host: {}, guest: { publishParams: { allowed: ['audio', 'video'], video: { bitRate: 30 } } } } });
  const modest = await server.meeting({ template_id: template.id });
  const people = [];
  try {
    for (const code of [modest.host, modest.host, modest.guest]) people.push(await Peer.join(server, code));
    const [watcher, honest, greedy] = people;
    const fair = await honest.send('video');
    const flood = await greedy.send('video');
    flood.packetsPerFrame = 20; // about 2.4 Mbit/s
    const seen = await watcher.sink(flood.id);
    const undisturbed = await watcher.sink(fair.id);
    for (const { id } of [flood, fair]) {
      await watcher.prefer(id, 'high');
    }
    const begun = performance.now();
    await until(() => undisturbed.packets.size > 100, 'pictures of the honest one');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const seconds = (performance.now() - begun) / 1000;
    const octets = [...seen.packets.values()].reduce((sum, packet) => sum + packet.payload.length, 0);
    assert.ok(octets > 10000, `${octets} octets`);
    assert.ok(octets < 96 * 1024 + (seconds + 1) * 30000 / 8 * 1.5, `${octets} octets in ${seconds} s`);
    assert.deepEqual(seen.missing, []);
    assert.deepEqual(undisturbed.missing, []);
    assert.ok(flood.plis > 0);
  } finally {
    await Promise.all(people.map((peer) => peer.end()));
  }
});
