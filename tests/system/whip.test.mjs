// WHIP (RFC 9725) and WHEP against the real binary, with a WebRTC stack that is not a browser's,
// in a room with somebody who signals.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { appToken, ask, WhipClient } from './whip_client.mjs';
import { Peer } from './peer.mjs';

let server, meeting, hostToken, guestToken, ann, silence;
const open = []; // whatever is to be ended

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  hostToken = await appToken(server, meeting.host, 'encoder');
  guestToken = await appToken(server, meeting.guest, 'television');
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  silence = fallSilent();
  silence.catch(() => {}); // its test says so
});
after(async () => {
  await Promise.all([ann?.end(), ...open.map((peer) => peer.end())]);
  await server?.stop();
});

async function publish(kinds, query, token = hostToken) {
  const peer = await WhipClient.publish(server, token, kinds, query);
  open.push(peer);
  peer.play();
  return peer;
}

async function watch(kinds, query, token = guestToken) {
  const peer = await WhipClient.watch(server, token, kinds, query);
  open.push(peer);
  return peer;
}

const flows = (sink, more = 20) => {
  const { size } = sink.packets;
  return until(() => sink.packets.size > size + more, `${sink.kind} to come`);
};
const peers = async (room = meeting.room.id) =>
  Object.values((await server.call('GET', `/v2/active-rooms/${room}/peers`)).body.peers ?? {});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const said = (method, id) => ann.said(method).some(({ params }) =>
  (params.peer?.peer_id ?? params.peer_id) === id);

test('an encoder is a peer like any other, and is seen and heard by who signals', async () => {
  const camera = await publish(['audio', 'video'], '?name=Camera%201&role=host&peer=camera-1');
  assert.match(camera.location, new RegExp(`^/whip/${meeting.room.id}/[0-9a-f-]{36}$`));
  assert.match(camera.etag, /^"[^"]+"$/);
  assert.equal(camera.headers.get('content-type'), 'application/sdp');
  await until(() => said('on-track-add', 'camera-1'), 'its tracks to be told');
  const joined = ann.said('on-peer-join').find(({ params }) => params.peer_id === 'camera-1').params;
  assert.deepEqual([joined.role, joined.info.name, joined.info.user_id], ['host', 'Camera 1', 'encoder']);
  const added = ann.said('on-track-add').find(({ params }) => params.peer.peer_id === 'camera-1').params;
  const tracks = Object.values(added.tracks);
  assert.deepEqual(tracks.map(({ type, source, mute }) => [type, source, mute]).sort(),
    [['audio', 'regular', false], ['video', 'regular', false]]);
  assert.equal(new Set(tracks.map((track) => track.stream_id)).size, 1);
  const idOf = (type) => tracks.find((track) => track.type === type).track_id;
  const [heard, seen] = [await ann.sink(idOf('audio')), await ann.sink(idOf('video'))];
  await ann.prefer(idOf('video'), 'high');
  await Promise.all([flows(heard), flows(seen, 40)]);
  assert.ok(seen.first.key, 'it begins with a key frame');
  assert.deepEqual([heard.missing, seen.missing], [[], []]);
  assert.equal(seen.stream, tracks[0].stream_id);

  const listed = (await peers()).find(({ id }) => id === 'camera-1');
  assert.deepEqual([listed.name, listed.role, listed.user_id], ['Camera 1', 'host', 'encoder']);
  const { body } = await server.call('GET', `/v2/active-rooms/${meeting.room.id}/peers/camera-1`);
  assert.equal(Object.keys(body.tracks).length, 2);
});

test('a player with a section for each gets all, one with a pair gets the first, one of a peer that', async () => {
  const annVideo = await ann.send('video');
  await ann.send('audio');
  const wall = await watch(['audio', 'audio', 'video', 'video']);
  const pair = await watch(['audio', 'video']);
  const ofAnn = await watch(['audio', 'video'], `?peer=${ann.id}`);
  for (const viewer of [wall, pair, ofAnn]) {
    await Promise.all(viewer.sinks.map((sink) => flows(sink)));
    for (const sink of viewer.sinks) assert.deepEqual(sink.missing, []);
    for (const sink of viewer.sinks.filter(({ kind }) => kind === 'video')) assert.ok(sink.first.key);
  }
  // A muted camera leaves the only video section to another.
  const { plis } = annVideo;
  ann.notify('track-update', { version: '1.0', tracks: { [annVideo.id]: annVideo.state(true) } });
  await flows(pair.sink('video'), 30);
  assert.ok(annVideo.plis >= plis);
  ann.notify('track-update', { version: '1.0', tracks: { [annVideo.id]: annVideo.state(false) } });
  const listed = await peers();
  assert.equal(listed.filter(({ user_id: user }) => user === 'television').length, 3);
  assert.equal(listed.length, 5);
  for (const viewer of [wall, pair, ofAnn]) {
    assert.equal((await viewer.delete()).status, 200);
    assert.equal((await viewer.delete()).status, 404);
  }
  assert.equal((await peers()).length, 2);
});

test('a player is told which layers its section has, and chooses one', async () => {
  const player = await watch(['audio', 'video']);
  await flows(player.sink('video'));
  const link = player.headers.get('link');
  const [, target] = link.match(/<([^>]*)>; rel="urn:ietf:params:whep:ext:core:layer"/);
  const layer = (method, body) => fetch(new URL(target, server.origin), {
    method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${guestToken}`, 'content-type': 'application/json' } });
  const [mid] = Object.keys(await (await layer('GET')).json());
  const high = [{ encodingId: 'high' }]; // it is sent without simulcast
  assert.deepEqual(await (await layer('GET')).json(), { [mid]: { active: high, layers: high } });
  assert.equal((await layer('POST', { mediaId: mid, encodingId: 'low' })).status, 200);
  await flows(player.sink('video')); // the lowest that there is
  assert.equal((await layer('POST', { mediaId: 'x', encodingId: 'low' })).status, 404);
  assert.equal((await layer('POST', { encodingId: 'best' })).status, 400);
  await player.delete();
  assert.equal((await layer('GET')).status, 404);
});

test('lost packets are repaired in both directions, and key frames asked for', async () => {
  const viewer = await watch(['video'], '?peer=camera-1');
  const seen = viewer.sink('video');
  await flows(seen);
  seen.lose = (number) => number % 10 === 3;
  await until(() => seen.missing.length >= 4, 'losses');
  seen.lose = () => false;
  const lost = seen.missing;
  await Peer.prototype.nack.call({ subscribe: viewer.pc }, seen, lost);
  await until(() => lost.every((number) => seen.packets.get(number)?.repaired), 'the repair');
  const camera = open[0];
  camera.sources.video.loseNext = 3;
  await flows(seen, 40);
  await until(() => seen.missing.length === 0, 'the encoder to repeat');
  await viewer.delete();
});

test('PATCH: candidates, tags that do not match, and a restart of ICE with media going on', async () => {
  const [camera] = open;
  const viewer = await watch(['audio', 'video'], '?peer=camera-1');
  const candidate = 'a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n';
  for (const peer of [camera, viewer]) {
    const added = await peer.patch(candidate);
    assert.deepEqual([added.status, added.headers.get('etag')], [204, null]);
    assert.equal((await peer.patch(candidate, { 'if-match': '"other"' })).status, 412);
    const bad = await peer.patch('a=mid:0\r\nnonsense\r\n');
    assert.equal(bad.status, 400);
    assert.match((await bad.json()).details[0], /^line 2: /);
    const missing = await ask(server, peer.token, 'PATCH', peer.location, candidate,
      { 'content-type': 'application/trickle-ice-sdpfrag' });
    assert.equal(missing.status, 428);
    const before = peer.etag;
    const restarted = await peer.restartIce();
    assert.equal(restarted.headers.get('content-type'), 'application/trickle-ice-sdpfrag');
    assert.notEqual(peer.etag, before);
    assert.equal((await peer.patch(candidate, { 'if-match': before })).status, 412);
    await Promise.all(viewer.sinks.map((sink) => flows(sink, 30)));
    assert.equal((await peer.patch(candidate)).status, 204);
  }
  await viewer.delete();
});

test('a player that waits sees who comes, goes and comes again, as one stream', async () => {
  const { host, guest, room } = await server.meeting();
  const [token, watching] = [await appToken(server, host, 'e'), await appToken(server, guest, 'v')];
  const viewer = await watch(['audio', 'video'], '', watching);
  const first = await publish(['audio', 'video'], '?peer=cam', token);
  await Promise.all(viewer.sinks.map((sink) => flows(sink)));
  // A second offer under the same id replaces the first, as an encoder does that was restarted.
  const second = await publish(['audio', 'video'], '?peer=cam', token);
  await first.end();
  assert.equal((await first.delete()).status, 404);
  await Promise.all(viewer.sinks.map((sink) => flows(sink, 40)));
  assert.deepEqual((await peers(room.id)).map(({ id }) => id).includes('cam'), true);
  assert.equal((await peers(room.id)).length, 2);
  for (const sink of viewer.sinks) assert.deepEqual(sink.missing, []);
  const jumps = viewer.sink('video').numbers.map((n) => viewer.sink('video').packets.get(n).timestamp)
    .filter((at, i, all) => i > 0 && ((at - all[i - 1]) >>> 0) > 90000 * 60);
  assert.deepEqual(jumps, [], 'its clock never runs backwards');
  await second.delete();
  const third = await publish(['video'], '', token);
  await flows(viewer.sink('video'), 30);
  await third.delete();
  await viewer.delete();
});

test('an offer that cannot be served leaves the peer in peace whom it would replace', async () => {
  const { host, guest, room } = await server.meeting();
  const [token, watching] = [await appToken(server, host, 'e'), await appToken(server, guest, 'v')];
  const camera = await publish(['audio', 'video'], '?peer=cam', token);
  const viewer = await watch(['audio', 'video'], '', watching);
  const offer = camera.pc.localDescription.sdp;
  const offers = [['v=0\r\n', 400], [offer.replaceAll('a=fingerprint', 'a=x-print'), 400],
    [offer.replaceAll('a=sendonly', 'a=recvonly'), 422], [offer.replaceAll(/opus|VP8|H264|VP9|AV1/gi, 'x'), 422]];
  for (const [sdp, status] of offers) {
    const answer = await ask(server, token, 'POST', `/whip/${room.id}?peer=cam`, sdp, { 'content-type': 'application/sdp' });
    assert.equal(answer.status, status, (await answer.text()) + sdp);
    await Promise.all(viewer.sinks.map((sink) => flows(sink)));
  }
  assert.equal((await camera.delete()).status, 200, 'its resource is there');
  await viewer.delete();
});

test('who may not, and what cannot be read, is refused and leaves nothing', async () => {
  const { body: template } = await server.call('POST', '/v2/templates', { name: 'radio', roles: {
    host: { publishParams: { allowed: ['audio'] } }, guest: { maxPeerCount: 1, publishParams: { allowed: [] } } } });
  const radio = await server.meeting({ template_id: template.id });
  const [host, guest] = [await appToken(server, radio.host, 'h'), await appToken(server, radio.guest, 'g')];
  await assert.rejects(WhipClient.publish(server, host, ['audio', 'video']), /403: .*line \d+: the role may not publish video/);
  await assert.rejects(WhipClient.publish(server, guest, ['audio']), /403: .*the role may not publish audio/);
  const voice = await publish(['audio'], '', host);
  await watch(['audio'], '', guest);
  await assert.rejects(WhipClient.watch(server, guest, ['audio']), /403: .*role limit reached/);
  await server.call('POST', `/v2/rooms/${radio.room.id}`, { enabled: false });
  await assert.rejects(WhipClient.publish(server, host, ['audio']), /403: .*room is not active/);
  assert.equal((await peers(radio.room.id)).length, 2);

  // The end of the meeting is the end of all of them.
  await server.call('POST', `/v2/active-rooms/${radio.room.id}/end-room`, {});
  assert.equal((await voice.delete()).status, 404);

  const path = `/whip/${meeting.room.id}`;
  const type = { 'content-type': 'application/sdp' };
  const good = voice.pc.localDescription.sdp;
  const cases = [
    [path, null, good, type, 401],
    [path, server.token, good, type, 403],
    [path, host, good, type, 403],
    [path, hostToken, good, { 'content-type': 'text/plain' }, 415],
    [`${path}?role=guest`, hostToken, good, type, 403],
    [`${path}?peer=${'x'.repeat(65)}`, hostToken, good, type, 400],
    [`${path}?name=${'x'.repeat(257)}`, hostToken, good, type, 400],
    [path, hostToken, '', type, 400],
    [path, hostToken, 'hello', type, 400],
    [path, hostToken, good.replace(/a=ice-pwd.*\r\n/g, ''), type, 400],
    [path, hostToken, good.replace(/a=fingerprint.*\r\n/g, ''), type, 400],
    [path, hostToken, good.replace('sha-256', 'sha-1'), type, 422],
    [path, hostToken, good.replace('a=sendonly', 'a=recvonly'), type, 422],
    [path, hostToken, good.replace(/opus/i, 'speex'), type, 422],
    [path, hostToken, good + 'a=x\r\n'.repeat(15000), type, 413],
  ];
  const before = (await peers()).length;
  for (const [target, token, body, headers, status] of cases) {
    const answer = await ask(server, token, 'POST', target, body, headers);
    const { code, details } = await answer.json();
    assert.equal(answer.status, status, `${target} ${body.slice(0, 20)}: ${JSON.stringify(details)}`);
    assert.equal(code, status);
    if (status === 422 || (status === 400 && body.startsWith('v=0') && target === path)) {
      assert.match(details[0], /^line \d+: /);
    }
  }
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await ask(server, hostToken, method, path);
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  }
  const preflight = await fetch(server.origin + path, { method: 'OPTIONS', headers: {
    origin: 'https://player.example.org', 'access-control-request-method': 'POST' } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'Authorization, Content-Type, If-Match');
  assert.equal(preflight.headers.get('accept-post'), 'application/sdp');
  assert.equal((await peers()).length, before);
});

test('others mute it, give it another role, and remove it', async () => {
  const camera = await publish(['audio', 'video'], '?peer=camera-2',
    await appToken(server, meeting.host, 'encoder')); // a removed one's token is good no more;
  const viewer = await watch(['audio'], '?peer=camera-2');
  const heard = viewer.sink('audio');
  await flows(heard);
  const about = `/v2/active-rooms/${meeting.room.id}/peers/camera-2`;
  const { body: { tracks } } = await server.call('GET', about);
  const audio = Object.values(tracks).find(({ type }) => type === 'audio').id;
  const hush = (value) => ann.request('track-update-request',
    { requested_for: 'camera-2', track_id: audio, stream_id: tracks[audio].stream_id, mute: value });
  await hush(true);
  await until(async () => (await server.call('GET', about)).body.tracks[audio].mute, 'the mute');
  await heard.stops(camera.sources.audio); // nothing comes of who was muted
  await hush(false);
  await flows(heard);

  const { body: changed } = await server.call('POST', about, { role: 'guest' });
  assert.ok(changed);
  const { body: now } = await server.call('GET', about);
  assert.equal(now.role, 'guest');
  await server.call('POST', `/v2/active-rooms/${meeting.room.id}/remove-peers`, { peer_id: 'camera-2' });
  await until(() => said('on-peer-leave', 'camera-2'), 'its removal to be told');
  assert.equal((await camera.delete()).status, 404);
  assert.equal((await camera.patch('a=end-of-candidates\r\n')).status, 404);
  await viewer.delete();
});

// In a meeting of its own, while the other tests go on: how long it took until it was given up.
async function fallSilent() {
  const { host } = await server.meeting();
  const watcher = await Peer.join(server, host, { name: 'watcher' });
  const told = (method) => watcher.said(method).some(({ params }) =>
    (params.peer?.peer_id ?? params.peer_id) === 'silent');
  try {
    const silent = await publish(['audio'], '?peer=silent', await appToken(server, host, 'silent'));
    await until(() => told('on-track-add'), 'its track to be told');
    const begun = performance.now();
    await silent.end(); // werift says nothing to the other side
    await until(() => told('on-peer-leave'), 'the silent one to be given up', 45000, 500);
    const waited = (performance.now() - begun) / 1000;
    assert.equal((await silent.delete()).status, 404);
    return waited;
  } finally {
    await watcher.end();
  }
}

test('who falls silent has left after half a minute', async () => {
  const waited = await silence;
  assert.ok(waited > 25, `${waited} s`);
  console.log(`# figure a silent encoder was gone after ${Math.round(waited)} s`);
});

test('after a restart of the server a resource is gone, its peer too, and both come anew', async () => {
  const { host, room } = await server.meeting();
  const token = await appToken(server, host, 'e');
  const bob = await Peer.join(server, host, { name: 'bob' });
  const camera = await publish(['audio'], '?peer=cam', token);
  await until(() => bob.said('on-peer-join').length === 1, 'the encoder to be told');
  await pause(1500); // snapshots are taken once a second
  await server.restart();
  assert.equal((await camera.delete()).status, 404);
  assert.deepEqual((await peers(room.id)).map(({ id }) => id), [bob.id]);
  await publish(['audio'], '?peer=cam', token);
  assert.equal((await peers(room.id)).length, 2);
  await bob.end();
});
