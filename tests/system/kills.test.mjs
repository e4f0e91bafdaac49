// What is acknowledged is kept, also when the server is killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { storm } from './storm.mjs';

test('every acknowledged room outlives ten kills', async () => {
  const server = await startServer();
  const acknowledged = [];
  try {
    for (let round = 0; round < 10; round++) {
      const running = storm(server);
      await until(() => running.acknowledged.length > 5, 'rooms to be made', 15000, 2);
      await Promise.all([server.restart('SIGKILL'), running.end()]);
      acknowledged.push(...running.acknowledged);
    }
    for (const id of acknowledged) assert.equal((await server.call('GET', `/v2/rooms/${id}`)).status, 200, id);
    assert.ok(acknowledged.length > 60);
  } finally {
    await server.stop();
  }
});
