// A real nginx in front: with --trusted-proxies each client behind it has its own measure, and nobody can pretend to be
// another; without, all of them are the proxy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, startServer, top, until } from '../browser/lib/server.mjs';
import { exchange, RawSocket, statusOf } from './raw.mjs';

const own = join(top, 'build/nginx/usr/sbin/nginx');
const nginx = existsSync(own) ? own : 'nginx';
const public_ = 'https://meet.example.org';
// One request comes back each second: a measure that is used up is full again after a minute.
const BURST = 60;
let trusting, blind, trustingProxy, blindProxy;

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

// As docs/operating.md has it. Clients come from 127.0.0.2, 127.0.0.3 ..., which are not in the list.
async function startNginx(server) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-nginx-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), `
daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${server.port};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}`);
  const child = spawn(nginx, ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  await until(() => new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => { probe.destroy(); resolve(true); });
    probe.on('error', () => resolve(false));
  }), `nginx to listen: ${log}`, PATIENCE_MS, 20);
  return { port, async stop() { child.kill('SIGTERM'); await exit; rmSync(folder, { recursive: true, force: true }); } };
}

before(async () => {
  const limits = ['--rate-limit', 'on', '--requests', '1', '--requests-burst', `${BURST}`, '--public-url', public_];
  [trusting, blind] = await Promise.all([startServer([...limits, '--trusted-proxies', '127.0.0.1']), startServer(limits)]);
  [trustingProxy, blindProxy] = await Promise.all([startNginx(trusting), startNginx(blind)]);
});
after(() => Promise.all([trustingProxy, blindProxy, trusting, blind].map((one) => one?.stop())));

// What a client at `from` gets for a request that costs something, `count` times on one connection.
function ask(proxy, from, more = '', count = 1) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = connect({ port: proxy.port, host: '127.0.0.1', localAddress: from });
    const line = (end) => `GET /v2/templates HTTP/1.1\r\nHost: meet.example.org\r\n${more}${end ? 'Connection: close\r\n' : ''}\r\n`;
    socket.write(line(false).repeat(count - 1) + line(true));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve([...Buffer.concat(chunks).toString('latin1').matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => Number(m[1]))));
  });
}

// A measure that was used up is back at once for no client whose requests it counts, and untouched for others.
const useUp = (proxy, from) => ask(proxy, from, '', BURST + 20);
const isUsedUp = async (proxy, from, more = '') => (await ask(proxy, from, more, 20)).includes(429);

test('each client behind a trusted proxy has its own measure', async () => {
  const first = await useUp(trustingProxy, '127.0.0.2');
  assert.equal(first[0], 401);
  assert.equal(first.at(-1), 429, String(first));
  assert.equal(await isUsedUp(trustingProxy, '127.0.0.3'), false);
  assert.equal(await isUsedUp(trustingProxy, '127.0.0.2'), true);
});

test('what a client writes into the fields changes nothing', async () => {
  await useUp(trustingProxy, '127.0.0.4');
  for (const field of ['X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1', 'X-Real-IP: 192.0.2.1']) {
    assert.equal(await isUsedUp(trustingProxy, '127.0.0.4', `${field}\r\n`), true, field);
  }
});

test('without --trusted-proxies the fields are ignored: all clients are the proxy', async () => {
  await useUp(blindProxy, '127.0.0.2');
  assert.equal(await isUsedUp(blindProxy, '127.0.0.3'), true);
  assert.equal(await isUsedUp(blind, '127.0.0.1', 'X-Forwarded-For: 192.0.2.9\r\n'), true);
});

test('a web socket opens through the proxy, and pages name sockets by the scheme of the public URL', async () => {
  const { guest } = await trusting.meeting();
  const body = JSON.stringify({ code: guest });
  const login = await exchange(trustingProxy.port, `POST /v2/token HTTP/1.1\r\nHost: meet.example.org\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  const { token } = JSON.parse(login.text.match(/\{.*\}/)[0]);
  const socket = await RawSocket.open(trustingProxy.port, `/ws?peer=x&token=${token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`);
  assert.equal((await socket.message()).method, 'on-policy-change');
  socket.end();
  const page = await exchange(trustingProxy.port, 'GET / HTTP/1.1\r\nHost: meet.example.org\r\nConnection: close\r\n\r\n');
  assert.match(page.text, /connect-src 'self' wss:\/\/meet\.example\.org/);
});

test('behind a proxy nobody makes meetings without the key', async () => {
  const answer = await exchange(trustingProxy.port, 'POST /api/meetings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
  assert.equal(statusOf(answer.text), 401);
});
