// What is acknowledged is kept; what cannot be kept is refused, and nothing else stops.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer, top, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const binary = process.env.PARLOR_BINARY ?? join(top, 'build/parlor');

const refusedStart = (folder, ...options) => {
  const ended = spawnSync(binary, ['serve', '--listen', '127.0.0.1:0', '--data', folder, '--media-port', '7999', ...options],
    { encoding: 'utf8', timeout: 20000, env: { ...process.env, PARLOR_ALLOW_ROOT: '1' } });
  return { code: ended.status, said: ended.stdout + ended.stderr };
};

test('what lies in the data folder is its owner\'s alone', async () => {
  const server = await startServer();
  try {
    for (const name of ['keys.json', 'parlor.db', 'parlor.db-wal', 'parlor.db-shm']) {
      assert.equal(statSync(join(server.folder, name)).mode & 0o777, 0o600, name);
    }
  } finally {
    await server.stop();
  }
});

test('a damaged database stops the start, with its name and what to do', async () => {
  const server = await startServer();
  await server.meeting();
  const folder = mkdtempSync(join(tmpdir(), 'parlor-test-'));
  await server.restart(); // all of it is in the database file now
  execFileSync('cp', [join(server.folder, 'keys.json'), join(server.folder, 'parlor.db'), folder]);
  await server.stop();
  try {
    const file = join(folder, 'parlor.db');
    const whole = readFileSync(file);
    const damages = {
      'no database': Buffer.from('this is no database, '.repeat(400)),
      'pages overwritten': Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xa5)]),
      'cut off': whole.subarray(0, whole.length - 6000),
    };
    for (const [name, content] of Object.entries(damages)) {
      writeFileSync(file, content);
      const { code, said } = refusedStart(folder);
      assert.equal(code, 1, `${name}: ${said}`);
      assert.ok(said.includes(file), `${name}: ${said}`);
      assert.match(said, /damaged.*parlor restore --force/s, name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a key file that is damaged or open to others stops the start', async () => {
  const server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'parlor-test-'));
  execFileSync('cp', ['-p', join(server.folder, 'keys.json'), folder]);
  await server.stop();
  try {
    const file = join(folder, 'keys.json');
    chmodSync(file, 0o644);
    const open = refusedStart(folder);
    assert.equal(open.code, 1);
    assert.match(open.said, /can be read by others: chmod 600/);
    chmodSync(file, 0o600);
    const { app_secret: secret } = JSON.parse(readFileSync(file));
    truncateSync(file, 120);
    const cut = refusedStart(folder);
    assert.equal(cut.code, 1);
    assert.match(cut.said, /keys\.json is not usable/);
    assert.ok(!cut.said.includes(secret.slice(0, 20)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// A file system of its own needs root, or sudo, as installing the packages did.
const prefix = process.getuid() === 0 ? [] : ['sudo', '-n'];
const asRoot = (...words) => {
  const [program, ...given] = [...prefix, ...words];
  return spawnSync(program, given).status === 0;
};
const needsRoot = { skip: !asRoot('true') && 'mounting a small file system needs root or sudo' };

function smallFolder(kilobytes) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-small-'));
  const options = `size=${kilobytes}k,mode=700,uid=${process.getuid()}`;
  assert.ok(asRoot('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder), 'cannot mount a tmpfs');
  return { folder, end: () => { asRoot('umount', '-l', folder); rmSync(folder, { recursive: true }); } };
}

test('a full disk refuses writes with 507, goes on reading, and heals', needsRoot, async () => {
  const small = smallFolder(2048);
  let server;
  try {
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = small.folder;
    server = await startServer().finally(() => { process.env.TMPDIR = usual ?? '/tmp'; });
    const { room, host } = await server.meeting();
    const ballast = join(small.folder, 'ballast');
    spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1k', 'count=4096']);
    let full;
    for (let i = 0; i < 200 && !full; i++) {
      const made = await server.call('POST', '/v2/rooms', { description: 'x'.repeat(4000) });
      assert.ok([200, 507].includes(made.status), JSON.stringify(made));
      if (made.status === 507) full = made;
    }
    assert.equal(full?.body.code, 507);
    assert.equal((await server.call('GET', `/v2/rooms/${room.id}`)).status, 200);
    const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: host }) });
    assert.equal(login.status, 200);
    const { token } = await login.json();
    assert.equal((await fetch(`${server.origin}/init?peer_id=p`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    assert.equal((await fetch(`${server.origin}/health`)).status, 200);
    assert.equal((await fetch(`${server.origin}/ready`)).status, 503);
    rmSync(ballast);
    // By itself: nobody writes.
    await until(async () => (await fetch(`${server.origin}/ready`)).status === 200, 'the server to be ready again');
    assert.equal((await server.call('POST', '/v2/rooms', { name: 'after' })).status, 200);
  } finally {
    await server?.stop();
    small.end();
  }
});

test('a disk that is full from the start, or cannot be written, is told at the start', needsRoot, () => {
  const small = smallFolder(8);
  try {
    const full = refusedStart(small.folder);
    assert.equal(full.code, 1, full.said);
    assert.match(full.said, /full|space/i);
    for (const name of readdirSync(small.folder)) rmSync(join(small.folder, name));
    assert.ok(asRoot('mount', '-o', 'remount,ro', small.folder));
    const readOnly = refusedStart(small.folder);
    assert.equal(readOnly.code, 1, readOnly.said);
    assert.match(readOnly.said, /read-only|readonly/i);
  } finally {
    small.end();
  }
});

test('while another program holds the database nothing is ready, and a lock that was asked for is written after', async () => {
  const server = await startServer();
  const meeting = await server.meeting();
  const host = await Client.of(server, meeting.host, 'host');
  await host.connect();
  assert.ok((await host.request('join', { name: 'host', data: '' })).result);
  const holder = spawn('python3', ['-c', `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.readline()
db.execute('ROLLBACK')`, join(server.folder, 'parlor.db')]);
  const ready = async () => (await fetch(`${server.origin}/ready`)).status;
  try {
    await new Promise((resolve) => { holder.stdout.once('data', resolve); });
    const ended = await server.call('POST', `/v2/active-rooms/${meeting.room.id}/end-room`, { lock: true });
    assert.equal(ended.status, 503);
    assert.equal(await ready(), 503);
    holder.stdin.end('\n');
    await until(async () => await ready() === 200, 'the database');
    await until(async () => !(await server.call('GET', `/v2/rooms/${meeting.room.id}`)).body.enabled, 'the lock');
  } finally {
    holder.kill();
    host.socket.close();
    await server.stop();
  }
});
