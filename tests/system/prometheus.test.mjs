// Debian's Prometheus and its promtool against the real binary: the page is as they want it, the alerts in dist/ load and
// one of them fires when media is lost, and the dashboard asks for nothing that is not there.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, nightly, startServer, top, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { Peer } from './peer.mjs';

const unpacked = join(top, 'build/prometheus/usr/bin');
const tool = (name) => (existsSync(join(unpacked, name)) ? join(unpacked, name) : name);
const rulesFile = join(top, 'dist/prometheus/parlor.rules.yml');
const ROOMS = nightly ? 1000 : 100;

let server, metricsPort, prometheus;

before(async () => {
  metricsPort = await freePort();
  server = await startServer(['--metrics-listen', `${metricsPort}`, '--rate-limit', 'off']);
});
after(async () => {
  if (prometheus) {
    prometheus.kill('SIGKILL');
    await new Promise((resolve) => prometheus.once('exit', resolve));
  }
  await server?.stop();
});

async function page() {
  return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers: { accept: 'text/plain' } })).text();
}

const promtool = (args, input) => execFileSync(tool('promtool'), args, { encoding: 'utf8', input, stdio: 'pipe' });

test('promtool finds nothing to say about the page', async () => {
  assert.equal(promtool(['check', 'metrics'], await page()), '');
});

test('the alerts and the configuration are good, and do what they say', () => {
  assert.match(promtool(['check', 'rules', '--lint-fatal', rulesFile]), /SUCCESS/);
  assert.match(promtool(['check', 'config', join(top, 'dist/prometheus/prometheus.yml')]), /SUCCESS/);
  assert.match(promtool(['test', 'rules', join(top, 'tests/system/prometheus/alerts.yml')]), /SUCCESS/);
});

test('each figure that the alerts and the dashboard ask for is there', async () => {
  const families = new Set([...(await page()).matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
    (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name])));
  const dashboard = JSON.parse(readFileSync(join(top, 'dist/grafana/parlor.json')));
  const asked = [readFileSync(rulesFile, 'utf8'), ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => query.query ?? '')].join('\n');
  const names = new Set(asked.match(/\b(?:parlor|process)_[a-z_]+[a-z]\b/g));
  assert.ok(names.size > 30);
  assert.deepEqual([...names].filter((name) => !families.has(name)), []);
  // Prometheus reads each question as a rule, which it checks.
  const rules = dashboard.panels.flatMap(({ targets = [] }) => targets).map(({ expr }, index) => ({ record: `question:${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', 'parlor').replaceAll('$instance', '.+') }));
  const file = join(mkdtempSync(join(tmpdir(), 'parlor-dashboard-')), 'rules.json');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  assert.match(promtool(['check', 'rules', file]), new RegExp(`SUCCESS: ${rules.length} rules found`));
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
});

test('a thousand rooms have no more figures than ten', async () => {
  const series = async () => new Set((await page()).split('\n').filter((line) => line && line[0] !== '#')
    .map((line) => line.replace(/ \S+$/, '')));
  const people = [];
  const fill = async (count) => {
    while (people.length < count)
      await Promise.all(Array.from({ length: Math.min(10, count - people.length) }, async () => {
        const number = people.length;
        people.push(null);
        const meeting = await server.meeting({ name: `room-${number}` });
        const person = await Client.of(server, meeting.host, `user-${number}`);
        await person.connect();
        await person.request('join', { name: `person ${number}`, data: '{}' });
        await person.request(`made-up-${number}`, {});
        await fetch(`${server.origin}/made-up/${number}`);
        people[number] = person;
      }));
    await until(async () => (await page()).includes(`\nparlor_rooms ${count}\n`), `${count} rooms`);
    return series();
  };
  const few = await fill(10);
  const many = await fill(ROOMS);
  assert.deepEqual([...many].filter((key) => !few.has(key)), []);
  assert.equal(many.size, few.size);
  assert.ok([...many].some((key) => key === 'parlor_signalling_messages_total{method="other",result="unknown_method"}'));
  for (const person of people) person.socket.close();
});

test('Prometheus scrapes it, and an alert fires when media is lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-prometheus-'));
  const port = await freePort();
  // The alerts as they are, but for the time that they take.
  const hasty = readFileSync(rulesFile, 'utf8').replaceAll('[1m]', '[4s]').replace(/for: \d+[sm]/g, 'for: 1s');
  assert.notEqual(hasty, readFileSync(rulesFile, 'utf8'));
  writeFileSync(join(folder, 'parlor.rules.yml'), hasty);
  writeFileSync(join(folder, 'prometheus.yml'), readFileSync(join(top, 'dist/prometheus/prometheus.yml'), 'utf8')
    .replaceAll('15s', '500ms').replace('127.0.0.1:9464', `127.0.0.1:${metricsPort}`));
  let log = '';
  prometheus = spawn(tool('prometheus'), [`--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
  { stdio: ['ignore', 'ignore', 'pipe'] });
  prometheus.stderr.on('data', (chunk) => (log += chunk));
  const ask = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => null);
    return answer?.ok ? (await answer.json()).data : null;
  };

  const target = await until(async () => {
    const found = (await ask('targets'))?.activeTargets[0];
    return found?.health === 'up' && found;
  }, `the target to be up: ${log}`);
  assert.equal(target.labels.job, 'parlor');
  assert.equal(target.lastError, '');
  const rules = (await ask('rules')).groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 10);
  await until(async () => (await ask('rules')).groups[0].rules.every(({ health }) => health === 'ok'), 'the rules to be evaluated');

  const meeting = await server.meeting();
  const ann = await Peer.join(server, meeting.host, { name: 'ann' });
  const bob = await Peer.join(server, meeting.guest, { name: 'bob' });
  const lost = async () => (await ask('alerts')).alerts
    .find(({ labels, state }) => labels.alertname === 'ParlorPacketsLost' && labels.direction === 'in' && state === 'firing');
  try {
    const source = await ann.send('video');
    source.packetsPerFrame = 4;
    const seen = await bob.sink(source.id);
    await bob.prefer(source.id, 'high');
    await until(() => seen.packets.size > 50, 'a picture');
    assert.equal(await lost(), undefined);
    source.loseNext = 1e6;
    const alert = await until(lost, 'the alert');
    assert.equal(alert.labels.severity, 'warning');
    assert.match(alert.annotations.summary, /^[\d.]+% of the media packets are lost \(in\) at 127\.0\.0\.1:\d+\.$/);
    source.loseNext = 0;
    await until(async () => !(await lost()), 'the alert to end');
  } finally {
    await Promise.all([ann.end(), bob.end()]);
  }
});
