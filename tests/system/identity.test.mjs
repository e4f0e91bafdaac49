// Identity, against the real binary: a stranger with the same room code tries each door under
// somebody else's peer id, and people who were turned out or whose code was disabled try to come back.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { nowS, signToken } from '../browser/lib/token.mjs';
import { Client } from './client.mjs';
import { appToken, ask, WhipClient } from './whip_client.mjs';

let server;
const open = [];

before(async () => { server = await startServer(); });
after(async () => {
  for (const one of open) await (one.socket ? one.socket.close() : one.end());
  await server?.stop();
});

// --- Tools ---

const signed = (claims) => signToken(server, claims);

// What a socket under `id` comes to: the client, told the policy or not, and why not.
async function opened(token, id) {
  const client = new Client(server, token);
  if (id) client.id = id;
  open.push(client);
  client.connect().catch(() => {});
  await until(() => client.open || client.said('on-error').length, 'the policy or a refusal');
  client.why = client.said('on-error')[0]?.params;
  return client;
}

async function joined(token, id, name = 'somebody') {
  const client = await opened(token, id);
  assert.equal(client.why, undefined);
  const answer = await client.request('join', { name, data: '' });
  assert.ok(answer.result, JSON.stringify(answer));
  return client;
}

const refused = async (token, id) => [(await opened(token, id)).why?.code, open.at(-1).why?.message];
const initOf = async (token, id) => {
  const answer = await ask(server, token, 'GET', `/init?peer_id=${id}`);
  return [answer.status, (await answer.json()).message];
};
const whipOf = (token, query, root = 'whip') => WhipClient[root === 'whip' ? 'publish' : 'watch'](
  server, token, ['audio'], query).then((mouth) => { open.push(mouth); return 201; },
  (error) => Number(error.message.slice(0, 3)));
const peersOf = async (room) =>
  (await server.call('GET', `/v2/active-rooms/${room.id}/peers`)).body.peers ?? {};
const eventsOf = async (room, type) =>
  (await server.call('GET', `/v2/analytics/events?room_id=${room.id}&type=${type}`)).body.events ?? [];
const isThere = async (client) =>
  Boolean(client.open && (await client.request('ping', { timestamp: 1 })).result);
const expired = () => new Promise((resolve) => { setTimeout(resolve, 2500); });

// --- The same person ---

test('a stranger with the same code and user id takes nobody over, at any door', async () => {
  const { room, host, guest } = await server.meeting();
  const chief = await joined(await appToken(server, host, 'chief'), null, 'Chief');
  const token = await appToken(server, guest, 'alice');
  const alice = await joined(token, null, 'Alice');
  assert.ok((await chief.request('role-change-request',
    { requested_for: alice.id, role: 'host', force: true })).result);

  // What is in every roster, and what anybody may ask for.
  const thief = await appToken(server, guest, 'alice');
  assert.deepEqual(await initOf(thief, alice.id), [409, 'the peer id is in use']);
  assert.deepEqual(await refused(thief, alice.id), [409, 'the peer id is in use']);
  assert.equal(await whipOf(thief, `?peer=${alice.id}`), 409);
  // A socket that looked on under her id before she was there.
  const id = randomUUID();
  const early = await opened(await appToken(server, guest, 'bert'), id);
  const bert = await joined(await appToken(server, guest, 'bert'), id, 'Bert');
  assert.equal((await early.request('join', { name: 'Bert', data: '' })).error?.code, 409);
  for (const person of [chief, alice, bert]) assert.ok(await isThere(person));
  assert.equal((await peersOf(room))[alice.id].role, 'host');
  const failures = await until(async () => {
    const events = await eventsOf(room, 'peer.join.failure');
    return events.length >= 3 && events;
  }, 'the attempts to be in the log');
  assert.ok(failures.every(({ data }) => data.error_message === 'duplicate peer id'));

  // She herself comes back with what she was given, while her socket still looks open, and it is told.
  const again = await opened(token, alice.id);
  assert.equal(again.said('on-policy-change')[0].params.name, 'host');
  await until(() => !alice.open, 'the old socket to be closed');
  const [took] = await until(async () => {
    const events = await eventsOf(room, 'peer.takeover');
    return events.length && events;
  }, 'the takeover to be in the log');
  assert.deepEqual([took.data.peer_id, took.data.role], [alice.id, 'host']);
});

test('tokens without a user take nobody over either, nor does an encoder', async () => {
  const { room } = await server.meeting();
  const app = (more) => signed({ room_id: room.id, role: 'host', ...more });
  const token = app();
  const ann = await joined(token, null, 'Ann');
  assert.deepEqual(await refused(app(), ann.id), [409, 'the peer id is in use']);
  assert.equal(await whipOf(app(), `?peer=${ann.id}`), 409);
  const encoder = app({ user_id: 'encoder' });
  assert.equal(await whipOf(encoder, '?peer=cam'), 201);
  assert.equal(await whipOf(app({ user_id: 'encoder' }), '?peer=cam'), 409);
  // One that was restarted has its token still, and does not wait for its ghost.
  assert.equal(await whipOf(encoder, '?peer=cam'), 201);
  assert.deepEqual(Object.keys(await peersOf(room)).sort(), [ann.id, 'cam'].sort());
  assert.ok(await isThere(ann));
});

test('a token that has expired brings back who is in, after a restart too, and nobody else', async () => {
  const { room } = await server.meeting();
  const token = signed({ room_id: room.id, role: 'host', user_id: 'h', exp: nowS() - 58 }); // 60 s of leeway
  const encoder = signed({ room_id: room.id, role: 'host', user_id: 'e', exp: nowS() - 58 });
  const host = await joined(token, null, 'Host');
  const looksOn = await opened(token);
  assert.equal(await whipOf(encoder, '?peer=cam'), 201);
  await expired();
  assert.equal((await initOf(token, host.id))[0], 200);
  assert.deepEqual(await refused(token, randomUUID()), [401, 'token is expired']);
  assert.equal((await initOf(token, randomUUID()))[0], 401);
  assert.equal((await looksOn.request('join', { name: 'late', data: '' })).error?.code, 401);
  assert.equal(await whipOf(token, '?peer=other'), 401);
  assert.equal(await whipOf(encoder, '?peer=cam'), 201);
  assert.equal((await ask(server, token, 'GET', '/v2/layouts/ui')).status, 401);

  host.socket.close();
  const back = await opened(token, host.id);
  assert.ok(back.said('peer-list').length, 'the peer goes on');
  await new Promise((resolve) => { setTimeout(resolve, 1500); }); // snapshots are taken once a second
  await server.restart('SIGKILL');
  assert.deepEqual(await refused(signed({ room_id: room.id, role: 'host', user_id: 'h' }), host.id),
    [409, 'the peer id is in use']);
  assert.equal((await initOf(token, host.id))[0], 200);
  const resumed = await opened(token, host.id);
  assert.ok(resumed.said('peer-list').length, 'and after the restart');
  await resumed.request('leave', {});
  assert.deepEqual(await refused(token, host.id), [401, 'token is expired']);
});

// --- Joining again ---

test('joining again is admission like any other, and keeps the role that the room gave', async () => {
  const { room, host, guest } = await server.meeting();
  const chief = await joined(await appToken(server, host, 'chief'));
  const demoted = await joined(await appToken(server, host, 'second'));
  const give = (id, role) => chief.request('role-change-request', { requested_for: id, role, force: true });
  assert.ok((await give(demoted.id, 'guest')).result);
  assert.ok((await demoted.request('join', { name: 'second', data: '' })).result);
  assert.equal((await peersOf(room))[demoted.id].role, 'guest');
  const promoted = await joined(await appToken(server, guest, 'third'));
  assert.ok((await give(promoted.id, 'host')).result);
  assert.ok((await promoted.request('join', { name: 'third', data: '' })).result);
  assert.equal((await peersOf(room))[promoted.id].role, 'host');

  await server.call('POST', `/v2/rooms/${room.id}`, { enabled: false });
  const again = await promoted.request('join', { name: 'third', data: '' });
  assert.deepEqual([again.error?.code, again.error?.message], [403, 'room is not active']);
  assert.ok(await isThere(promoted), 'and who is in stays in');
  assert.equal((await peersOf(room))[promoted.id].role, 'host');
});

// --- Turned out ---

test('who was removed does not come back with that token, at any door, nor after a restart', async () => {
  const { room, host, guest } = await server.meeting();
  const chiefToken = await appToken(server, host, 'chief');
  const chief = await joined(chiefToken);
  const token = await appToken(server, guest, 'mallory');
  const mallory = await joined(token);
  const otherTab = await opened(token);
  assert.ok((await chief.request('peer-leave-request', { requested_for: mallory.id, reason: 'no' })).result);
  const removed = [403, 'removed from the room'];
  const tryDoors = async () => {
    for (const id of [mallory.id, randomUUID()]) {
      assert.deepEqual(await initOf(token, id), removed);
      assert.deepEqual(await refused(token, id), removed);
    }
    assert.equal(await whipOf(token, '?peer=m'), 403);
    assert.equal(await whipOf(token, '', 'whep'), 403);
    assert.equal((await ask(server, token, 'GET', '/api/invites')).status, 403);
  };
  await tryDoors();
  assert.equal((await ask(server, chiefToken, 'GET', '/api/invites')).status, 200);
  assert.equal((await otherTab.request('join', { name: 'm', data: '' })).error?.code, 403);
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  await server.restart('SIGKILL');
  await tryDoors();
  // Somebody with the code gets another token; and a removal is of one session.
  await joined(await appToken(server, guest, 'mallory'));
  const back = await opened(chiefToken, chief.id);
  await server.call('POST', `/v2/active-rooms/${room.id}/end-room`, { reason: 'over' });
  await until(() => back.said('on-peer-leave-request').length, 'the end');
  await joined(token);
});

test('with --removed-may-return they may', async () => {
  const lenient = await startServer(['--removed-may-return', 'on']);
  const first = server;
  server = lenient;
  try {
    const { room, host, guest } = await server.meeting();
    await joined(await appToken(server, host, 'chief'));
    const token = await appToken(server, guest, 'mallory');
    const mallory = await joined(token);
    await server.call('POST', `/v2/active-rooms/${room.id}/remove-peers`, { peer_id: mallory.id });
    await joined(token, mallory.id);
  } finally {
    server = first;
    await lenient.stop();
  }
});

test('a disabled code stops its unused tokens at every door, and leaves alone who is inside', async () => {
  const { room, guest } = await server.meeting();
  const token = await appToken(server, guest, 'inside');
  const inside = await joined(token);
  const unused = await appToken(server, guest, 'outside');
  const looksOn = await opened(await appToken(server, guest, 'looks on'));
  const enable = (enabled) => server.call('POST', '/v2/room-codes/code', { code: guest, enabled });
  assert.equal((await enable(false)).status, 200);
  const disabled = [403, 'room code is disabled'];
  const tryDoors = async () => {
    assert.deepEqual(await initOf(unused, randomUUID()), disabled);
    assert.deepEqual(await refused(unused), disabled);
    assert.equal(await whipOf(unused, '?peer=w'), 403);
    assert.equal(await whipOf(unused, '', 'whep'), 403);
    assert.equal((await initOf(token, inside.id))[0], 200);
  };
  await tryDoors();
  assert.equal((await looksOn.request('join', { name: 'l', data: '' })).error?.code, 403);
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  await server.restart('SIGKILL');
  await tryDoors();
  const back = await opened(token, inside.id);
  assert.ok(back.said('peer-list').length, 'who is inside reconnects');
  // A token that a back end signs for the same role is not of the code.
  await joined(signed({ room_id: room.id, role: 'guest', user_id: 'x' }));
  assert.equal((await enable(true)).status, 200);
  await joined(unused);
  // Nobody there: no room is live.
  const empty = await server.meeting();
  const late = await appToken(server, empty.guest, 'late');
  await server.call('POST', '/v2/room-codes/code', { code: empty.guest, enabled: false });
  assert.deepEqual(await initOf(late, randomUUID()), disabled);
  assert.deepEqual(await refused(late), disabled);
});
