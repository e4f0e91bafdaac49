// What is acknowledged is kept, also when the server is killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';

test('every acknowledged room outlives ten kills', async () => {
  const server = await startServer();
  const acknowledged = [];
  try {
    for (let round = 0; round < 10; round++) {
      let going = true;
      const writers = Array.from({ length: 4 }, async () => {
        while (going) {
          const made = await server.call('POST', '/v2/rooms', {}).catch(() => null);
          if (made?.status === 200) acknowledged.push(made.body.id);
        }
      });
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 5, 'rooms to be made', 15000, 2);
      const restarted = server.restart('SIGKILL');
      going = false;
      await Promise.all([restarted, ...writers]);
    }
    for (const id of acknowledged) assert.equal((await server.call('GET', `/v2/rooms/${id}`)).status, 200, id);
    assert.ok(acknowledged.length > 60);
  } finally {
    await server.stop();
  }
});
