// What back ends and samples of years ago send to the REST API, and what they get: paths of before, every field of a
// form, empty or not, and a token for whoever asks, where the operator hands them out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, startServer } from '../browser/lib/server.mjs';

let server, room, shut;

before(async () => {
  server = await startServer();
  room = (await server.call('POST', '/v2/rooms', { name: 'class' })).body;
  shut = (await server.call('POST', '/v2/rooms', { name: 'shut' })).body;
  await server.call('POST', `/v2/rooms/${shut.id}`, { enabled: false });
});
after(() => server?.stop());

// The same data, other options.
async function startAgain(...options) {
  await server.kill();
  server = await startServer(options, '127.0.0.1', server.folder);
}

test('an empty value in a query is none, and a limit of 0 is the default', async () => {
  const paths = ['/v2/rooms?name=&enabled=&template_id=&after=&before=&start=&limit=', '/v2/rooms?limit=0',
    '/v2/templates?name=&default=&limit=0', '/v2/sessions?room_id=&active=&after=&before=&limit=',
    `/v2/room-codes/room/${room.id}?enabled=&role=&limit=0&start=`, '/v2/recordings?room_id=&status=&session_id=&limit=0',
    '/v2/recording-assets?room_id=&status=&limit=', '/v2/live-streams?status=&limit=', '/v2/external-streams?limit=0',
    `/v2/analytics/events?room_id=${room.id}&type=&session_id=&peer_id=&error=&limit=`];
  for (const path of paths) {
    const { status, body } = await server.call('GET', path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  }
  const all = (await server.call('GET', '/v2/rooms?name=&enabled=&limit=0')).body;
  assert.equal(all.limit, 10);
  assert.equal(all.data.length, 2);
  for (const path of ['/v2/rooms?limit=x', '/v2/rooms?limit=-1', '/v2/rooms?enabled=maybe', '/v2/rooms?after=soon',
    '/v2/analytics/events?room_id=']) {
    assert.equal((await server.call('GET', path)).status, 400, path);
  }
});

test('max_duration_seconds is taken as a text of digits too', async () => {
  const made = await server.call('POST', '/v2/rooms', { name: 'timed', max_duration_seconds: '3600' });
  assert.equal(made.status, 200);
  assert.equal(made.body.max_duration_seconds, 3600);
  for (const wrong of ['', '1h', '-600', '60', '99999999999999999999', ' 600']) {
    const { status } = await server.call('POST', '/v2/rooms', { name: 'timed2', max_duration_seconds: wrong });
    assert.equal(status, 400, wrong);
  }
});

test('paths of before lead to the same', async () => {
  assert.deepEqual((await server.call('GET', `/api/v2/rooms/${room.id}`)).body,
    (await server.call('GET', `/v2/rooms/${room.id}`)).body);
  assert.equal((await server.call('POST', `/api/v2/rooms/${room.id}`, { description: 'by the old path' })).body.description,
    'by the old path');
  assert.equal((await server.call('GET', '/api/v2/nothing')).status, 404);
  const templates = (await server.call('GET', '/policy/v1/templates')).body;
  assert.deepEqual(templates, (await server.call('GET', '/v2/templates')).body);
  assert.deepEqual((await server.call('GET', `/policy/v1/templates/${templates.data[0].id}`)).body, templates.data[0]);
  assert.equal((await server.call('GET', '/policy/v1/rooms')).status, 404);
  assert.equal((await fetch(`${server.origin}/api/v2/rooms`)).status, 401, 'an old path is no way round the token');
});

test('/api/v2/beam is checked and answered as a recording or a stream is', async () => {
  const beam = (body) => server.call('POST', '/api/v2/beam', body);
  const start = await server.call('POST', `/v2/recordings/room/${room.id}/start`, { meeting_url: 'https://a.example/' });
  assert.equal((await beam({ operation: 'start', room_id: room.id, meeting_url: 'https://a.example/', record: true })).status, start.status);
  assert.equal((await beam({ operation: 'start', room_id: room.id, meeting_url: 'ftp://a.example/' })).status, 400);
  assert.equal((await beam({ operation: 'pause', room_id: room.id })).status, 400);
  assert.equal((await beam({ operation: 'start' })).status, 400);
  const stream = { rtmp_urls: ['rtmp://a.example/live'], meeting_url: 'https://a.example/' };
  assert.equal((await beam({ operation: 'start', room_id: room.id, ...stream })).status,
    (await server.call('POST', `/v2/external-streams/room/${room.id}/start`, stream)).status);
  assert.equal((await beam({ operation: 'stop', room_id: room.id })).status,
    (await server.call('POST', `/v2/recordings/room/${room.id}/stop`, {})).status);
});

// As the samples do it: no Authorization, and a body that says it is text.
async function ask(at, body, { path = '/hmsapi/acme.app/api/token', headers = {} } = {}) {
  const answer = await fetch(at.origin + path, {
    method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

test('nobody gets a token for the asking unless the operator says so', async () => {
  for (const path of ['/hmsapi/acme.app/api/token', '/api/token']) {
    const { status, body } = await ask(server, { user_id: 'u', role: 'guest', room_id: room.id }, { path });
    assert.equal(status, 404, path);
    assert.equal(body.token, undefined);
  }
});

test('--token-endpoint hands out what it names, and nothing else', async () => {
  await startAgain('--token-endpoint', `${room.id}:guest,${shut.id}:guest,${room.id}:nurse`);
  for (const path of ['/hmsapi/acme.app/api/token', '/api/token']) {
    const { status, headers, body } = await ask(server, { user_id: 'ann', role: 'guest', room_id: room.id, type: 'app' }, { path });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.equal(headers.get('cache-control'), 'no-store');
    const claims = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64'));
    assert.equal(claims.user_id, 'ann');
    assert.equal(claims.role, 'guest');
    assert.equal(claims.room_id, room.id);
    assert.equal(claims.type, 'app');
    const init = await fetch(`${server.origin}/init?peer_id=p`, { headers: { authorization: `Bearer ${body.token}` } });
    assert.equal(init.status, 200);
  }
  const of = async (body) => (await ask(server, body)).status;
  assert.equal(await of({ user_id: 'ann', role: 'host', room_id: room.id }), 403, 'a role that is not named');
  assert.equal(await of({ user_id: 'ann', role: 'nurse', room_id: room.id }), 403, 'a role that does not exist');
  assert.equal(await of({ user_id: 'ann', role: 'guest', room_id: shut.id }), 403, 'a room that is disabled');
  assert.equal(await of({ user_id: 'ann', role: 'guest', room_id: '000000000000000000000000' }), 403);
  assert.equal(await of({ user_id: 'ann', role: 'guest' }), 400);
  assert.equal(await of({ user_id: 7, role: 'guest', room_id: room.id }), 400);
  assert.equal(await of('nonsense'), 400);
  const nameless = (await ask(server, { role: 'guest', room_id: room.id })).body.token;
  assert.match(JSON.parse(Buffer.from(nameless.split('.')[1], 'base64')).user_id, /^[0-9a-f-]{36}$/);
  assert.match(server.log(), new RegExp(`room ${room.id} has no role nurse`));
  assert.doesNotMatch(server.log(), /can end the room/);
});

test('with --origins only those pages get one', async () => {
  await startAgain('--token-endpoint', `${room.id}:host`, '--origins', 'https://app.example.org');
  const wish = { user_id: 'ann', role: 'host', room_id: room.id };
  const own = await ask(server, wish, { headers: { origin: 'https://app.example.org' } });
  assert.equal(own.status, 200);
  assert.equal(own.headers.get('access-control-allow-origin'), 'https://app.example.org');
  const foreign = await ask(server, wish, { headers: { origin: 'https://evil.example' } });
  assert.equal(foreign.status, 403);
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  assert.match(server.log(), /WARN.*token-endpoint gives anybody the role host.*can end the room, remove people or change roles/i);
});

test('it counts as a login: asking in vain is limited', async () => {
  await startAgain('--token-endpoint', `${room.id}:guest`, '--rate-limit', 'on', '--logins', '1', '--logins-burst', '2');
  const statuses = [];
  for (let i = 0; i < 5; i++) {
    statuses.push((await ask(server, { role: 'host', room_id: room.id }, { path: i % 2 ? '/api/token' : '/hmsapi/a/api/token' })).status);
  }
  assert.deepEqual(statuses.slice(0, 2), [403, 403]);
  assert.ok(statuses.slice(2).includes(429), `${statuses}`);
});

test('the setting takes whole pairs only, and no wildcard', () => {
  for (const value of [`${room.id}:*`, '*:guest', `${room.id}`, `${room.id}:`, 'standup:guest', `${room.id}:guest,,`, `${room.id}:guest ${room.id}:host`]) {
    assert.throws(() => execFileSync(binary, ['serve', '--token-endpoint', value, '--listen', '127.0.0.1:1',
      '--data', mkdtempSync(join(tmpdir(), 'parlor-test-'))], { stdio: 'pipe', timeout: 5000,
      env: { ...process.env, PARLOR_ALLOW_ROOT: '1' } }), (error) => /token-endpoint/.test(String(error.stderr)), value);
  }
});
