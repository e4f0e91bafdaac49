// What a back end sees of a live meeting and does to it, against the real binary: people in the
// room are told, and what is stored is true by the time of the answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { Peer } from './peer.mjs';

let server, meeting, ann, bob, cat, live;
const people = [];
const open = []; // who has no media

async function join(code, name) {
  const peer = await Peer.join(server, code, { name });
  people.push(peer);
  return peer;
}

const last = (peer, method) => peer.said(method).at(-1)?.params;

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  live = `/v2/active-rooms/${meeting.room.id}`;
  ann = await join(meeting.host, 'ann');
  bob = await join(meeting.guest, 'bob');
  cat = await join(meeting.guest, 'cat');
});
after(async () => {
  for (const client of open) client.socket?.close();
  await Promise.all(people.map((peer) => peer.end()));
  await server?.stop();
});

test('the room, its people and their tracks are seen', async () => {
  const audio = await bob.send('audio');
  await ann.sink(audio.id);
  const room = await server.call('GET', live);
  assert.equal(room.status, 200);
  assert.deepEqual(room.body.session.peers, [ann.id, bob.id, cat.id]);
  assert.equal(room.body.session.id, last(ann, 'session-info').session_id);
  const guests = (await server.call('GET', `${live}/peers?role=guest`)).body.peers;
  assert.deepEqual(Object.keys(guests), [bob.id, cat.id]);
  const peer = (await server.call('GET', `${live}/peers/${bob.id}`)).body;
  assert.equal(peer.name, 'bob');
  const { started_at: startedAt, ...track } = peer.tracks[audio.id];
  assert.ok(Date.parse(startedAt) >= Date.parse(peer.joined_at));
  assert.deepEqual(track, { id: audio.id, stream_id: audio.stream, mute: false, type: 'audio',
    source: 'regular', description: '' });
});

test('who was muted and goes on sending is heard by nobody until it says that it unmutes', async () => {
  const source = bob.sources.get('audio');
  const heard = await ann.sink(source.id);
  await until(() => heard.packets.size > 10, 'sound');
  await ann.request('track-update-request',
    { requested_for: bob.id, track_id: source.id, stream_id: source.stream, mute: true });
  await until(() => bob.said('on-track-update-request').length === 1, 'bob to be told');
  const size = await heard.stops(source);
  bob.notify('track-update', { tracks: { [source.id]: source.state() } });
  await until(() => heard.packets.size > size + 10, 'sound again');
  assert.deepEqual(heard.missing, []);
});

test('a name, metadata and a role are changed and all are told', async () => {
  const answer = await server.call('POST', `${live}/peers/${bob.id}`,
    { name: 'Bob B.', role: 'host', metadata: '{"a":1}' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.role, 'host');
  await until(() => last(bob, 'on-policy-change').name === 'host', 'the new policy');
  for (const peer of [ann, bob, cat]) {
    await until(() => last(peer, 'on-peer-update')?.info.name === 'Bob B.', 'the update');
    const told = last(peer, 'on-peer-update');
    assert.deepEqual([told.peer_id, told.role, told.info.data], [bob.id, 'host', '{"a":1}']);
  }
  assert.equal((await server.call('POST', `${live}/peers/${bob.id}`, { role: 'king' })).status, 400);
});

test('a message reaches all, a role or one, without a sender', async () => {
  const say = (body) => server.call('POST', `${live}/send-message`, body);
  assert.deepEqual((await say({ message: 'to cat', peerId: cat.id })).body, { message: 'message sent' });
  await say({ message: 'to hosts', role: 'host' });
  await say({ message: 'to all', type: 'notice' });
  const heard = (peer) => peer.said('on-broadcast').map(({ params }) => params);
  await until(() => [ann, bob, cat].every((peer) => heard(peer).at(-1)?.info.message === 'to all'), 'all to hear');
  assert.deepEqual(heard(ann).map(({ info }) => info.message), ['to hosts', 'to all']);
  assert.deepEqual(heard(bob).map(({ info }) => info.message), ['to hosts', 'to all']);
  assert.deepEqual(heard(cat).map(({ info }) => info.message), ['to cat', 'to all']);
  assert.deepEqual(heard(cat).map((one) => one.private), [true, false]);
  assert.ok(heard(cat).every((one) => !one.peer && one.message_id && one.timestamp));
});

test('one is removed; the others see no more of them', async () => {
  await server.call('POST', `${live}/remove-peers`, { peer_id: cat.id, reason: 'enough' });
  await until(() => last(cat, 'on-peer-leave-request'), 'the request to leave');
  assert.deepEqual(last(cat, 'on-peer-leave-request'), { reason: 'enough', room_end: false });
  await until(() => last(ann, 'on-peer-leave')?.peer_id === cat.id, 'the farewell');
  assert.equal((await server.call('GET', `${live}/peers/${cat.id}`)).status, 404);
  await until(() => cat.socket.readyState === 3, 'its socket to close', 15000);
});

test('a role that is added while people are in is joined and given at once', async () => {
  const template = (await server.call('POST', '/v2/templates', { name: 'grows',
    roles: { host: { permissions: { changeRole: true } }, guest: {} } })).body;
  const grown = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const codeOf = async (role) => (await server.call('POST', `/v2/room-codes/room/${grown.id}`))
    .body.data.find((each) => each.role === role).code;
  const look = async (role) => {
    const client = await Client.of(server, await codeOf(role), `u${open.length}`);
    open.push(client);
    await client.connect();
    return client;
  };
  const enter = async (role) => {
    const client = await look(role);
    assert.ok((await client.request('join', { name: 'x', data: '' })).result);
    return client;
  };
  const [host, early, looks] = [await enter('host'), await enter('guest'), await look('guest')];
  const roles = `/v2/templates/${template.id}/roles`;
  assert.equal((await server.call('POST', `${roles}/speaker`, { publishParams: { allowed: ['audio'] } })).status, 200);
  assert.equal((await server.call('POST', `${roles}/guest`, { permissions: { endRoom: true } })).status, 200);

  const speaker = await enter('speaker');
  assert.deepEqual(Object.keys(last(speaker, 'on-policy-change').known_roles), ['host', 'guest', 'speaker']);
  const late = await enter('guest');
  const may = (peer) => last(peer, 'on-policy-change').known_roles.guest.permissions.endRoom;
  assert.deepEqual([may(early), may(late)], [false, true]);
  // Who only looked on is told when it comes in.
  assert.equal(may(looks), false);
  assert.ok((await looks.request('join', { name: 'looks', data: '' })).result);
  await until(() => may(looks), 'what it may do now');

  await host.request('role-change-request', { requested_for: early.id, role: 'speaker', force: true });
  await until(() => last(early, 'on-policy-change').name === 'speaker', 'the new role');

  // Another template in place of that: who is in stays, also as what is no more.
  const other = (await server.call('POST', '/v2/templates', { name: 'other', roles: { pupil: {} } })).body;
  await server.call('POST', `/v2/rooms/${grown.id}`, { template_id: other.id });
  const pupil = await enter('pupil');
  assert.deepEqual(Object.keys(last(pupil, 'on-policy-change').known_roles), ['pupil']);
  const there = (await server.call('GET', `/v2/active-rooms/${grown.id}/peers?role=host`)).body.peers;
  assert.deepEqual(Object.keys(there), [host.id]);
});

test('a room is not deleted under its people', async () => {
  const refused = await server.call('DELETE', `/v2/rooms/${meeting.room.id}`);
  assert.deepEqual([refused.status, refused.body.message], [409, 'room is in use']);
  assert.equal((await server.call('GET', live)).status, 200);
});

test('ended with lock: all leave, the room is disabled and nobody comes back', async () => {
  const answer = await server.call('POST', `${live}/end-room`, { lock: true, reason: 'closing time' });
  assert.deepEqual([answer.status, answer.body], [200, { message: 'session is ending' }]);
  assert.equal((await server.call('GET', `/v2/rooms/${meeting.room.id}`)).body.enabled, false);
  for (const peer of [ann, bob]) {
    await until(() => last(peer, 'on-peer-leave-request'), 'the end');
    assert.deepEqual(last(peer, 'on-peer-leave-request'), { reason: 'closing time', room_end: true });
  }
  assert.equal((await server.call('POST', `${live}/end-room`)).status, 404);
  const init = await fetch(`${server.origin}/init?peer_id=x`, { headers: { authorization: `Bearer ${ann.token}` } });
  assert.equal(init.status, 403);
  assert.match((await init.json()).message, /room is not active/);
});

test('an idle room is deleted, and its codes with it', async () => {
  assert.equal((await server.call('DELETE', `/v2/rooms/${meeting.room.id}`)).status, 204);
  assert.equal((await server.call('GET', `/v2/rooms/${meeting.room.id}`)).status, 404);
  const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: meeting.host }) });
  assert.equal(login.status, 404);
  // What happened in it stays.
  await until(async () => (await server.call('GET', `/v2/sessions?room_id=${meeting.room.id}&active=false`))
    .body.data.length === 1, 'its session');
});
