// What a page of somebody else's may do in the browser of a person who runs this server, or stands next to it: nothing
// that makes a meeting or reads its codes. fetch() would not let a test say `Origin` and `Host`, so these are octets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../browser/lib/server.mjs';
import { exchange, statusOf } from './raw.mjs';

const json = 'application/json';
let anyone, local, proxied;

before(async () => {
  [anyone, local, proxied] = await Promise.all([
    startServer(['--meetings', 'anyone']), startServer(), startServer(['--public-url', 'https://meet.example.org'])]);
});
after(() => Promise.all([anyone, local, proxied].map((server) => server?.stop())));

// POST /api/meetings with these fields; one that is null is left out.
async function create(server, fields = {}, version = '1.1') {
  const all = { Host: `localhost:${server.port}`, 'Content-Type': json, Connection: 'close', 'Content-Length': 2, ...fields };
  const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  const { text } = await exchange(server.port, `POST /api/meetings HTTP/${version}\r\n${lines.join('')}\r\n{}`);
  return { status: statusOf(text), text };
}

test('the own page makes meetings, under each name of this machine', async () => {
  for (const server of [anyone, local]) {
    for (const host of ['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${server.port}`)) {
      for (const fields of [{}, { Origin: `http://${host}` }, { Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' },
        { 'Content-Type': 'application/json; charset=utf-8' }]) {
        assert.equal((await create(server, { Host: host, ...fields })).status, 200, `${host} ${JSON.stringify(fields)}`);
      }
    }
  }
});

test('a foreign page makes none', async () => {
  const foreign = [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: 'http://localhost:1' },
    { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example', 'Content-Type': 'text/plain' }];
  for (const server of [anyone, local]) {
    for (const fields of foreign) {
      const { status, text } = await create(server, fields);
      assert.equal(status, 403, JSON.stringify(fields));
      assert.ok(!text.includes('Host_Code'), text);
    }
  }
});

test('what a form of any page can send is not taken: text/plain, and nothing that says what it is', async () => {
  for (const server of [anyone, local]) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', null]) {
      assert.equal((await create(server, { 'Content-Type': type })).status, 415, String(type));
    }
  }
});

test('a name that leads to this machine by DNS makes no meeting and reads no code', async () => {
  const rebound = { Host: `evil.example:${anyone.port}`, Origin: `http://evil.example:${anyone.port}` };
  assert.equal((await create(anyone, rebound)).status, 403);
  assert.equal((await create(local, rebound)).status, 401, 'who is not on this machine needs the key');
  const read = await exchange(anyone.port, `GET /api/room-codes HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
  assert.equal(statusOf(read.text), 403);
});

test('the codes of the configured room are read by no foreign page', async () => {
  const { room } = await anyone.meeting();
  const server = await startServer(['--meetings', 'anyone', '--room-codes-room', room.id, '--origins', 'https://app.example.org']);
  try {
    const read = (more) => exchange(server.port, `GET /api/room-codes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`);
    assert.equal(statusOf((await read('Origin: https://evil.example\r\n')).text), 403);
    assert.equal(statusOf((await read('Origin: https://app.example.org\r\n')).text), 404, 'a room of another server');
    assert.equal(statusOf((await read('')).text), 404);
  } finally {
    await server.stop();
  }
});

test('behind a proxy on the same machine nobody makes meetings without the key', async () => {
  assert.equal((await create(proxied)).status, 401);
  for (const field of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) {
    assert.equal((await create(local, { [field]: field === 'Forwarded' ? 'for=192.0.2.1' : '192.0.2.1' })).status, 401, field);
  }
  assert.equal((await create(local, { Host: 'meet.example.org' })).status, 401);
  assert.equal((await create(proxied, { Host: 'meet.example.org', Authorization: `Bearer ${proxied.token}` })).status, 200);
});

test('a proxy on the same machine is known by any of the fields that proxies add, and by its HTTP/1.0', async () => {
  const fields = ['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Server', 'X-Forwarded-Port', 'CF-Connecting-IP',
    'True-Client-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'Fastly-Client-IP', 'X-Envoy-External-Address', 'Via'];
  for (const field of fields) assert.equal((await create(local, { [field]: 'x' })).status, 401, field);
  assert.equal((await create(local, {}, '1.0')).status, 401, 'nginx with nothing but proxy_pass');
  assert.equal((await create(local)).status, 200);
});

test('with the key or a management token nothing else is asked', async () => {
  assert.equal((await create(anyone, { Host: 'meet.example.org', 'Content-Type': 'text/plain', Authorization: `Bearer ${anyone.token}` })).status, 200);
  assert.equal((await create(local, { Host: 'meet.example.org', 'Content-Type': null, Authorization: `Bearer ${local.token}` })).status, 200);
});
