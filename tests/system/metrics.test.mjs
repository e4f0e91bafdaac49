// GET /metrics of the real binary during a small call: what Prometheus would read, read strictly.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, freePort, startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

let server, metricsPort, meeting, ann, bob;

before(async () => {
  metricsPort = await freePort();
  // Nobody listens where webhooks go.
  server = await startServer(['--metrics-listen', `${metricsPort}`, '--webhook-url', 'http://127.0.0.1:9/',
    '--webhook-allow', '127.0.0.1/32']);
});
after(async () => {
  await Promise.all([ann?.end(), bob?.end()]);
  await server?.stop();
});

const ask = (path, options) => fetch(`http://127.0.0.1:${metricsPort}${path}`, options);

// Text format 0.0.4: families one after the other, each with HELP and TYPE first; no sample twice;
// counters end in _total; the buckets of a histogram never fall, and the last is its count.
function read(text) {
  const figures = new Map();
  const families = new Set();
  let family, type, help;
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    let found = line.match(/^# HELP ([a-z_]+) \S.*$/);
    if (found) {
      assert.ok(!families.has(found[1]), `${found[1]} comes once`);
      families.add(found[1]);
      [family, type, help] = [found[1], null, true];
      continue;
    }
    found = line.match(/^# TYPE ([a-z_]+) (counter|gauge|histogram)$/);
    if (found) {
      assert.ok(help && !type && found[1] === family, line);
      type = found[2];
      assert.equal(type === 'counter', family.endsWith('_total'), line);
      continue;
    }
    found = line.match(/^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? ([0-9.e+-]+)$/);
    assert.ok(found && type, `no sample: ${line}`);
    const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => family + end) : [family];
    assert.ok(names.includes(found[1]), line);
    const key = found[1] + (found[2] ?? '');
    assert.ok(!figures.has(key), `${key} comes once`);
    figures.set(key, Number(found[3]));
  }
  for (const kind of ['read', 'write']) {
    const buckets = [...figures].filter(([key]) => key.startsWith(`parlor_store_job_seconds_bucket{kind="${kind}"`));
    buckets.reduce((last, [key, count]) => (assert.ok(count >= last, key), count), 0);
    assert.ok(buckets.at(-1)[0].includes('le="+Inf"'));
    assert.equal(buckets.at(-1)[1], figures.get(`parlor_store_job_seconds_count{kind="${kind}"}`));
  }
  return figures;
}

async function scrape() {
  const answer = await ask('/metrics', { headers: { accept: 'text/plain' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return read(await answer.text());
}

test('an idle server has every figure, and none of people', async () => {
  const figures = await until(async () => {
    const now = await scrape();
    return now.has('parlor_webhooks_waiting') && now;
  }, 'the first count of webhooks');
  for (const key of ['parlor_rooms', 'parlor_peers{kind="publisher"}', 'parlor_peers{kind="viewer"}', 'parlor_peers{kind="waiting"}', 'parlor_webhooks_waiting', 'parlor_media_connections',
    'parlor_media_packets_total{direction="in"}', 'parlor_media_packets_total{direction="out"}',
    'parlor_media_bytes_total{direction="in"}', 'parlor_media_bytes_total{direction="out"}',
    'parlor_media_dropped_packets_total{reason="srtp"}', 'parlor_media_socket_errors_total{direction="out"}',
    'parlor_store_queue_jobs{queue="write"}'])
    assert.equal(figures.get(key), 0, key);
  assert.equal(figures.get('parlor_store_writable'), 1);
  for (const counter of ['parlor_store_errors_total{kind="read"}', 'parlor_store_errors_total{kind="write"}', 'parlor_store_log_aside_total'])
    assert.equal(figures.get(counter), 0, counter);
});

test('in a call the figures are there and grow, and sums stay when it is over', async () => {
  meeting = await server.meeting();
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  bob = await Peer.join(server, meeting.guest, { name: 'bob' });
  const heard = await bob.sink((await ann.send('audio')).id);
  await until(() => heard.packets.size > 20, 'sound');
  const first = await until(async () => {
    const now = await scrape();
    return now.get('parlor_media_rtp_packets_total{direction="out"}') > 0 && now;
  }, 'packets to be counted');
  assert.equal(first.get('parlor_rooms'), 1);
  assert.equal(first.get('parlor_peers{kind="publisher"}'), 2);
  assert.equal(first.get('parlor_media_connections'), 4);
  assert.equal(first.get('parlor_media_tracks{kind="audio"}'), 1);
  assert.equal(first.get('parlor_http_responses_total{method="GET",route="/ws",status="101"}'), 2);
  assert.equal(first.get('parlor_http_responses_total{method="POST",route="/v2/rooms",status="200"}'), 1);
  assert.equal(first.get('parlor_http_request_duration_seconds_count{method="POST",route="/v2/token"}'), 2);
  assert.equal(first.get('parlor_signalling_messages_total{method="join",result="ok"}'), 2);
  assert.equal(first.get('parlor_join_seconds_count'), 2);
  assert.ok(first.get('parlor_join_seconds_sum') > 0 && first.get('parlor_join_seconds_sum') < 60);
  assert.ok(first.get('parlor_worker_turn_seconds_count') > 20);
  assert.ok(first.get('parlor_worker_batch_packets_sum{direction="out"}') > 20);
  for (const kind of ['read', 'write']) {
    assert.ok(first.get(`parlor_store_job_seconds_count{kind="${kind}"}`) > 0);
    assert.ok(first.get(`parlor_store_job_seconds_sum{kind="${kind}"}`) > 0);
  }

  const sums = ['parlor_media_packets_total', 'parlor_media_bytes_total', 'parlor_media_rtp_packets_total']
    .flatMap((name) => [`${name}{direction="in"}`, `${name}{direction="out"}`]);
  const second = await until(async () => {
    const now = await scrape();
    return sums.every((key) => now.get(key) > first.get(key)) && now;
  }, 'more packets to be counted');
  const octets = second.get(sums[2]) / second.get(sums[0]);
  assert.ok(octets > 20 && octets < 1500, `${octets} octets a packet`);

  await server.call('POST', `/v2/active-rooms/${meeting.room.id}/end-room`, {});
  const last = await until(async () => {
    const now = await scrape();
    return now.get('parlor_peers{kind="publisher"}') === 0 && now.get('parlor_media_connections') === 0 && now;
  }, 'the end to be counted');
  assert.equal(last.get('parlor_rooms'), 0);
  for (const [key, value] of second)
    if (/_(total|bucket|sum|count)(\{|$)/.test(key)) assert.ok(last.get(key) >= value, key);
});

test('what nobody knows is dropped, with the reason', async () => {
  const reason = 'parlor_media_dropped_packets_total{reason="unknown_source"}';
  const before = (await scrape()).get(reason);
  const socket = createSocket('udp4');
  const stray = Buffer.alloc(100, 0x80);
  for (let i = 0; i < 10; i++)
    await new Promise((resolve) => socket.send(stray, server.mediaPort, '127.0.0.1', resolve));
  socket.close();
  await until(async () => (await scrape()).get(reason) >= before + 10, 'the strays to be counted');
});

test('webhooks whose receiver is away wait', async () => {
  const waiting = 'parlor_webhooks_waiting';
  await until(async () => (await scrape()).get(waiting) >= 6, 'open, two joins, two leaves and close');
});

test('a port that is taken ends the start, and says so', async () => {
  await assert.rejects(startServer(['--metrics-listen', `${metricsPort}`]),
    (error) => error.message.includes('"code":1') && error.message.includes(`cannot listen on 127.0.0.1:${metricsPort}`));
});

test('who takes OpenMetrics gets it, with its end', async () => {
  const answer = await ask('/metrics', { headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' } });
  assert.equal(answer.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  const text = await answer.text();
  assert.ok(text.endsWith('# EOF\n'));
  assert.match(text, /^# TYPE parlor_media_packets counter$/m);
  assert.match(text, /^parlor_media_packets_total\{direction="in"\} \d+$/m);
});

test('a name of somebody else is not ours', async () => {
  const statusFor = (host) => new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: metricsPort, path: '/metrics', agent: false, headers: { host } },
      (answer) => { answer.resume(); resolve(answer.statusCode); }).once('error', reject);
  });
  assert.equal(await statusFor('rebound.example:9464'), 421);
  assert.equal(await statusFor(`localhost:${metricsPort}`), 200);
});

test('nobody asked for the default port: who finds it taken runs without metrics', async () => {
  const blocker = createServer().listen(9464, '127.0.0.1'); // another server may have it already
  await new Promise((resolve) => blocker.once('listening', resolve).once('error', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'parlor-metrics-'));
  const [port, mediaPort] = [await freePort(), await freePort()];
  const child = spawn(binary, ['serve', '--allow-root', '--data', folder, '--listen', `127.0.0.1:${port}`,
    '--media-port', `${mediaPort}`, '--workers', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => ({}))).status === 200, 'the server');
    assert.match(log, /warn +server: no metrics are served/);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    blocker.close();
  }
});

test('each listener serves its own and nothing of the other', async () => {
  const statuses = async (...asked) => Promise.all(asked.map(async ([path, options]) => (await ask(path, options)).status));
  assert.deepEqual(await statuses(['/metrics', { method: 'POST' }], ['/metrics', { method: 'DELETE' }]), [405, 405]);
  assert.equal((await ask('/metrics', { method: 'POST' })).headers.get('allow'), 'GET, HEAD');
  assert.deepEqual(await statuses(['/'], ['/health'], ['/v2/rooms'], ['/metrics/'], ['/ws']), [404, 404, 404, 404, 404]);
  assert.equal((await ask('/metrics', { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(`${server.origin}/metrics`)).status, 404);
});
