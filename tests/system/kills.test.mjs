// What is acknowledged is kept, also when the server is killed in a storm of creates. PARLOR_KILLS says how
// often: ten times here, and many more in ./dev nightly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patience, startServer } from '../browser/lib/server.mjs';

const kills = Number(process.env.PARLOR_KILLS ?? 10);
const WRITERS = 8;
const MIN_ROOMS = 5; // acknowledged in each round, or the kill came before the storm

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Rooms with their codes, until the storm is over. What was acknowledged goes to `weather.kept`.
async function write(server, weather) {
  const { kept } = weather;
  while (weather.goes) {
    try {
      const room = await server.call('POST', '/v2/rooms', { description: 'made in a storm' });
      assert.equal(room.status, 200, JSON.stringify(room.body));
      const entry = { id: room.body.id, name: room.body.name, codes: [] };
      kept.push(entry);
      const codes = await server.call('POST', `/v2/room-codes/room/${room.body.id}`);
      assert.equal(codes.status, 200, JSON.stringify(codes.body));
      entry.codes = codes.body.data;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error; // else it was killed
    }
  }
}

// Whether all of `entries` are there, and open.
async function check(server, entries, round) {
  for (const entry of entries) {
    const room = await server.call('GET', `/v2/rooms/${entry.id}`);
    assert.deepEqual([room.status, room.body.name], [200, entry.name], `round ${round}: room ${entry.id}`);
    if (entry.codes.length === 0) continue;
    const listed = await server.call('GET', `/v2/room-codes/room/${entry.id}`);
    assert.deepEqual(listed.body.data, entry.codes, `round ${round}: codes of ${entry.id}`);
    const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: entry.codes[0].code }) });
    assert.equal(login.status, 200, `round ${round}: ${entry.id} does not open`);
  }
}

async function storm(server) {
  const kept = [];
  const weather = { kept, goes: true };
  const writers = Array.from({ length: WRITERS }, () => write(server, weather));
  const late = Date.now() + 15000 * patience;
  while (kept.length < MIN_ROOMS && Date.now() < late) await pause(1);
  await pause(Math.random() * 40); // at any moment of a commit
  const restarted = server.restart('SIGKILL');
  weather.goes = false;
  await Promise.all([restarted, ...writers]);
  assert.ok(kept.length >= MIN_ROOMS, `${kept.length} rooms`);
  return kept;
}

test(`every acknowledged room and code outlives ${kills} kills`, { timeout: (60000 + kills * 5000) * patience }, async () => {
  const server = await startServer();
  const all = [];
  try {
    for (let round = 0; round < kills; round++) {
      const kept = await storm(server);
      await check(server, kept, round);
      all.push(...kept);
    }
    // And what was kept once stays, whatever came after it.
    const step = Math.ceil(all.length / 500);
    await check(server, all.filter((_, i) => i % step === 0), 'the end');
    const codes = all.reduce((count, entry) => count + entry.codes.length, 0);
    assert.ok(codes > kills, `${codes} codes`);
    console.log(`# figure ${kills} kills: ${all.length} rooms and ${codes} codes acknowledged, none lost`);
  } finally {
    await server.stop();
  }
});
