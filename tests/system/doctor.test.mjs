// parlor doctor against faults that are made: each is named, with what to do, and nothing is changed by looking.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, freePort, startServer } from '../browser/lib/server.mjs';

let server, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parlor-doctor-'));
  server = await startServer();
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

function read({ status, stdout, stderr }) {
  assert.ok(stdout.startsWith('{'), stderr);
  const { state, checks } = JSON.parse(stdout);
  assert.equal(status, { ok: 0, warning: 1, error: 2 }[state]);
  return { status, stderr, of: (name) => checks.filter((check) => check.name === name) };
}
// Not waited for in this process's one thread: it answers for others meanwhile.
function examine(...options) {
  const child = spawn(binary, ['doctor', '--json', ...options], { timeout: 60000 });
  let stdout = '', stderr = '';
  child.stdout.on('data', (part) => (stdout += part));
  child.stderr.on('data', (part) => (stderr += part));
  return new Promise((resolve) => child.once('close', (status) => resolve(read({ status, stdout, stderr }))));
}
async function quiet() {
  return ['--data', join(folder, 'none'), '--listen', `127.0.0.1:${await freePort()}`,
    '--media-port', String(await freePort()), '--workers', '1'];
}
const one = (found, name) => {
  assert.equal(found.of(name).length, 1, JSON.stringify(found.of(name)));
  return found.of(name)[0];
};

// Names, sizes, times and contents of a folder's files; the index of SQLite's readers is theirs.
const picture = (path) => readdirSync(path).sort().filter((name) => !name.endsWith('-shm')).map((name) => {
  const { size, mtimeMs, mode } = statSync(join(path, name));
  return [name, size, mtimeMs, mode, readFileSync(join(path, name)).toString('base64')];
});

test('beside a running server all of its own is well, and nothing is changed', async () => {
  await server.call('POST', '/v2/rooms', { name: 'looked-at' });
  const before = picture(server.folder);
  const found = await examine(...server.store, '--listen', `127.0.0.1:${server.port}`,
    '--media-port', String(server.mediaPort), '--workers', '1');
  assert.deepEqual(picture(server.folder), before);
  assert.match(one(found, 'tcp-port').found, /a running server has it/);
  assert.match(one(found, 'udp-port').found, /taken, as it is while a server runs/);
  assert.match(one(found, 'database').found, /schema \d+/);
  assert.match(one(found, 'keys').found, new RegExp(server.keys.access_key));
  assert.ok(found.of('secrets').every((check) => check.state === 'ok'), JSON.stringify(found.of('secrets')));
  assert.match(one(found, 'cipher').found, /SRTP by/);
});

test('a folder that is not there is not made', async () => {
  const options = await quiet();
  const found = await examine(...options);
  assert.throws(() => statSync(join(folder, 'none')), { code: 'ENOENT' });
  assert.equal(one(found, 'database').state, 'skipped');
  assert.equal(one(found, 'tcp-port').state, 'ok');
  assert.notEqual(found.status, 2, found.stderr);
});

// Neither the index of a reader nor a journal is left beside the file, whoever looks.
test('a folder that a server left, in order or killed, is left so', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const data = mkdtempSync(join(folder, 'left-'));
    const left = await startServer(['--database', join(data, 'parlor.db')], '127.0.0.1', data);
    const ended = new Promise((resolve) => {
      const watch = setInterval(() => {
        try { process.kill(left.pid, 0); } catch { clearInterval(watch); resolve(); }
      }, 5);
    });
    process.kill(left.pid, signal);
    await ended;
    const names = readdirSync(data), before = picture(data);
    const found = await examine(...await quiet(), '--data', data);
    assert.deepEqual(readdirSync(data), names, signal);
    assert.deepEqual(picture(data), before, signal);
    assert.match(one(found, 'database').found, /schema \d+/);
  }
});

test('ports of other programs are errors that name the port', async () => {
  const options = await quiet();
  const tcp = createServer((socket) => socket.end('no\r\n')).listen(Number(options[3].split(':')[1]), '127.0.0.1');
  const udp = createSocket('udp4').bind(Number(options[5]), '0.0.0.0');
  await Promise.all([tcp, udp].map((each) => new Promise((resolve) => each.once('listening', resolve))));
  try {
    const found = await examine(...options);
    assert.equal(found.status, 2);
    assert.equal(one(found, 'tcp-port').state, 'error');
    assert.match(one(found, 'tcp-port').advice, new RegExp(`ss -tlnp 'sport = :${options[3].split(':')[1]}'`));
    assert.equal(one(found, 'udp-port').state, 'error');
  } finally {
    tcp.close();
    udp.close();
  }
});

test('a key that others may read is an error with the command that closes it', async () => {
  const keys = join(server.folder, 'keys.json');
  chmodSync(keys, 0o644);
  try {
    const found = await examine(...await quiet(), '--data', server.folder);
    const wrong = found.of('secrets').filter((check) => check.state === 'error');
    assert.deepEqual(wrong.map((check) => check.advice), [`chmod 600 ${keys}`]);
    assert.equal(found.status, 2);
  } finally {
    chmodSync(keys, 0o600);
  }
});

test('a certificate that ended, for another name, with another key', async () => {
  const at = (name) => join(folder, name);
  for (const key of ['key', 'other'])
    execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(key)], { stdio: 'ignore' });
  chmodSync(at('key'), 0o600);
  const make = (name, ...more) => execFileSync('openssl', ['req', '-x509', '-key', at('key'), '-out', at(name),
    '-subj', '/CN=meet.example.org', '-addext', 'subjectAltName=DNS:meet.example.org', ...more], { stdio: 'ignore' });
  make('good', '-days', '90');
  // `req` makes none that is over.
  execFileSync('openssl', ['req', '-new', '-key', at('key'), '-out', at('wanted'), '-subj', '/CN=meet.example.org'], { stdio: 'ignore' });
  writeFileSync(at('authority'), `[ca]\ndefault_ca=d\n[d]\ndatabase=${at('index')}\nnew_certs_dir=${folder}\ndefault_md=sha256\nrand_serial=yes\n`
    + 'policy=p\n[p]\ncommonName=supplied\n');
  writeFileSync(at('index'), '');
  execFileSync('openssl', ['ca', '-config', at('authority'), '-batch', '-selfsign', '-keyfile', at('key'), '-in', at('wanted'),
    '-out', at('ended'), '-startdate', '20200101000000Z', '-enddate', '20200201000000Z'], { stdio: 'pipe' });
  const options = await quiet();
  const good = await examine(...options, '--tls-cert', at('good'), '--tls-key', at('key'), '--public-url', 'https://meet.example.org');
  for (const name of ['certificate', 'certificate-dates', 'certificate-key', 'certificate-name'])
    assert.equal(one(good, name).state, 'ok', name);
  assert.match(one(good, 'certificate-chain').found, /self-signed/);
  const bad = await examine(...options, '--tls-cert', at('ended'), '--tls-key', at('other'), '--public-url', 'https://other.example.org');
  for (const name of ['certificate-dates', 'certificate-key', 'certificate-name'])
    assert.equal(one(bad, name).state, 'error', name);
  assert.match(one(bad, 'certificate-dates').found, /ended/);
  const none = await examine(...options, '--tls-cert', at('nothing'), '--tls-key', at('key'));
  assert.equal(one(none, 'certificate').state, 'error');
});

test('a private or a senseless public address is told', async () => {
  const options = [...await quiet(), '--listen', `0.0.0.0:${await freePort()}`];
  assert.equal(one(await examine(...options, '--public-ip', '192.168.7.7'), 'public-ip').state, 'warning');
  assert.equal(one(await examine(...options, '--public-ip', '127.0.0.1'), 'public-ip').state, 'error');
  assert.equal(one(await examine(...options, '--public-ip', '93.184.216.34'), 'public-ip').state, 'ok');
});

// A TURN server that asks for credentials (RFC 8656), or says nothing.
test('TURN servers are asked', async () => {
  const turn = createSocket('udp4').bind(0, '127.0.0.1');
  await new Promise((resolve) => turn.once('listening', resolve));
  turn.on('message', (request, from) => {
    assert.equal(request.readUInt16BE(0), 0x0003);
    const answer = Buffer.from([1, 0x13, 0, 8, ...request.subarray(4, 20), 0, 9, 0, 4, 0, 0, 4, 1]);
    turn.send(answer, from.port, from.address);
  });
  const servers = (port) => ['--ice-servers', JSON.stringify([{ urls: [`turn:127.0.0.1:${port}`], username: 'u', credential: 'c' }])];
  const options = await quiet();
  try {
    assert.equal(one(await examine(...options, ...servers(turn.address().port)), 'ice-server').state, 'ok');
  } finally {
    turn.close();
  }
  assert.match(one(await examine(...options, ...servers(await freePort())), 'ice-server').found, /does not answer/);
});

test('a disk without room', async (t) => {
  const options = await quiet();
  const script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" doctor --json --data "$1/d" "${@:3}"';
  const space = spawnSync('unshare', ['-rm', 'bash', '-c', script, '-', folder, binary, ...options.slice(2)], { encoding: 'utf8' });
  if (!space.stdout.startsWith('{')) return t.skip(`no namespace of one's own: ${space.stderr}`);
  const found = read(space);
  assert.equal(one(found, 'disk').state, 'error');
  assert.match(one(found, 'disk').found, /MiB free/);
});

test('people read lines, and wrong options are told', () => {
  const { stdout } = spawnSync(binary, ['doctor', '--data', join(folder, 'none')], { encoding: 'utf8' });
  assert.match(stdout, /^(ok|warning|error|skipped) +tcp-port +127\.0\.0\.1:8080/m);
  assert.match(stdout, /\d+ ok, \d+ warnings, \d+ errors, \d+ skipped\n$/);
  assert.equal(spawnSync(binary, ['doctor', '--no-such-thing']).status, 2);
});
