// The receivers of docs/operating.md, as somebody would paste them: what is genuine is taken,
// and what was changed, is old or has no signature is not.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, goCache, startServer, top, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { hmac } from './receiver.mjs';

const page = readFileSync(join(top, 'docs/operating.md'), 'utf8');
const recipe = (language) => page.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))[1];
const secret = 'a secret of a test, which has forty signs';

async function check(command, words, cwd) {
  const port = await freePort();
  let said = '';
  const receiver = spawn(command, words, { cwd, env: { ...process.env, PORT: port, WEBHOOK_SECRET: secret } });
  receiver.stdout.on('data', (text) => (said += text));
  receiver.stderr.on('data', (text) => (said += text));
  const url = `http://127.0.0.1:${port}/`;
  const send = async (body, headers) => (await fetch(url, { method: 'POST', body, headers })).status;
  const signed = (body, time) => ({ 'x-webhook-timestamp': `${time}`,
    'x-webhook-timestamp-signature': hmac(secret, `${time}.${body}`) });
  let server;
  try {
    await until(() => send('', {}).catch(() => 0), 'the receiver');
    const body = '{"id":"1","type":"x","data":{"room_id":"r"}}';
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await send(body, signed(body, now)), 200);
    assert.equal(await send(`${body} `, signed(body, now)), 401, 'changed');
    assert.equal(await send(body, signed(body, now - 301)), 401, 'old');
    assert.equal(await send(body, { ...signed(body, now), 'x-webhook-timestamp': `${now + 1}` }), 401, 'another time');
    assert.equal(await send(body, {}), 401, 'not signed');
    assert.equal(await send(body, { 'x-webhook-timestamp': `${now}`, 'x-webhook-signature': hmac(secret, body) }), 401);

    server = await startServer(['--webhook-url', url, '--webhook-allow', '127.0.0.1', '--webhook-secret', secret]);
    const { host } = await server.meeting();
    const client = await Client.of(server, host, 'ann');
    await client.connect();
    await client.request('join', { name: 'ann', data: '' });
    await until(() => said.includes('peer.join.success'), 'the event');
    client.socket.terminate();
  } finally {
    receiver.kill('SIGKILL');
    await server?.stop();
  }
}

async function inFolder(name, language, run) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-recipe-'));
  try {
    writeFileSync(join(folder, name), recipe(language));
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the receiver for Node takes what is genuine', () =>
  inFolder('receiver.mjs', 'js', (folder) => check(process.execPath, ['receiver.mjs'], folder)));

test('the receiver for Go takes what is genuine', () =>
  inFolder('receiver.go', 'go', async (folder) => {
    const built = spawnSync('go', ['build', '-o', 'receiver', 'receiver.go'], { cwd: folder, encoding: 'utf8',
      env: { ...process.env, GOCACHE: goCache, GO111MODULE: 'off' } });
    assert.equal(built.status, 0, built.stderr);
    await check(join(folder, 'receiver'), [], folder);
  }));
