// What GET /v2/active-rooms/<id>/media tells of a small call, whose packets a WebRTC stack that is no browser's sends.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Peer, werift } from './peer.mjs';

let server, meeting, ann, bob, annAudio, annVideo, annSeen;

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  bob = await Peer.join(server, meeting.guest, { name: 'bob' });
  annAudio = await ann.send('audio');
  annVideo = await ann.send('video');
  annSeen = await bob.sink(annVideo.id);
  await bob.prefer(annVideo.id, 'high');
  await until(() => annSeen.packets.size > 20, 'video');
});
after(async () => {
  await Promise.all([ann?.end(), bob?.end()]);
  await server?.stop();
});

const media = async (query = '') => {
  const { status, body } = await server.call('GET', `/v2/active-rooms/${meeting.room.id}/media${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const of = (body, name) => body.data.find((peer) => peer.name === name);
const track = (connection, id) => connection.tracks.find((each) => each.id === id);

test('each connection has its transport, each track its layers, and they move', async () => {
  const first = await media();
  assert.equal(first.room_id, meeting.room.id);
  assert.equal(first.complete, true);
  assert.equal(first.last, '');
  assert.deepEqual(first.data.map(({ name }) => name), ['ann', 'bob']);
  const { publish } = of(first, 'ann');
  assert.deepEqual({ ...publish.transport, packets_received: 0, bytes_received: 0, packets_sent: 0, bytes_sent: 0 },
    { state: 'connected', protocol: 'udp', family: 'ipv4', packets_received: 0, bytes_received: 0, packets_sent: 0, bytes_sent: 0 });
  assert.deepEqual(publish.tracks.map(({ id, type, source, codec, mute, layers }) => ({ id, type, source, codec, mute, layers: layers.length })), [
    { id: annAudio.id, type: 'audio', source: 'regular', codec: 'opus', mute: false, layers: 1 },
    { id: annVideo.id, type: 'video', source: 'regular', codec: 'VP8', mute: false, layers: 1 }]);
  const { subscribe } = of(first, 'bob');
  assert.equal(subscribe.transport.state, 'connected');
  const got = track(subscribe, annVideo.id);
  assert.equal(got.peer_id, of(first, 'ann').peer_id);
  assert.equal(got.wanted, 'high');
  assert.equal(got.sent, 'high');

  await until(async () => {
    const now = await media();
    const sent = track(of(now, 'ann').publish, annVideo.id).layers[0];
    const [before] = track(publish, annVideo.id).layers;
    const seen = track(of(now, 'bob').subscribe, annVideo.id);
    return ['packets_received', 'bytes_received', 'frames'].every((key) => sent[key] > before[key]) &&
      seen.packets_sent > got.packets_sent && seen.bytes_sent > got.bytes_sent &&
      of(now, 'ann').publish.transport.bytes_received > publish.transport.bytes_received &&
      of(now, 'bob').subscribe.transport.packets_sent > subscribe.transport.packets_sent &&
      sent.active && sent.watchers === 1;
  }, 'the figures to move');
});

test('what is lost and asked for is counted on both ways', async () => {
  annSeen.lose = (number) => number % 10 === 3;
  await until(() => annSeen.missing.length >= 3, 'losses');
  annSeen.lose = () => false;
  await bob.nack(annSeen, annSeen.missing);
  await bob.subscribe.dtlsTransports[0].sendRtcp([new werift.RtcpPayloadSpecificFeedback({
    feedback: new werift.PictureLossIndication({ senderSsrc: 1, mediaSsrc: annSeen.ssrc }) })]);
  annVideo.loseNext = 2;
  await until(async () => {
    const now = await media();
    const seen = track(of(now, 'bob').subscribe, annVideo.id);
    const [sent] = track(of(now, 'ann').publish, annVideo.id).layers;
    return seen.nacks_received >= 3 && seen.packets_retransmitted >= 3 && seen.key_frames_requested >= 1 &&
      sent.nacks_sent >= 2 && sent.packets_recovered >= 2 && sent.key_frames_requested >= 1;
  }, 'losses and requests to be counted');
});

test('people are told in pages, or one alone', async () => {
  const first = await media('?limit=1');
  assert.deepEqual(first.data.map(({ name }) => name), ['ann']);
  assert.notEqual(first.last, '');
  const second = await media(`?limit=1&start=${first.last}`);
  assert.deepEqual(second.data.map(({ name }) => name), ['bob']);
  assert.equal(second.last, '');
  const one = await server.call('GET', `/v2/active-rooms/${meeting.room.id}/peers/${first.data[0].peer_id}/media`);
  assert.equal(one.status, 200);
  assert.equal(one.body.name, 'ann');
  assert.equal(one.body.publish.tracks.length, 2);
});

test('only back ends may ask, and only of a room in which somebody is', async () => {
  const url = `${server.origin}/v2/active-rooms/${meeting.room.id}/media`;
  assert.equal((await fetch(url)).status, 401);
  const paths = [['/media?start=x', 400], ['/media?limit=x', 400], ['/peers/nobody/media', 404]];
  for (const [path, status] of paths)
    assert.equal((await server.call('GET', `/v2/active-rooms/${meeting.room.id}${path}`)).status, status, path);
  assert.equal((await server.call('GET', '/v2/active-rooms/64a1b2c3d4e5f60718293a4b/media')).status, 404);
});

