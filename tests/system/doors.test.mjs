// Every door with a token that proves too little: one that was renewed, one that has expired, one of
// a peer that an older server wrote down without what would prove anything.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { nowS, signToken } from '../browser/lib/token.mjs';
import { Client } from './client.mjs';
import { ask, WhipClient } from './whip_client.mjs';

const LEEWAY_S = 60;
const SDP = { 'content-type': 'application/sdp' };
const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
let server;
const open = [];

before(async () => { server = await startServer(); });
after(async () => {
  for (const one of open) await (one.socket ? one.socket.close() : one.end());
  await server?.stop();
});

const signed = (room, more = {}) => signToken(server, { room_id: room.id, role: 'host', user_id: 'u', ...more });

// What a socket comes to: the client, told the policy or not, and why not.
async function opened(token, id) {
  const client = new Client(server, token);
  client.id = id;
  open.push(client);
  client.connect().catch(() => {});
  await until(() => client.open || client.said('on-error').length, 'the policy or a refusal');
  client.why = client.said('on-error')[0]?.params;
  return client;
}

async function joined(token, id) {
  const client = await opened(token, id);
  assert.ok((await client.request('join', { name: 'somebody', data: '' })).result);
  return client;
}

async function published(token, query) {
  const encoder = await WhipClient.publish(server, token, ['audio'], query);
  open.push(encoder);
  return encoder;
}

const eventsOf = async (room, type) =>
  (await server.call('GET', `/v2/analytics/events?room_id=${room.id}&type=${type}`)).body.events;

test('a resource is for the very token that made it, a renewed one posts anew', async () => {
  const { room } = await server.meeting();
  const token = signed(room), renewed = signed(room);
  const encoder = await published(token, '?peer=cam');
  for (const [method, body, headers] of [['PATCH', 'a=end-of-candidates\r\n', FRAGMENT], ['DELETE']]) {
    assert.equal((await ask(server, renewed, method, encoder.location, body, headers)).status, 403, method);
    assert.equal((await ask(server, server.token, method, encoder.location, body, headers)).status, 403, method);
  }
  await assert.rejects(published(renewed, '?peer=cam'), /^Error: 409/);
  assert.equal((await ask(server, token, 'PATCH', encoder.location, 'a=end-of-candidates\r\n', FRAGMENT)).status, 204);
  assert.equal((await ask(server, token, 'DELETE', encoder.location)).status, 200);
  assert.equal((await ask(server, token, 'DELETE', encoder.location)).status, 404);
  await published(renewed, '?peer=cam');
});

// Each door, with what it says to a token that is good: whether somebody is in under the id or not
// must make no difference to one that is not.
function doors(id, resource) {
  const refusal = async (answer) => [answer.status, (await answer.json().catch(() => ({}))).details?.[0]];
  return {
    socket: async (token) => {
      const { why } = await opened(token, id);
      return [why?.code ?? 200, why?.message];
    },
    init: async (token) => refusal(await ask(server, token, 'GET', `/init?peer_id=${id}`)),
    whip: async (token, room) => refusal(await ask(server, token, 'POST', `/whip/${room.id}?peer=${id}`, 'v=0', SDP)),
    whep: async (token, room) => refusal(await ask(server, token, 'POST', `/whep/${room.id}?peer=${id}`, 'v=0', SDP)),
    patch: async (token) => refusal(await ask(server, token, 'PATCH', resource, 'a=x', FRAGMENT)),
    delete: async (token) => refusal(await ask(server, token, 'DELETE', resource)),
    invites: async (token) => refusal(await ask(server, token, 'GET', '/api/invites')),
    layouts: async (token) => refusal(await ask(server, token, 'GET', '/v2/layouts/ui')),
  };
}

test('a token is good for a minute after its exp and no longer, at every door', async () => {
  const { room } = await server.meeting();
  const own = signed(room);
  await joined(own, 'present');
  const encoder = await published(own, '?peer=cam');
  // What each says at 57 s, which is not that the token is over.
  const good = { socket: [409, 200], init: [409, 200], whip: [409, 400], whep: [400, 400], patch: [403, 404],
    delete: [403, 404], invites: [200, 200], layouts: [200, 200] };
  const places = [doors('present', encoder.location), doors('absent', `/whip/${room.id}/${randomUUID()}`)];
  for (const [i, place] of places.entries()) {
    for (const [name, enter] of Object.entries(place)) {
      const [before] = await enter(signed(room, { exp: nowS() - LEEWAY_S + 3 }), room);
      assert.equal(before, good[name][i], `${name}, ${i}`);
      const [after, why] = await enter(signed(room, { exp: nowS() - LEEWAY_S }), room);
      assert.deepEqual([after, why ?? 'token is expired'], [401, 'token is expired'], `${name}, ${i}`);
    }
  }
  const management = (exp) => signToken(server, { type: 'management', exp });
  assert.equal((await ask(server, management(nowS() - LEEWAY_S + 3), 'GET', '/v2/rooms')).status, 200);
  assert.equal((await ask(server, management(nowS() - LEEWAY_S), 'GET', '/v2/rooms')).status, 401);
});

test('a peer that was written down without a hash leaves with its events, and is nobody\'s', async () => {
  const { room } = await server.meeting();
  const token = signed(room), other = signed(room, { user_id: 'other' });
  const alice = await joined(token, 'alice');
  await until(async () => (await eventsOf(room, 'peer.join.success')).length, 'her visit to be stored');
  await server.restart('SIGTERM', () => server.forgetTokens());
  await until(async () => (await eventsOf(room, 'peer.leave.success')).length, 'her leaving to be told');
  assert.equal((await eventsOf(room, 'session.close.success')).length, 1);
  for (const one of [other, token]) assert.equal((await opened(one, alice.id)).said('peer-list').length, 0);
  assert.equal((await server.call('GET', `/v2/active-rooms/${room.id}/peers`)).status, 404);
});

test('who waits to be let in hears and sees nothing over WHEP', async () => {
  const nobody = { publishParams: { allowed: [] }, permissions: {} };
  const { body: template } = await server.call('POST', '/v2/templates', { name: 'held', roles: {
    host: { publishParams: { allowed: ['audio', 'video'] }, subscribeParams: { subscribeToRoles: ['host'] } },
    guest: { ...nobody, subscribeParams: { subscribeToRoles: ['host'] } },
    lobby: { ...nobody, subscribeParams: { subscribeToRoles: ['host', 'guest'] }, waitingRoom: true },
  } });
  const { body: room } = await server.call('POST', '/v2/rooms', { template_id: template.id });
  (await published(signed(room))).play();
  const watch = async (role) => {
    const viewer = await WhipClient.watch(server, signed(room, { role, user_id: role }), ['audio']);
    open.push(viewer);
    return viewer.sinks[0];
  };
  const held = await watch('lobby'), inside = await watch('guest');
  await until(() => inside.packets.size > 20, 'sound for who is in');
  assert.equal(held.packets.size, 0);
  const live = `/v2/active-rooms/${room.id}/peers`;
  const { id } = Object.values((await server.call('GET', live)).body.peers).find(({ role }) => role === 'lobby');
  await server.call('POST', `${live}/${id}`, { role: 'guest' });
  await until(() => held.packets.size > 20, 'sound for who was let in');
});
