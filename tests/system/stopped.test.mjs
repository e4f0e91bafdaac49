// A server that is stopped for a while, as by a debugger or when its machine is moved, reads what came
// meanwhile before it judges anybody. A web socket is silent after 40 s, so this takes long: PARLOR_STOP_S
// says for how long the server stands, which is 45 in ./dev nightly. (tests/unit/server/clock_test.c is
// the short form.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const stopS = Number(process.env.PARLOR_STOP_S ?? 0);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

test('whoever pinged while the server was stopped is still in', { skip: stopS === 0 }, async () => {
  const meeting = await server.meeting();
  const clients = [];
  for (const code of [meeting.host, meeting.guest, meeting.guest, meeting.guest]) {
    const client = await Client.of(server, code, `user-${clients.length}`);
    await client.connect();
    await client.request('join', { name: client.id, data: '' });
    clients.push(client);
  }
  // One is away when the stop begins, and its way back lies in the queue when it ends.
  const away = clients.pop();
  away.socket.terminate();
  await pause(30000);
  for (const client of clients) await client.request('ping', { timestamp: 1 });
  process.kill(server.pid, 'SIGSTOP');
  const pings = clients.map((client) => client.request('ping', { timestamp: 2 }));
  await pause(stopS * 1000 - 1000);
  const back = away.connect();
  await pause(1000);
  process.kill(server.pid, 'SIGCONT');
  for (const ping of pings) assert.ok((await ping).result);
  await back;
  await pause(1000);
  const [{ params }] = away.said('peer-list').slice(-1);
  assert.equal(Object.keys(params.peers).length, 3);
  for (const client of clients) {
    assert.equal(client.open, true);
    assert.deepEqual(client.said('on-peer-leave'), []);
  }
});

// Their threads read the real clock: a list must not seem to wait for as long as the server stood.
test('lists are answered after the server was stopped', { skip: stopS < 7 }, async () => {
  assert.equal((await server.call('GET', '/v2/rooms')).status, 200);
  process.kill(server.pid, 'SIGSTOP');
  await pause(7000);
  process.kill(server.pid, 'SIGCONT');
  await pause(1000);
  assert.equal((await server.call('GET', '/v2/rooms')).status, 200);
});
