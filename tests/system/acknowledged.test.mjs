// What is acknowledged is stored: the server is killed right after an answer, and has all that was
// answered when it is back. PARLOR_ROUNDS says how often; ./dev nightly does it many times.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newDatabase, startPostgres } from '../browser/lib/postgres.mjs';
import { patience, startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const rounds = Number(process.env.PARLOR_ROUNDS ?? 20);

const ROUNDS_OF_A_MEETING = 40; // it keeps 50 polls and 100 values

let server, host, guest, roomId;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

async function meet() {
  for (const client of [host, guest]) client?.socket.terminate();
  const meeting = await server.meeting();
  roomId = meeting.room.id;
  [host, guest] = [await Client.of(server, meeting.host, 'hana'), await Client.of(server, meeting.guest, 'gil')];
  for (const client of [host, guest]) {
    await client.connect();
    assert.ok((await client.request('join', { name: 'at first', data: '' })).result);
  }
}

async function done(client, method, params) {
  const { result, error } = await client.request(method, params);
  assert.ok(result, `${method}: ${JSON.stringify(error)}`);
  return result;
}

// The peer as another sees it who comes back.
const seen = () => host.said('peer-list').at(-1).params.peers[guest.id];

// What is done, and what is to be true afterwards.
const kinds = {
  async value(round) {
    await done(host, 'set-metadata', { key: `k${round}`, data: `v${round}` });
    return async () => assert.equal((await done(host, 'get-metadata', { key: `k${round}` })).data, `v${round}`);
  },
  async name(round) {
    await done(guest, 'peer-update', { name: `name ${round}` });
    return async () => assert.equal(seen().info.name, `name ${round}`);
  },
  async hand(round) {
    const name = `hand${round}`;
    await done(guest, 'group-join', { name });
    if (round) await done(guest, 'group-leave', { name: `hand${round - 1}` });
    return async () => assert.deepEqual(seen().groups, [name]);
  },
  async role(round) {
    const role = round % 2 ? 'guest' : 'host';
    await done(host, 'role-change-request', { requested_for: guest.id, role, force: true });
    return async () => assert.equal(seen().role, role);
  },
  async restRole(round) {
    const role = round % 2 ? 'guest' : 'host';
    const { status } = await server.call('POST', `/v2/active-rooms/${roomId}/peers/${guest.id}`, { role });
    assert.equal(status, 200);
    return async () => assert.equal(seen().role, role);
  },
  async poll(round) {
    const { poll_id: id } = await done(host, 'poll-info-set', { title: `poll ${round}`, type: 'poll' });
    await done(host, 'poll-questions-set', { poll_id: id, questions: [{ question:
      { index: 1, text: 'Soup?', type: 'single-choice' }, options: [{ index: 1, text: 'yes' }, { index: 2, text: 'no' }] }] });
    await done(host, 'poll-start', { poll_id: id });
    await done(host, 'poll-response', { poll_id: id, responses: [{ question: 1, type: 'single-choice', option: 2 }] });
    return async () => assert.equal((await done(host, 'poll-result', { poll_id: id })).user_count, 1);
  },
};

test('what was answered right before a kill is there after it', { timeout: (60 + 10 * rounds) * 1000 * patience }, async () => {
  const names = Object.keys(kinds);
  let checked = 0;
  for (let all = 0; all < rounds; all++) {
    const round = all % ROUNDS_OF_A_MEETING, checks = [];
    if (round === 0) await meet();
    // Each kind is the last one in its turn.
    for (let i = 0; i < names.length; i++) checks.push(await kinds[names[(round + i) % names.length]](round));
    await server.restart('SIGKILL');
    for (const client of [host, guest]) await client.connect();
    await until(() => host.said('peer-list').length > round, 'the list');
    for (const check of checks) await check();
    checked += checks.length;
  }
  assert.equal(checked, rounds * names.length);
});

test('an answer that cannot be stored is 503 after 5 s, and the same request has the first outcome',
  { timeout: 60000 * patience }, async () => {
    const postgres = await startPostgres();
    const other = await startServer(['--database', newDatabase(postgres.url).url]);
    try {
      const meeting = await other.meeting();
      const client = await Client.of(other, meeting.host, 'hana');
      await client.connect();
      await client.request('join', { name: 'hana', data: '' });
      const wish = { key: 'counter', data: 'one', if_change_version: 0 };
      await client.request('listen-metadata-change', { keys: ['counter'] });
      await postgres.freeze();
      const startedAt = performance.now();
      const asked = client.request('set-metadata', wish);
      await until(() => client.said('on-metadata-change').some(({ params }) => JSON.stringify(params).includes('one')),
        'the notice, which does not wait');
      const { error } = await asked;
      assert.equal(error.code, 503);
      const waitedMs = performance.now() - startedAt;
      assert.ok(waitedMs > 4500 && waitedMs < 8000 * patience, `${waitedMs} ms`);
      await postgres.thaw();
      await until(async () => (await fetch(`${other.origin}/ready`)).status === 200, 'the database');
      // Once more it would be 412, as the value is not unset.
      const { result } = await client.request('set-metadata', wish);
      assert.equal(result?.change_version, 1);
      assert.equal((await client.request('set-metadata', wish)).error.code, 412);
      client.socket.terminate();
    } finally {
      await other.stop();
      await postgres.end();
    }
  });
