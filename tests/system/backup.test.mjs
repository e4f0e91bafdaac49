// Backups that are made while rooms are made, and what is there after they were put back: on either
// store (PARLOR_TEST_POSTGRES), also into the other one; and a data folder that moves to PostgreSQL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newDatabase, sql } from '../browser/lib/postgres.mjs';
import { binary, PATIENCE_MS, startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';
import { storm } from './storm.mjs';

const postgres = process.env.PARLOR_TEST_POSTGRES;
// From one store to the other, where there are both.
const testWithBoth = (name, run) => postgres && test(name, run);
let server, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parlor-backups-'));
  server = await startServer();
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

const run = (...words) => spawnSync(binary, words, { encoding: 'utf8', timeout: 60000 });
function good(...words) {
  const { status, stdout, stderr } = run(...words);
  assert.equal(status, 0, `${words.join(' ')}: ${stderr}`);
  return stdout;
}
const file = (name) => join(folder, name);

// Starts a server on what was restored; `check` sees it.
async function withRestored(name, database, check) {
  const data = mkdtempSync(join(tmpdir(), 'parlor-test-'));
  const where = database ? ['--database', database.url] : [];
  const told = JSON.parse(good('restore', '--data', data, ...where, '--json', file(name)));
  // Also without an URL: the database of the folder, whatever the other tests use.
  const restored = await startServer(database ? where : ['--database', join(data, 'parlor.db')], '127.0.0.1', data);
  try {
    await check(restored, told);
  } finally {
    await restored.stop();
  }
}

test('every room that was acknowledged before a backup began is in it, with the keys', async () => {
  const meeting = await server.meeting({ name: 'before-the-storm' });
  const running = storm(server);
  const backups = [];
  for (let i = 0; i < 3; i++) {
    const before = running.acknowledged.length;
    await until(() => running.acknowledged.length > before + 30, 'rooms to be made', PATIENCE_MS, 2);
    const kept = [...running.acknowledged];
    backups.push({ name: `storm-${i}`, kept });
    good('backup', ...server.store, file(`storm-${i}`));
    assert.equal(statSync(file(`storm-${i}`)).mode & 0o777, 0o600);
  }
  await running.end();
  assert.deepEqual(running.refused, [], 'nobody was refused meanwhile');
  for (const { name, kept } of backups) {
    await withRestored(name, null, async (restored, told) => {
      assert.ok(told.tables.rooms > kept.length);
      for (const id of kept) assert.equal((await restored.call('GET', `/v2/rooms/${id}`)).status, 200, id);
      // The keys are the old ones: a token of the first server opens the second.
      assert.deepEqual(restored.keys, server.keys);
      const answer = await fetch(`${restored.origin}/v2/rooms`, { headers: { authorization: `Bearer ${server.token}` } });
      assert.equal(answer.status, 200);
      const login = await fetch(`${restored.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: meeting.host }) });
      assert.equal(login.status, 200);
      assert.equal((await restored.call('POST', '/v2/rooms', { name: 'after' })).status, 200);
    });
  }
});

testWithBoth('a backup is restored to PostgreSQL, and a server under it refused', async () => {
  const { room } = await server.meeting({ name: 'moves' });
  good('backup', ...server.store, file('moves'));
  const database = newDatabase(postgres);
  await withRestored('moves', database, async (restored) => {
    assert.equal((await restored.call('GET', `/v2/rooms/${room.id}`)).body.name, 'moves');
    assert.match(sql(database.url, 'SELECT count(*) FROM rooms'), /^[1-9]/);
    const under = run('restore', ...restored.store, '--force', file('moves'));
    assert.equal(under.status, 4);
    assert.match(under.stderr, /in use: stop the server first/);
  });
  database.drop();
});

test('a backup is of the database that the configuration file names', () => {
  const [, data, , url] = server.store;
  writeFileSync(file('parlor.conf'), `data = ${data}\ndatabase = ${url ?? join(data, 'parlor.db')}\n`);
  const told = JSON.parse(good('backup', '--config', file('parlor.conf'), '--json', file('by-config')));
  assert.ok(told.tables.rooms > 1);
  writeFileSync(file('parlor.conf'), 'dtaa = x\n');
  assert.equal(run('backup', '--config', file('parlor.conf'), file('none')).status, 2);
});

test('what is there is not overwritten unless told, and what is no backup changes nothing', () => {
  const data = file('target');
  good('backup', ...server.store, file('one'));
  const again = run('backup', ...server.store, file('one'));
  assert.equal(again.status, 4);
  assert.match(again.stderr, /--force/);
  good('backup', ...server.store, '--force', file('one'));
  const here = ['--data', data, '--database', join(data, 'parlor.db')];
  assert.match(good('restore', ...here, file('one')), /The backup is of 20.*rows restored to/s);
  const taken = run('restore', ...here, file('one'));
  assert.equal(taken.status, 4);
  assert.match(taken.stderr, /--force/);
  good('restore', ...here, '--force', file('one'));
  writeFileSync(file('no-backup'), 'this is no backup, '.repeat(1000));
  assert.equal(run('restore', ...here, '--force', file('no-backup')).status, 1);
  assert.equal(run('restore', ...here, '--force', file('missing')).status, 3);
  good('backup', ...here, file('still-there'));
  assert.equal(run('backup', '--data', file('nowhere'), file('two')).status, 3);
  assert.equal(run('backup').status, 2);
});

testWithBoth('a data folder moves to PostgreSQL with its calls, once, while no server runs', async () => {
  const data = mkdtempSync(join(tmpdir(), 'parlor-test-'));
  const database = newDatabase(postgres);
  const old = await startServer(['--database', join(data, 'parlor.db')], '127.0.0.1', data);
  const meeting = await old.meeting({ name: 'on-the-move' });
  const ann = await Peer.join(old, meeting.host, { name: 'ann' });
  await until(async () => (await old.call('GET', `/v2/sessions?room_id=${meeting.room.id}`)).body.data.length === 1,
    'the session to be written down');
  await new Promise((resolve) => setTimeout(resolve, 1500)); // and its snapshot
  const migrate = (...more) => run('migrate', '--data', data, '--to', database.url, ...more);
  const refused = migrate();
  assert.equal(refused.status, 4);
  assert.match(refused.stderr, /in use: stop the server first/);
  await old.kill();
  const moved = JSON.parse(migrate('--json').stdout);
  assert.equal(moved.tables.rooms, 1);
  assert.equal(moved.tables.live_rooms, 1);
  assert.equal(moved.tables.sessions, 1);
  assert.ok(moved.rows >= 5);
  const again = migrate();
  assert.equal(again.status, 4);
  assert.match(again.stderr, /not empty, nothing was moved/);
  const fresh = await startServer(['--database', database.url], '127.0.0.1', data);
  try {
    assert.match(fresh.log(), new RegExp(`room ${meeting.room.id} goes on: 1 peers`));
    assert.equal((await fresh.call('GET', `/v2/rooms/${meeting.room.id}`)).body.name, 'on-the-move');
    assert.deepEqual(fresh.keys, old.keys);
  } finally {
    await ann.end();
    await fresh.stop();
    database.drop();
  }
});
