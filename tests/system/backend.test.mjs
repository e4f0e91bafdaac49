// What an application's back end does, against the real binary: HTTP, the C library, the CLI.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, top } from '../browser/lib/server.mjs';

let server;

before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const code = /^[a-z]{3}-[a-z]{4}-[a-z]{3}$/;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A management token as a back end signs it by itself.
function sign(claims, secret = server.keys.app_secret, header = { alg: 'HS256', typ: 'JWT' }) {
  const signed = `${b64(header)}.${b64(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function claims(more = {}) {
  const now = Math.floor(Date.now() / 1000);
  return { access_key: server.keys.access_key, type: 'management', version: 2, iat: now, nbf: now,
    exp: now + 86400, jti: '00000000-0000-4000-8000-000000000000', ...more };
}

async function call(method, path, { token, body, headers = {} } = {}) {
  const answer = await fetch(server.origin + path, {
    method, body,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  });
  const text = await answer.text();
  let json;
  try {
    json = text ? JSON.parse(text) : undefined;
  } catch {
    assert.fail(`${method} ${path} answered ${answer.status} with no JSON: ${text.slice(0, 200)}`);
  }
  return { status: answer.status, json, headers: answer.headers };
}

test('the flow: own token, room, codes, code to token', async () => {
  const token = sign(claims());
  const room = await call('POST', '/v2/rooms', { token, body: JSON.stringify({ template_id: server.keys.template_id }) });
  assert.equal(room.status, 200);
  assert.match(room.json.id, /^[0-9a-f]{24}$/);
  const codes = await call('POST', `/v2/room-codes/room/${room.json.id}`,
    { token, headers: { 'content-type': 'application/json' } });
  assert.equal(codes.status, 200);
  const found = Object.fromEntries(codes.json.data.map((entry) => [entry.role, entry]));
  for (const role of ['host', 'guest']) {
    assert.match(found[role].code, code);
    assert.match(found[role].created_at, rfc3339);
    assert.match(found[role].updated_at, rfc3339);
  }
  const again = await call('POST', `/v2/room-codes/room/${room.json.id}`, { token });
  assert.deepEqual(again.json.data.map((c) => c.code), codes.json.data.map((c) => c.code));
  const login = await call('POST', '/v2/token',
    { body: JSON.stringify({ code: found.guest.code, user_id: 'u' }), headers: { 'content-type': 'text/plain' } });
  assert.equal(login.status, 200);
  const payload = JSON.parse(Buffer.from(login.json.token.split('.')[1], 'base64'));
  assert.deepEqual([payload.room_id, payload.role, payload.user_id, payload.type, payload.version],
    [room.json.id, 'guest', 'u', 'app', 2]);
});

test('New meeting answers both codes', async () => {
  const made = await call('POST', '/api/meetings',
    { body: '{}', headers: { 'content-type': 'application/json' } });
  assert.equal(made.status, 200);
  assert.match(made.json.Host_Code, code);
  assert.match(made.json.Guest_Code, code);
  assert.match(made.json.Room_Id, /^[0-9a-f]{24}$/);
});

test('every refusal is JSON with code and message', async () => {
  const old = claims({ exp: 1000, iat: 900, nbf: 900 });
  const cases = [
    ['GET', '/v2/rooms', undefined, 401],
    ['GET', '/v2/rooms', 'not.a.token', 401],
    ['GET', '/v2/rooms', sign(claims(), 'x'.repeat(40)), 401],
    ['GET', '/v2/rooms', sign(old), 401],
    ['GET', '/v2/rooms', sign(claims({ access_key: '0'.repeat(24) })), 401],
    ['GET', '/v2/rooms', sign(claims(), server.keys.app_secret, { alg: 'none' }), 401],
    ['GET', '/v2/rooms', sign(claims({ version: 1 })), 401],
    ['GET', '/v2/rooms', sign(claims({ type: 'app', room_id: '0'.repeat(24), role: 'host' })), 403],
    ['GET', '/v2/rooms/000000000000000000000000', sign(claims()), 404],
    ['GET', '/v2/nothing', sign(claims()), 404],
    ['GET', '/nothing/here', undefined, 404],
    ['DELETE', '/v2/room-codes/code', sign(claims()), 405],
    ['POST', '/v2/polls', sign(claims()), 400],
  ];
  for (const [method, path, token, status] of cases) {
    const answer = await call(method, path, { token });
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.json)}`);
    assert.equal(answer.json.code, status);
    assert.equal(typeof answer.json.message, 'string');
    assert.match(answer.headers.get('content-type'), /application\/json/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
});

test('init names the socket and allows the authorization header', async () => {
  const { room, host } = await server.meeting();
  const login = await call('POST', '/v2/token', { body: JSON.stringify({ code: host }) });
  const path = '/init?peer_id=00000000-0000-4000-8000-000000000001&user_agent_v2=x';
  const preflight = await fetch(server.origin + path, { method: 'OPTIONS', headers: {
    origin: 'http://example.org', 'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization' } });
  assert.ok(preflight.ok);
  assert.match(preflight.headers.get('access-control-allow-headers'), /authorization/i);
  const init = await call('GET', path, { token: login.json.token });
  assert.equal(init.status, 200);
  assert.equal(init.json.endpoint, `ws://127.0.0.1:${server.port}/ws`);
  assert.equal(typeof init.json.config, 'object');
  assert.ok(Array.isArray(init.json.rtcConfiguration.ice_servers));
  await server.call('POST', `/v2/rooms/${room.id}`, { enabled: false });
  assert.equal((await call('GET', path, { token: login.json.token })).status, 403);
});

test('libparlor and its example do the same from C', () => {
  const example = join(top, 'build/client/parlor-example');
  assert.ok(existsSync(example), 'the example program was built');
  const printed = execFileSync(example, [], { encoding: 'utf8', env: { ...process.env,
    PARLOR_URL: server.origin, PARLOR_ACCESS_KEY: server.keys.access_key,
    PARLOR_APP_SECRET: server.keys.app_secret } });
  assert.equal(printed.match(/[a-z]{3}-[a-z]{4}-[a-z]{3}/g).length, 2, printed);
});

test('what is secret is readable by its owner alone', () => {
  const open = readdirSync(server.folder).filter(
    (name) => (statSync(join(server.folder, name)).mode & 0o077) !== 0);
  assert.deepEqual(open, []);
  assert.ok(!server.log().includes(server.keys.app_secret), 'the secret is in the log');
});

test('rooms and codes survive a kill -9', async () => {
  const { room, host } = await server.meeting({ name: 'durable' });
  await server.restart('SIGKILL');
  const again = await server.call('GET', `/v2/rooms/${room.id}`);
  assert.equal(again.body.name, 'durable');
  assert.equal((await call('POST', '/v2/token', { body: JSON.stringify({ code: host }) })).status, 200);
});
