// The small commands, as a script uses them: what they print, and how they end.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const run = (...words) => spawnSync(binary, [...words, '--data', server.folder, '--server', server.origin],
  { encoding: 'utf8', timeout: 20000 });
function good(...words) {
  const { status, stdout, stderr } = run(...words);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

test('rooms: made, listed, shown by id and by name, with their codes', () => {
  const id = good('room', 'create', '--name', 'weekly', '--description=by a script', '--size', '9');
  assert.match(id, /^[0-9a-f]{24}$/);
  assert.equal(good('room', 'create', '--name', 'weekly'), id);
  const room = JSON.parse(good('room', 'show', 'weekly'));
  assert.deepEqual([room.id, room.description, room.size], [id, 'by a script', 9]);
  assert.equal(JSON.parse(good('room', 'show', id)).name, 'weekly');
  assert.match(good('room', 'list'), new RegExp(`${id} +weekly`));
  assert.equal(JSON.parse(good('room', 'list', '--json')).data[0].id, id);
  const lines = good('room', 'codes', 'weekly').split('\n');
  assert.deepEqual(lines.map((line) => line.split(/ +/)[0]).sort(), ['guest', 'host']);
  assert.match(lines[0], new RegExp(` [a-z]{3}-[a-z]{4}-[a-z]{3}  ${server.origin}/m/`));
  assert.equal(JSON.parse(good('room', 'codes', id, '--json')).data.length, 2);
});

test('a meeting is ended, and an idle room deleted', async () => {
  const { host } = Object.fromEntries(JSON.parse(good('room', 'codes', 'weekly', '--json')).data
    .map((one) => [one.role, one.code]));
  const ann = await Peer.join(server, host, { name: 'ann' });
  try {
    const refused = run('room', 'delete', 'weekly');
    assert.equal(refused.status, 4);
    assert.match(refused.stderr, /room is in use/);
    assert.match(good('room', 'end', 'weekly', '--reason', 'night', '--lock'), /session is ending/);
    await until(() => ann.said('on-peer-leave-request')[0]?.params.reason === 'night', 'the end');
    assert.equal(run('room', 'end', 'weekly').status, 3);
    assert.equal(good('room', 'delete', 'weekly'), '');
    assert.equal(run('room', 'show', 'weekly').status, 3);
  } finally {
    await ann.end();
  }
});

test('templates: applied from a file, listed, shown; a bad file says where', () => {
  const file = join(server.folder, 'webinar.json');
  writeFileSync(file, '{"name":"webinar","roles":{"speaker":{},"audience":{"publishParams":{"allowed":[]}}}}');
  const id = good('template', 'apply', file);
  assert.equal(good('template', 'apply', file), id);
  assert.deepEqual(Object.keys(JSON.parse(good('template', 'show', 'webinar')).roles), ['speaker', 'audience']);
  assert.match(good('template', 'list'), /default\n?.*/);
  writeFileSync(file, '{"name":\n oops}');
  const broken = run('template', 'apply', file);
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /line 2/);
  writeFileSync(file, '{"name":"webinar","roles":{"x":{"priority":99}}}');
  const refused = run('template', 'apply', file);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /roles\.x\.priority/);
});

test('tokens: one to manage, one to join, and a command to copy', async () => {
  const token = good('token', 'management', '--hours', '1');
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.equal(claims.exp - claims.iat, 3600);
  const room = good('room', 'create', '--name', 'tokens');
  const app = good('token', 'app', '--room', room, '--role', 'guest', '--user', 'ann');
  const init = await fetch(`${server.origin}/init?peer_id=x`, { headers: { authorization: `Bearer ${app}` } });
  assert.equal(init.status, 200);
  assert.match(good('token', 'management', '--curl'), /^curl -H 'Authorization: Bearer .*' 'http.*\/v2\/rooms'$/);
  assert.equal(run('token', 'app', '--room', 'x', '--role', 'guest').status, 2);
  assert.equal(run('token', 'management', '--hours', '0').status, 2);
});

test('a secret is replaced while the old one is still good, and then taken away, and nobody has to leave', async () => {
  const list = (bearer) => fetch(`${server.origin}/v2/rooms`, { headers: { authorization: `Bearer ${bearer}` } });
  const tells = async (pattern) => {
    const before = server.log().length;
    process.kill(server.pid, 'SIGHUP');
    await until(() => pattern.test(server.log().slice(before)), 'the keys to be read again');
  };
  const old = good('token', 'management');
  assert.match(good('key', 'list'), /one secret$/);
  assert.equal(run('key', 'revoke').status, 4);
  const made = run('key', 'create');
  assert.equal(made.status, 0);
  assert.match(made.stderr, /kill -HUP/);
  assert.equal(run('key', 'create').status, 4);
  assert.equal(JSON.parse(good('key', 'list', '--json'))[0].secrets, 2);
  const fresh = good('token', 'management');
  assert.equal((await list(fresh)).status, 401, 'not told yet');
  await tells(/two secrets are good/);
  assert.equal((await list(old)).status, 200);
  assert.equal((await list(fresh)).status, 200);
  // What the server signs itself is by the new one: it outlives the old.
  const room = good('room', 'create', '--name', 'rotation');
  const [{ code }] = JSON.parse(good('room', 'codes', room, '--json')).data;
  const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code }) });
  const { token } = await login.json();
  good('key', 'revoke');
  await tells(/one secret is good/);
  assert.equal((await list(old)).status, 401);
  assert.equal((await list(fresh)).status, 200);
  const init = await fetch(`${server.origin}/init?peer_id=x`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(init.status, 200);
  // A file that cannot be used changes nothing.
  const file = join(server.folder, 'keys.json');
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, 40));
  await tells(/keys\.json was not read again/);
  writeFileSync(file, whole);
  assert.equal((await list(fresh)).status, 200);
});

test('what is not understood ends with 2, and no server with 1 and a hint', () => {
  for (const words of [['room'], ['room', 'paint'], ['room', 'show'], ['room', 'list', '--colour', 'red'],
    ['room', 'show', 'a', 'b'], ['template', 'apply'], ['backup'],
    ['restore', 'a', 'b'], ['migrate'], ['migrate', '--to', 'elsewhere'], ['key', 'show', '--hours', '1'], ['token', 'app', '--role'], ['room', 'list', '--limit', '101'], ['room', 'list', '--limit', '0'],
    ['room', 'create', '--size', 'many']]) {
    const { status, stderr } = spawnSync(binary, words, { encoding: 'utf8' });
    assert.equal(status, 2, words.join(' '));
    assert.ok(stderr.length > 0);
  }
  const away = spawnSync(binary, ['room', 'list', '--data', server.folder, '--server', 'http://127.0.0.1:1'], { encoding: 'utf8' });
  assert.equal(away.status, 1);
  assert.match(away.stderr, /is the server running/);
  for (const command of ['room', 'template', 'token', 'key', 'backup', 'restore', 'migrate']) {
    const { status, stdout } = spawnSync(binary, [command, '--help'], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /Usage: parlor/);
  }
});
