// A back end in Go, net/http alone, written for the hosted service: it works by its base URL.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { startServer } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'parlor-go-'));
const source = join(dirname(fileURLToPath(import.meta.url)), 'go-backend');
let server, backend, origin;

before(async () => {
  execFileSync('go', ['build', '-o', join(folder, 'backend'), '.'],
    { cwd: source, env: { ...process.env, GOFLAGS: '-mod=mod', GOCACHE: join(folder, 'cache'), GO111MODULE: 'on' } });
  server = await startServer();
  backend = spawn(join(folder, 'backend'), { env: { API_BASE: `${server.origin}/v2`, ACCESS_KEY: server.keys.access_key,
    APP_SECRET: server.keys.app_secret, TEMPLATE_ID: server.keys.template_id }, stdio: ['ignore', 'pipe', 'inherit'] });
  origin = await new Promise((resolve) => backend.stdout.once('data', (line) => resolve(line.toString().trim())));
});
after(async () => {
  backend?.kill();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('its endpoint gives a host code and a guest code, and both open one meeting', async () => {
  const answer = await fetch(origin);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const codes = await answer.json();
  assert.deepEqual(Object.keys(codes).sort(), ['Guest_Code', 'Host_Code']);
  const host = await Peer.join(server, codes.Host_Code, { name: 'host' });
  const guest = await Peer.join(server, codes.Guest_Code, { name: 'guest' });
  try {
    const audio = await host.send('audio');
    await guest.sink(audio.id);
  } finally {
    await Promise.all([host.end(), guest.end()]);
  }
});

test('any other method is 405, and trouble upstream is 500', async () => {
  const answer = await fetch(origin, { method: 'POST' });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'GET');
});
