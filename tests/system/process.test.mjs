// The process itself: start, size, options, signals, TLS.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import net from 'node:net';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { binary, patience, startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

const run = (...given) => spawnSync(binary, given, { encoding: 'utf8', timeout: 10000 });

function rssMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
}

// How long it was ready to run while others had the processors: not the server's own time, whatever the machine
// has to do. 0 where the kernel does not count it.
function queuedMs(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

test('figure: idle under 15 MB, ready under 150 ms', async () => {
  const ready = [];
  let size = 0;
  for (let round = 0; round < 5; round++) {
    const server = await startServer();
    try {
      await server.restart(); // the first start also makes keys and the database
      ready.push(server.readyMs - queuedMs(server.pid));
      size = Math.max(size, rssMb(server.pid));
    } finally {
      await server.stop();
    }
  }
  const median = ready.sort((a, b) => a - b)[2];
  console.log(`# figure idle ${size.toFixed(1)} MB RSS, ready after ${median.toFixed(0)} ms (median of 5)`);
  assert.ok(size < 15 * patience, `${size} MB`);
  assert.ok(median < 150 * patience, `${median} ms`);
});

test('help is there for every command, and unknown words are refused', () => {
  for (const given of [['--help'], ['serve', '--help'], ['token', '--help'], ['key', '--help']]) {
    const { status, stdout } = run(...given);
    assert.equal(status, 0, given.join(' '));
    assert.match(stdout, /usage/i);
  }
  for (const given of [['nonsense'], ['serve', '--nonsense'], ['serve', '--workers', 'many'],
    ['serve', '--listen', 'nowhere']]) {
    const { status, stderr } = run(...given);
    assert.notEqual(status, 0, given.join(' '));
    assert.ok(stderr.length > 0 && stderr.length < 2000);
  }
});

test('a configuration file is read, printed, and refused when a key is unknown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-config-'));
  const file = join(folder, 'parlor.conf');
  writeFileSync(file, 'media-port = 7100\n# a comment\nworkers = 2\n');
  const printed = run('serve', '--config', file, '--print-config');
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /media-port\s*=\s*7100/);
  writeFileSync(file, 'medai-port = 7100\n');
  const refused = run('serve', '--config', file, '--print-config');
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /medai-port/);
  rmSync(folder, { recursive: true });
});

// The certificate that a new TLS connection is shown.
function fingerprint(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.end();
      resolve(fingerprint256);
    });
    socket.once('error', reject);
  });
}

function makeCertificate(folder, name) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-days', '2',
    '-subj', `/CN=${name}`], { stdio: 'ignore' });
}

test('TLS: a new certificate is taken on SIGHUP while connections stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-tls-'));
  makeCertificate(folder, 'one');
  const server = await startServer(['--tls-cert', join(folder, 'cert.pem'),
    '--tls-key', join(folder, 'key.pem')]);
  try {
    const { port } = server;
    const first = await fingerprint(port);
    const held = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve, reject) => held.once('secureConnect', resolve).once('error', reject));
    makeCertificate(folder, 'two');
    process.kill(server.pid, 'SIGHUP');
    const second = await until(async () => {
      const now = await fingerprint(port);
      return now !== first && now;
    }, 'the new certificate');
    assert.notEqual(second, first);
    // The connection from before still answers.
    held.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answer = await new Promise((resolve, reject) =>
      held.once('data', resolve).once('close', () => reject(new Error('the connection was closed'))));
    assert.match(answer.toString(), /^HTTP\/1\.1 200/);
    held.end();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});

// It stands still while both come, so that it finds them at the same time.
test('what was asked before SIGTERM is done and answered, and the answer says that it is the last', async () => {
  const server = await startServer();
  try {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => new Promise((resolve) => {
      const socket = net.connect(server.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => {});
      socket.got = '';
      socket.on('data', (chunk) => { socket.got += chunk; });
      socket.gone = new Promise((gone) => socket.once('close', gone));
    })));
    const say = (socket, method, path, body) => socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n`
      + `Authorization: Bearer ${server.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    for (const socket of sockets.slice(0, 10)) say(socket, 'GET', '/health', '');
    await until(() => sockets.slice(0, 10).every((socket) => socket.got), 'the first answers');
    for (const socket of sockets) socket.got = '';
    process.kill(server.pid, 'SIGSTOP');
    sockets.forEach((socket, i) => say(socket, 'POST', '/v2/rooms', JSON.stringify({ name: `late-${i}` })));
    await until(() => sockets.every((socket) => socket.writableLength === 0), 'all to be said');
    const stopped = server.restart('SIGTERM');
    process.kill(server.pid, 'SIGCONT');
    await Promise.all(sockets.map((socket) => socket.gone));
    await stopped;
    for (const { got } of sockets) {
      assert.match(got, /^HTTP\/1\.1 200 /);
      assert.match(got, /\r\nconnection: close\r\n/);
    }
    const { body } = await server.call('GET', '/v2/rooms?limit=100');
    assert.equal(body.data.length, 20);
  } finally {
    await server.stop();
  }
});

test('with --log json each line is an object, whatever others send', async () => {
  const server = await startServer(['--log', 'json', '--log-level', 'debug']);
  let log = '';
  const meeting = await server.meeting();
  const ann = await Peer.join(server, meeting.host, { name: 'ann' });
  const hostile = 'm=\r\n"}\n{"level":"error","message":"\u001b[31m\u2028 forged"}\n';
  await ann.request('answer', { desc: { type: 'answer', sdp: hostile } }).catch(() => {});
  await fetch(`${server.origin}/%0a%22%7d`, { headers: { authorization: 'Bearer x"}' } });
  log += server.log();
  await server.restart();
  log += server.log();
  await ann.end();
  await server.stop();
  const lines = log.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  for (const { time, level, area, message } of lines) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(['debug', 'info', 'warn', 'error'].includes(level));
    assert.ok(area && message);
  }
  assert.equal(lines.find(({ message }) => message.startsWith('serving ')).page, `http://localhost:${server.port}`);
  assert.ok(lines.some(({ area, room, peers }) => area === 'server' && room === meeting.room.id && peers === 1), log);
  assert.ok(lines.every(({ level }) => level !== 'error'), 'nobody forged a line');
  const secrets = [server.token, meeting.host, meeting.guest, ...JSON.stringify(server.keys).match(/[A-Za-z0-9_-]{43,}/g) ?? []];
  for (const secret of secrets) assert.ok(!log.includes(secret));
});
