// A machine whose addresses change while the server runs: clients are told the new ones. It runs
// in a network namespace of its own, so that the machine under test keeps what it has.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { startServer, until } from '../browser/lib/server.mjs';

const inside = process.argv[2];
const canHaveOne = () => spawnSync('unshare', ['-rnu', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

const offer = (mid) => ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=sendonly', 'a=rtcp-mux',
  'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901', 'a=setup:actpass',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=rtpmap:111 opus/48000/2', ''].join('\r\n');

async function candidates(server, meeting) {
  const token = (await (await fetch(`${server.origin}/v2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: meeting.host, user_id: 'encoder' }),
  })).json()).token;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' };
  const answer = await fetch(`${server.origin}/whip/${meeting.room.id}`,
    { method: 'POST', headers, body: offer(0) });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  await fetch(server.origin + answer.headers.get('location'), { method: 'DELETE', headers });
  return [...text.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm)].map((found) => found[1]);
}

const ip = (...args) => execFileSync('ip', args);

async function follow() {
  const server = await startServer();
  try {
    const meeting = await server.meeting();
    assert.deepEqual(await candidates(server, meeting), ['127.0.0.1']);
    ip('address', 'add', '10.77.0.1/32', 'dev', 'lo');
    await until(() => /media is reached at 10\.77\.0\.1 127\.0\.0\.1 /.test(server.log()), 'the new address');
    assert.deepEqual(await candidates(server, meeting), ['10.77.0.1', '127.0.0.1']);
    ip('address', 'del', '10.77.0.1/32', 'dev', 'lo');
    await until(() => /media is reached at 127\.0\.0\.1 /.test(server.log()), 'the old addresses');
    assert.deepEqual(await candidates(server, meeting), ['127.0.0.1']);
  } finally {
    await server.stop();
  }
}

// The kernel may tell nothing: a container may forbid to listen to it. LD_PRELOAD makes this machine such a one.
async function hangup() {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-deaf-'));
  writeFileSync(join(folder, 'deaf.c'), `#include <errno.h>
    #include <linux/netlink.h>
    #include <sys/socket.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int bind(int fd, const struct sockaddr *a, socklen_t len) {
      if (a->sa_family == AF_NETLINK && ((const struct sockaddr_nl *)(const void *)a)->nl_groups) {
        errno = EPERM;
        return -1;
      }
      return (int)syscall(SYS_bind, fd, a, len);
    }`);
  execFileSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'deaf.so'), join(folder, 'deaf.c')]);
  const deaf = { LD_PRELOAD: join(folder, 'deaf.so'),
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` };
  Object.assign(process.env, deaf);
  const server = await startServer();
  delete process.env.LD_PRELOAD;
  try {
    const meeting = await server.meeting();
    ip('address', 'add', '10.77.0.2/32', 'dev', 'lo');
    assert.deepEqual(await candidates(server, meeting), ['127.0.0.1'], 'nobody told it');
    process.kill(server.pid, 'SIGHUP');
    await until(() => /media is reached at 10\.77\.0\.2 127\.0\.0\.1 /.test(server.log()), 'the new address');
    assert.deepEqual(await candidates(server, meeting), ['10.77.0.2', '127.0.0.1']);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

// What the server shows: the names in its certificate, and the public key.
async function shown(server) {
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const { subjectaltname: names, pubkey } = socket.getPeerCertificate();
  socket.destroy();
  return { names: names.split(', '), key: pubkey.toString('hex') };
}

async function certificate() {
  execFileSync('hostname', ['first.example.org']);
  let server = await startServer(['--tls', 'self-signed']);
  const { folder } = server;
  const covers = (name) => until(async () => (await shown(server)).names.includes(name), `${name} to be covered`);
  try {
    const before = await shown(server);
    assert.deepEqual(before.names,
      ['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1', 'DNS:first.example.org']);
    ip('address', 'add', '10.77.0.3/32', 'dev', 'lo');
    await covers('IP Address:10.77.0.3');
    execFileSync('hostname', ['second.example.org']); // of which no kernel tells
    process.kill(server.pid, 'SIGHUP');
    await covers('DNS:second.example.org');
    assert.equal((await shown(server)).key, before.key);

    await server.kill();
    ip('address', 'add', '10.77.0.4/32', 'dev', 'lo');
    server = await startServer(['--tls', 'self-signed', '--public-url', 'https://meet.example.org:8443'], '127.0.0.1', folder);
    const after = await shown(server);
    for (const name of ['IP Address:10.77.0.3', 'IP Address:10.77.0.4', 'DNS:second.example.org', 'DNS:meet.example.org'])
      assert.ok(after.names.includes(name), `${name} in ${after.names}`);
    assert.equal(after.key, before.key);
  } finally {
    await server.stop();
  }
}

const parts = {
  follow: ['clients are told the addresses that the machine has now', follow],
  hangup: ['SIGHUP reads the addresses again where the kernel tells nothing', hangup],
  certificate: ['a self-signed certificate covers new addresses and names, with the key that it had', certificate],
};

if (inside) {
  ip('link', 'set', 'lo', 'up');
  await parts[inside][1]();
} else {
  const skip = !canHaveOne() && 'no namespaces here';
  for (const [name, [sentence]] of Object.entries(parts)) {
    test(sentence, { skip }, () => {
      const { status, stdout, stderr } = spawnSync('unshare',
        ['-rnu', process.execPath, fileURLToPath(import.meta.url), name],
        { encoding: 'utf8', timeout: 60000, env: { ...process.env, PARLOR_TEST_POSTGRES: '' } });
      assert.equal(status, 0, stdout + stderr);
    });
  }
}
