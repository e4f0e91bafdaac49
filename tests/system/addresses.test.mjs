// A machine whose addresses change while the server runs: clients are told the new ones. It runs
// in a network namespace of its own, so that the machine under test keeps what it has.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer, until } from '../browser/lib/server.mjs';

const inside = process.argv[2] === 'inside';
const canHaveOne = () => spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

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

async function follow() {
  const ip = (...args) => execFileSync('ip', args);
  ip('link', 'set', 'lo', 'up');
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

if (inside) {
  await follow();
} else {
  test('clients are told the addresses that the machine has now', { skip: !canHaveOne() && 'no namespaces here' }, () => {
    const { status, stdout, stderr } = spawnSync('unshare',
      ['-rn', process.execPath, fileURLToPath(import.meta.url), 'inside'],
      { encoding: 'utf8', timeout: 60000, env: { ...process.env, PARLOR_TEST_POSTGRES: '' } });
    assert.equal(status, 0, stdout + stderr);
  });
}
