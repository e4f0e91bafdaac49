// The hosted service's own Node SDK, moved over by its base URL alone. It is installed when the test
// runs, into a folder of its own: its licence (GPL) keeps it out of this repository.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'parlor-server-sdk-'));
let server, hms, room;
const people = [];

async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}

const refused = (promise, code, message) =>
  assert.rejects(promise, (error) => error.code === code && (!message || message.test(error.message)));

before(async () => {
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts',
    '--loglevel=error', '@100mslive/server-sdk@0.3.0'], { stdio: 'pipe' });
  const { SDK } = createRequire(join(folder, 'package.json'))('@100mslive/server-sdk');
  server = await startServer();
  hms = new SDK(server.keys.access_key, server.keys.app_secret);
  hms.api.axios.defaults.baseURL = `${server.origin}/v2`;
});
after(async () => {
  await Promise.all(people.map((peer) => peer.end()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('rooms: created, found by id and by name, updated, switched off and on', async () => {
  room = await hms.rooms.create({ name: 'from-the-sdk', description: 'first' });
  assert.match(room.id, /^[0-9a-f]{24}$/);
  assert.ok(room.created_at instanceof Date && !Number.isNaN(room.created_at.getTime()));
  assert.equal((await hms.rooms.retrieveById(room.id)).description, 'first');
  assert.equal((await hms.rooms.retrieveByName('from-the-sdk')).id, room.id);
  assert.equal((await hms.rooms.create({ name: 'from-the-sdk', description: 'second' })).id, room.id);
  assert.equal((await hms.rooms.update(room.id, { description: 'third' })).description, 'third');
  assert.equal((await hms.rooms.enableOrDisable(room.id, false)).enabled, false);
  await refused(hms.roomCodes.create(room.id), 403);
  assert.equal((await hms.rooms.enableOrDisable(room.id, true)).enabled, true);
  await refused(hms.rooms.retrieveById('000000000000000000000000'), 404, /room not found/);
  await refused(hms.rooms.create({ size: 2501 }), 400);
});

test('lists: its iterator reaches the last page', async () => {
  for (let i = 0; i < 24; i++) await hms.rooms.create({ name: `page-${i}` });
  const names = (await all(hms.rooms.list())).map((one) => one.name);
  assert.equal(names.length, 25);
  assert.equal(new Set(names).size, 25);
  assert.equal(names.at(-1), 'from-the-sdk');
  assert.equal((await all(hms.rooms.list({ limit: 12 }))).length, 25);
  assert.equal((await all(hms.rooms.list({ enabled: false }))).length, 0);
});

test('room codes: for all roles, for one, listed, switched off', async () => {
  const codes = await hms.roomCodes.create(room.id);
  assert.deepEqual(codes.map((one) => one.role).sort(), ['guest', 'host']);
  const more = await hms.roomCodes.createForRole(room.id, 'guest');
  const listed = await all(hms.roomCodes.list(room.id));
  assert.equal(listed.length, 3);
  for (const one of codes) assert.ok(listed.some((other) => other.code === one.code));
  assert.equal((await hms.roomCodes.enableOrDisable(more.code, false)).enabled, false);
  assert.equal((await all(hms.roomCodes.list(room.id, { enabled: true }))).length, 2);
});

test('tokens: its own open a meeting', async () => {
  const { token } = await hms.auth.getAuthToken({ roomId: room.id, role: 'host', userId: 'ann' });
  const init = await fetch(`${server.origin}/init?peer_id=x`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(init.status, 200);
});

test('active rooms: who is in, what they publish, and what a back end does to them', async () => {
  const codes = await hms.roomCodes.create(room.id);
  const codeOf = (role) => codes.find((one) => one.role === role).code;
  const ann = await Peer.join(server, codeOf('host'), { name: 'ann' });
  const bob = await Peer.join(server, codeOf('guest'), { name: 'bob' });
  people.push(ann, bob);
  const audio = await bob.send('audio');
  await ann.sink(audio.id);
  const active = await hms.activeRooms.retrieve(room.id);
  assert.deepEqual(active.session.peers.sort(), [ann.id, bob.id].sort());
  const peers = await hms.activeRooms.retrieveActivePeers(room.id);
  assert.equal(peers[bob.id].name, 'bob');
  const details = await hms.activeRooms.retrievePeerDetails(room.id, bob.id);
  assert.equal(details.tracks[audio.id].type, 'audio');
  const changed = await hms.activeRooms.updatePeer(room.id, bob.id, { name: 'Bob', role: 'host' });
  assert.deepEqual([changed.name, changed.role], ['Bob', 'host']);
  const heard = (peer) => peer.said('on-broadcast').map(({ params }) => params.info.message);
  await hms.activeRooms.sendMessage(room.id, { message: 'to all' });
  await hms.activeRooms.sendMessage(room.id, { message: 'to bob', peerId: bob.id });
  await until(() => heard(bob).length === 2 && heard(ann).length === 1, 'the messages');
  assert.deepEqual(heard(ann), ['to all']);

  assert.equal((await hms.sessions.retrieveActiveByRoom(room.id)).id, active.session.id);
  const tracks = await all(hms.analytics.listTrackEvents({ room_id: room.id, type: ['track.add.success'] }));
  await until(async () => (await all(hms.analytics.listTrackEvents(
    { room_id: room.id, type: ['track.add.success', 'track.update.success'] }))).length >= 1, 'track events');
  assert.ok(tracks.every((event) => event.data.track_id === audio.id));

  await hms.activeRooms.removePeer(room.id, { peer_id: bob.id, reason: 'enough' });
  await hms.activeRooms.end(room.id, { reason: 'over', lock: false });
  await refused(hms.activeRooms.retrieve(room.id), 404, /session not found/);
});

test('sessions: the meeting is history', async () => {
  await until(async () => (await all(hms.sessions.list({ room_id: room.id, active: false }))).length === 1, 'its end');
  const [session] = await all(hms.sessions.list({ room_id: room.id }));
  const again = await hms.sessions.retrieveById(session.id);
  assert.equal(again.active, false);
  assert.equal(Object.keys(again.peers).length, 2);
  assert.ok(Object.values(again.peers).every((peer) => peer.left_at));
  await refused(hms.sessions.retrieveById('000000000000000000000000'), 404);
});

test('lists of codes, sessions and events: its iterator reaches the last page too', async () => {
  const { id } = await hms.rooms.create({ name: 'many-meetings' });
  for (let i = 0; i < 23; i++) await hms.roomCodes.createForRole(id, 'guest');
  const codes = await all(hms.roomCodes.list(id, { limit: 10 }));
  assert.equal(new Set(codes.map((one) => one.code)).size, 23);

  // Twelve meetings, one after the other, with a track each.
  for (let i = 0; i < 12; i++) {
    const peer = await Peer.join(server, codes[i].code, { name: `guest ${i}` });
    await peer.send('audio');
    await until(async () => Object.keys((await hms.activeRooms.retrievePeerDetails(id, peer.id)).tracks).length === 1, 'the track');
    await peer.leave();
    // What happens is written down within a moment.
    await until(async () => (await all(hms.sessions.list({ room_id: id, active: false }))).length === i + 1, 'the end');
  }
  const sessions = await all(hms.sessions.list({ room_id: id }));
  assert.equal(new Set(sessions.map((one) => one.id)).size, 12);
  assert.ok(sessions.every((one) => !one.active && one.room_id === id));
  for (let i = 1; i < 12; i++) assert.ok(sessions[i - 1].created_at >= sessions[i].created_at, 'newest first');
  const events = () => all(hms.analytics.listTrackEvents({ room_id: id, type: ['track.add.success', 'track.remove.success'] }));
  await until(async () => (await events()).length === 24, 'the events');
  const found = await events();
  assert.equal(new Set(found.map((event) => event.id)).size, 24);
  const of = (type) => found.filter((event) => event.type === type);
  assert.equal(of('track.add.success').length, 12);
  assert.ok(of('track.remove.success').every((event) => event.data.stopped_at));
  const [one] = await all(hms.analytics.listTrackEvents({ room_id: id, type: ['track.add.success'], session_id: sessions[3].id }));
  assert.equal(one.data.session_id, sessions[3].id);
  assert.equal(one.data.room_name, 'many-meetings');
  assert.deepEqual(await all(hms.analytics.listErrorEvents?.({ room_id: id, type: ['client.join.failed'] }) ?? []), []);
});

test('recordings and streams: lists are there, starting one says what is missing', async () => {
  assert.deepEqual(await all(hms.recordings.list()), []);
  assert.deepEqual(await all(hms.liveStreams.list({ room_id: room.id })), []);
  assert.deepEqual(await all(hms.externalStreams.list()), []);
  assert.deepEqual(await all(hms.recordingAssets.list()), []);
  await refused(hms.recordings.start(room.id, {}), 501, /recording is not available/);
  await refused(hms.liveStreams.stopAll(room.id), 404, /hls not running/);
});

test('a wrong secret is refused with 401, after its one try more', async () => {
  const { SDK } = createRequire(join(folder, 'package.json'))('@100mslive/server-sdk');
  const stranger = new SDK(server.keys.access_key, 'x'.repeat(64));
  stranger.api.axios.defaults.baseURL = `${server.origin}/v2`;
  await refused(stranger.rooms.create(), 401, /Token validation error/);
});
