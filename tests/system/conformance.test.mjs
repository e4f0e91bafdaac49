// What the official client expects of HTTP and of the socket, message by message. Names begin
// with the numbers of the conformance checklist; docs/signalling.md says where the others are.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, top, until } from '../browser/lib/server.mjs';

const WebSocket = createRequire(join(top, 'tests/browser/package.json'))('ws');
let server, meeting, token;

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  token = await login(meeting.host);
});
after(() => server?.stop());

const post = (path, body, headers = {}) =>
  fetch(server.origin + path, { method: 'POST', body, headers });

async function login(code) {
  const answer = await post('/v2/token', JSON.stringify({ code, user_id: 'ann' }), { 'content-type': 'text/plain' });
  return (await answer.json()).token;
}

// A socket as the SDK opens it, with all that it heard.
async function open(given = token) {
  const query = new URLSearchParams({ peer: randomUUID(), token: given, user_agent_v2: 'os:web,sdk:web',
    protocol_version: '2.5', protocol_spec: '20250115' });
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/ws?${query}`);
  const heard = [];
  const closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
  socket.on('message', (text) => heard.push(JSON.parse(text)));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  return { socket, heard, closed, send: (message) => socket.send(JSON.stringify(message)),
    answer: (id) => until(() => heard.find((message) => message.id === id), `an answer to ${id}`) };
}

test('1, 2: a token request is JSON whatever it says it is, and its refusals have codes', async () => {
  const ask = async (code) => {
    const answer = await post('/v2/token', JSON.stringify({ code, user_id: 'ann' }),
      { 'content-type': 'text/plain;charset=UTF-8', origin: 'https://app.example' });
    return { answer, body: await answer.json() };
  };
  const good = await ask(meeting.guest);
  assert.equal(good.answer.status, 200);
  assert.equal(good.answer.headers.get('access-control-allow-origin'), '*');
  assert.equal(good.body.token.split('.').length, 3);
  const unknown = await ask('aaa-bbbb-ccc');
  assert.deepEqual([unknown.answer.status, unknown.body.code], [404, 404]);
  assert.equal(unknown.answer.headers.get('access-control-allow-origin'), '*');
  const closed = await server.meeting();
  await server.call('POST', `/v2/rooms/${closed.room.id}`, { enabled: false });
  const disabled = await ask(closed.guest);
  assert.deepEqual([disabled.answer.status, disabled.body.code], [403, 403]);
});

test('5: the preflight of init allows the bearer, and init gives endpoint and config', async () => {
  const preflight = await fetch(`${server.origin}/init`, { method: 'OPTIONS', headers: {
    origin: 'https://app.example', 'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization' } });
  assert.ok(preflight.ok);
  assert.match(preflight.headers.get('access-control-allow-headers'), /authorization/i);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  const init = await fetch(`${server.origin}/init?peer_id=${randomUUID()}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(init.headers.get('access-control-allow-origin'), '*');
  const body = await init.json();
  assert.match(body.endpoint, /^ws:\/\/.*\/ws$/);
  assert.equal(typeof body.config, 'object');
  assert.ok(Array.isArray(body.config.enabledFlags));
});

test('8, 9: the upgrade takes the five parameters, and the policy comes first, unasked', async () => {
  const { socket, heard } = await open();
  await until(() => heard.length > 0, 'the policy', 1000);
  assert.equal(heard[0].method, 'on-policy-change');
  assert.equal(heard[0].params.name, 'host');
  assert.ok(heard[0].params.known_roles.guest);
  socket.close(1000);
});

test('10, 11, 12, 13: each request gets one answer, truthy; notifications have no id', async () => {
  const { socket, heard, send, answer } = await open();
  send({ method: 'ping', params: { timestamp: 5 }, id: 'early', jsonrpc: '2.0' });
  assert.deepEqual((await answer('early')).result, { timestamp: 5 });
  send({ method: 'join', params: { name: 'Ann', data: '' }, id: 'join', jsonrpc: '2.0' });
  assert.ok((await answer('join')).result);
  send({ method: 'track-update', params: { tracks: {} } }); // neither jsonrpc nor id
  send({ method: 'no-such-notification', params: {} });
  send({ method: 'no-such-request', params: {}, id: 'unknown', jsonrpc: '2.0' });
  const refused = await answer('unknown');
  assert.ok(refused.error.code < 500 || refused.error.code > 599);
  const requests = { 'get-peer': { peer_id: 'nobody' }, 'peer-update': { name: 'Anna' }, 'group-join': { name: '_handraise' },
    'set-metadata': { key: 'k', data: 1 }, 'get-metadata': { key: 'unset' }, 'poll-list': { count: 50, state: 'started' },
    broadcast: { info: { message: 'm', type: 'chat' } } };
  for (const [method, params] of Object.entries(requests)) send({ method, params, id: method, jsonrpc: '2.0' });
  for (const method of Object.keys(requests)) await answer(method);
  send({ method: 'ping', params: { timestamp: 6 }, id: 'late', jsonrpc: '2.0' });
  await answer('late');
  const answers = heard.filter((message) => message.id);
  assert.equal(new Set(answers.map(({ id }) => id)).size, answers.length, 'one answer each');
  for (const { result, error } of answers) assert.ok(error ? Number.isInteger(error.code) : result);
  for (const message of heard) assert.ok(message.id ? !message.method : message.method, JSON.stringify(message));
  socket.close(1000);
});

test('14: a message of 200 kB is taken', async () => {
  const { socket, send, answer } = await open();
  send({ method: 'join', params: { name: 'Ann', data: '' }, id: 'join', jsonrpc: '2.0' });
  await answer('join');
  send({ method: 'ping', params: { timestamp: 7, padding: 'x'.repeat(200 * 1024) }, id: 'long', jsonrpc: '2.0' });
  assert.deepEqual((await answer('long')).result, { timestamp: 7 });
  send({ method: 'ping', params: { timestamp: 8, padding: Array(40).fill('y'.repeat(5000)) }, id: 'wide', jsonrpc: '2.0' });
  assert.deepEqual((await answer('wide')).result, { timestamp: 8 });
  socket.close(1000);
});

test('45: what is refused after the upgrade is told by on-error', async () => {
  const { body: room } = await server.call('POST', '/v2/rooms', {});
  const codes = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  const given = await login(codes[0].code);
  await server.call('POST', `/v2/rooms/${room.id}`, { enabled: false });
  const { heard, closed } = await open(given);
  await until(() => heard.some(({ method }) => method === 'on-error'), 'on-error');
  assert.equal(heard.find(({ method }) => method === 'on-error').params.code, 403);
  await closed;
});

test('46: layouts are a list, that of the own role first, with JSON also for a bad token', async () => {
  const good = await fetch(`${server.origin}/v2/layouts/ui`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(good.status, 200);
  assert.equal((await good.json()).data[0].role, 'host', 'the layout of the token comes first');
  const guest = await fetch(`${server.origin}/v2/layouts/ui`,
    { headers: { authorization: `Bearer ${await login(meeting.guest)}` } });
  assert.equal((await guest.json()).data[0].role, 'guest');
  assert.equal(good.headers.get('cache-control'), 'private, max-age=0');
  const again = await fetch(`${server.origin}/v2/layouts/ui`, { headers: { authorization: `Bearer ${token}`, 'if-none-match': good.headers.get('etag') } });
  assert.deepEqual([again.status, await again.text()], [304, '']);
  const bad = await fetch(`${server.origin}/v2/layouts/ui`, { headers: { authorization: 'Bearer x.y.z' } });
  assert.equal(bad.status, 401);
  assert.equal((await bad.json()).code, 401);
});
