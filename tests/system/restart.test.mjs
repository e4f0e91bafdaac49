// Meetings without media, and a server that is killed at random moments: what clients were told
// must still hold afterwards, and nobody who stayed may be seen to leave or to join.
// PARLOR_SEED repeats a run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { patience, startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const seed = Number(process.env.PARLOR_SEED ?? Date.now() % 2 ** 31);
let random = seed;
// mulberry32: short, and the same everywhere.
function chance() {
  random = (random + 0x6d2b79f5) | 0;
  let t = Math.imul(random ^ (random >>> 15), 1 | random);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let server, meeting;
const clients = [];

before(async () => {
  console.log(`# seed ${seed}`);
  server = await startServer();
  meeting = await server.meeting({ chat_history: 500 });
});
after(async () => {
  for (const client of clients) client.socket?.terminate();
  await server?.stop();
});

async function come(role) {
  const client = await Client.of(server, meeting[role], `user-${clients.length}`);
  await client.connect();
  const answer = await client.request('join', { name: `name ${clients.length}`, data: '' });
  assert.ok(answer.result, JSON.stringify(answer));
  await client.request('ping', { timestamp: 1 }); // so all that follows the answer is here
  clients.push(client);
  return client;
}

// What is agreed on by a client and the server, and when.
const values = new Map();
let chat = [];
let sessionId;

async function act(client, round, number) {
  const at = () => performance.now();
  try {
    if (chance() < 0.5) {
      const key = `key${Math.floor(chance() * 10)}`;
      const data = `${round}-${number}`;
      const { result } = await client.request('set-metadata', { key, data });
      values.set(key, { data, version: result.change_version, at: at() });
    } else {
      const message = `${round}-${number}`;
      const { result } = await client.request('broadcast', { info: { message, type: 'chat' } });
      chat.push({ id: result.message_id, time: result.timestamp, message, at: at() });
    }
  } catch {
    // The server died meanwhile: nothing was agreed on.
  }
}

test('twenty kills at random moments lose nobody and nothing older than a second', { timeout: 300000 },
  async () => {
    for (let i = 0; i < 6; i++) await come(i === 0 ? 'host' : 'guest');
    sessionId = clients[0].said('peer-list')[0].params.room.session_id;
    for (const client of clients) {
      await client.request('listen-metadata-change', { keys: ['key0', 'key1', 'key2'] });
    }
    await pause(1500);

    let checked = 0;
    for (let round = 0; round < 20; round++) {
      const marks = clients.map((client) => client.told.length);
      let running = true;
      const busy = clients.map(async (client) => {
        for (let number = 0; running; number++) {
          await act(client, round, `${client.id.slice(0, 4)}-${number}`);
          await pause(chance() * 60);
        }
      });
      await pause(100 + chance() * 1500);
      const signal = chance() < 0.2 ? 'SIGTERM' : 'SIGKILL';
      const killedAt = performance.now();
      const restarted = server.restart(signal);
      running = false;
      await Promise.all([restarted, ...busy]);
      for (const client of clients) await client.connect();
      await Promise.all(clients.map((client, i) =>
        until(() => client.said('session-info', marks[i]).length > 0, 'the return')));

      for (const [i, client] of clients.entries()) {
        const list = client.said('peer-list', marks[i]).at(-1).params;
        assert.equal(list.room.session_id, sessionId, `round ${round}: the session`);
        assert.deepEqual(Object.keys(list.peers).sort(),
          clients.filter((other) => other !== client).map((other) => other.id).sort(),
          `round ${round}: the peers`);
        for (const method of ['on-peer-leave', 'on-peer-join', 'on-error']) {
          assert.deepEqual(client.said(method, marks[i]), [], `round ${round}: ${method}`);
        }
      }
      // A stop loses nothing; a kill what was agreed on in the last second, and what the disk was
      // slow to take. What came through all the same is agreed on from now on.
      const lost = killedAt - (signal === 'SIGTERM' ? 0 : 3000 * patience);
      for (const [key, agreed] of values) {
        const { result } = await clients[0].request('get-metadata', { key });
        if (agreed.at < lost) {
          checked++;
          assert.ok(result.change_version >= agreed.version,
            `round ${round}: ${key} of ${Math.round(killedAt - agreed.at)} ms before ${signal} is lost: `
            + `${JSON.stringify(agreed)} became ${JSON.stringify(result)}`);
        }
        if (result.change_version === agreed.version) assert.equal(result.data, agreed.data);
        values.set(key, { data: result.data, version: result.change_version, at: agreed.at });
      }
      for (const client of clients) {
        const seen = client.said('on-broadcast').map(({ params }) => params.message_id);
        assert.equal(new Set(seen).size, seen.length, `round ${round}: a message came twice`);
      }
      const late = await come('guest');
      const history = late.said('on-broadcast').map(({ params }) => params.message_id);
      // Those that the next 450 have not pushed out yet.
      const due = chat.slice(-450).filter(({ at }) => at < lost).slice(-20).map(({ id }) => id);
      checked += due.length;
      assert.deepEqual(due.filter((id) => !history.includes(id)), [], `round ${round}: the history`);
      chat = chat.filter(({ id }) => history.includes(id));
      late.socket.send(JSON.stringify({ method: 'leave', params: {} }));
      clients.pop();
      await until(() => clients[0].said('on-peer-leave', marks[0])
        .some(({ params }) => params.peer_id === late.id), 'the late joiner to leave');
    }
    assert.ok(checked > 20, 'enough was old enough to be kept');
  });

test('who left before a restart does not come back with it', async () => {
  const gone = clients.pop();
  gone.socket.send(JSON.stringify({ method: 'leave', params: {} }));
  await until(() => clients[0].said('on-peer-leave').some(({ params }) => params.peer_id === gone.id),
    'the leave');
  await pause(2000);
  await server.restart('SIGKILL');
  const mark = clients[0].told.length;
  for (const client of clients) await client.connect();
  await until(() => clients[0].said('session-info', mark).length > 0, 'the return');
  const { peers } = clients[0].said('peer-list', mark)[0].params;
  assert.ok(!(gone.id in peers));
});

test('a session that ended does not come back, and a snapshot that is damaged is dropped', async () => {
  const other = await server.meeting();
  const alone = await Client.of(server, other.host, 'alone');
  await alone.connect();
  await alone.request('join', { name: 'alone', data: '' });
  await pause(1500);
  alone.socket.send(JSON.stringify({ method: 'leave', params: {} }));
  await pause(500);
  await server.restart('SIGKILL', () => server.damageSessions());
  assert.match(server.log(), /does not go on: malformed/);
  assert.equal(server.log().match(/does not go on/g).length, 1, 'the ended session is no more');
  const mark = clients[0].told.length;
  await clients[0].connect();
  // Not known any more: it previews, until it asks for something.
  await clients[0].request('offer', { desc: { type: 'offer', sdp: 'x' }, tracks: {} });
  assert.equal(clients[0].said('on-error', mark)[0].params.code, 410);
});
