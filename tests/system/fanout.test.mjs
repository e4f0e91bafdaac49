// A room's readers stay although one of them talks: 100 people, some of whom take no more than 64 kB a second, and a
// talker who says the longest that each method allows, as fast as it is answered.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const READERS = 100, SLOW = 10, OCTETS_PER_SECOND = 64000;
const control = '\u0001'; // six octets as JSON
let server;

before(async () => { server = await startServer(); });
after(() => server?.stop());

async function enter(code, user) {
  const client = await Client.of(server, code, user);
  await client.connect();
  client.socket.on('close', (code) => { client.closedWith = code; });
  const { result, error } = await client.request('join', { name: user, data: '' });
  assert.ok(result, JSON.stringify(error));
  return client;
}

// Lets so much through, in portions of 50 ms, until it is told to end.
function throttle(client) {
  const wire = client.socket._socket;
  let begun = performance.now(), from = wire.bytesRead;
  const timer = setInterval(() => {
    const may = (performance.now() - begun) / 1000 * OCTETS_PER_SECOND;
    if (wire.bytesRead - from > may) wire.pause();
    else {
      // What was not used is not saved up.
      begun = performance.now();
      from = wire.bytesRead;
      wire.resume();
    }
  }, 50);
  return () => {
    clearInterval(timer);
    wire.resume();
  };
}

// What is said, the longest that is allowed: the n-th time.
const talks = {
  broadcast: (n) => ['broadcast', { info: { message: `${n}`.padEnd(16384, control).slice(0, 16384), type: 'chat' } }],
  metadata: (n) => ['peer-update', { name: `${n}`.padEnd(256, 'n'), data: `${n}`.padEnd(8192, control) }],
  'session store': (n) => ['set-metadata', { key: `key${n % 100}`, data: `${n}`.padEnd(1000, 'v') }],
  hands: (n) => [n % 2 ? 'group-leave' : 'group-join', { name: '_handraise' }],
};

test('no reader of 100 that takes 64 kB a second is closed whatever one of them says', async () => {
  const { host, guest } = await server.meeting();
  const readers = await Promise.all(Array.from({ length: READERS }, (_, i) => enter(guest, `reader${i}`)));
  const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
  await Promise.all(readers.map((reader) => reader.request('listen-metadata-change', { keys })));
  const talker = await enter(host, 'talker');
  const quiet = await enter(host, 'quiet');
  await until(() => readers.every((reader) => reader.said('on-peer-join').length || reader.said('peer-list').length), 'all to know each other');
  await sleep(500);
  const codes = {};
  const stops = readers.slice(0, SLOW).map(throttle);
  let n = 0;
  for (const [what, talk] of Object.entries(talks)) {
    const count = codes[what] = {};
    // Who is told to wait does so for a little, and else says one thing after the other.
    for (const end = Date.now() + 2500; Date.now() < end;) {
      const { error } = await talker.request(...talk(n++));
      count[error?.code ?? 0] = (count[error?.code ?? 0] ?? 0) + 1;
      if (error) await sleep(100);
    }
    assert.ok(count[0], `${what}: ${JSON.stringify(codes)}`);
  }
  assert.ok((codes.broadcast[429] ?? 0) + (codes.metadata[429] ?? 0) > 0, JSON.stringify(codes));
  const said = await quiet.request('broadcast', { info: { message: 'and yet it is heard', type: 'chat' } });
  assert.ok(said.result, JSON.stringify(said.error));
  await until(() => readers.every((reader) => reader.said('on-broadcast').some(({ params }) => params.info.message === 'and yet it is heard')),
    'the slow readers to hear the quiet one', 25000);
  for (const stop of stops) stop();
  for (const client of [...readers, talker, quiet]) {
    assert.ok(client.open, `closed with ${client.closedWith}`);
    client.socket.terminate();
  }
});
