// Back ends as applications of the hosted service have them: one in Go, with net/http alone, and one in C
// with libparlor. Each signs a management token, makes a room, gets its codes, and hands the two of
// them out. They are moved over by their base URL.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { goCache, startServer, top } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'parlor-backends-'));
const running = new Set();
let server;

before(async () => {
  execFileSync('go', ['build', '-o', join(folder, 'backend'), '.'], {
    cwd: join(dirname(fileURLToPath(import.meta.url)), 'go-backend'),
    env: { ...process.env, GOFLAGS: '-mod=mod', GOCACHE: goCache, GO111MODULE: 'on' } });
  server = await startServer();
});
after(async () => {
  for (const child of running) child.kill();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// Starts a back end; gives the address that it prints.
async function start(command, args, env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(line.toString().trim()));
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
}

const kinds = {
  Go: (url, template, secret) => start(join(folder, 'backend'), [], {
    API_BASE: `${url}/v2`, ACCESS_KEY: server.keys.access_key, APP_SECRET: secret, TEMPLATE_ID: template }),
  'C with libparlor': (url, template, secret) => start(join(top, 'build/client/parlor-example'), ['--serve', '0'], {
    PARLOR_URL: url, PARLOR_ACCESS_KEY: server.keys.access_key, PARLOR_APP_SECRET: secret, PARLOR_TEMPLATE: template }),
};

for (const [kind, run] of Object.entries(kinds)) {
  describe(`a back end in ${kind}`, () => {
    let origin;
    before(async () => {
      origin = await run(server.origin, server.keys.template_id, server.keys.app_secret);
    });

    test('gives a host code and a guest code, and both open one meeting', async () => {
      const answer = await fetch(origin);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type'), /^application\/json/);
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
      const codes = await answer.json();
      assert.deepEqual(Object.keys(codes).sort(), ['Guest_Code', 'Host_Code']);
      for (const code of Object.values(codes)) assert.match(code, /^[a-z]{3}-[a-z]{4}-[a-z]{3}$/);
      const host = await Peer.join(server, codes.Host_Code, { name: 'host' });
      const guest = await Peer.join(server, codes.Guest_Code, { name: 'guest' });
      try {
        const audio = await host.send('audio');
        await guest.sink(audio.id);
      } finally {
        await Promise.all([host.end(), guest.end()]);
      }
    });

    test('refuses any other method', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const answer = await fetch(origin, { method });
        assert.equal(answer.status, 405, method);
        assert.equal(answer.headers.get('allow'), 'GET');
      }
    });

    test('has an empty code for a role that the template does not have', async () => {
      const { body: template } = await server.call('POST', '/v2/templates', { name: 'stage', roles: { host: {}, viewer: {} } });
      const codes = await (await fetch(await run(server.origin, template.id, server.keys.app_secret))).json();
      assert.match(codes.Host_Code, /-/);
      assert.equal(codes.Guest_Code, '');
    });

    test('answers 500 with a text when the server refuses it or is not there', async () => {
      for (const [url, secret] of [[server.origin, 'x'.repeat(64)], ['http://127.0.0.1:1', server.keys.app_secret]]) {
        const answer = await fetch(await run(url, server.keys.template_id, secret));
        assert.equal(answer.status, 500, url);
        assert.ok((await answer.text()).length > 5);
      }
    });
  });
}
