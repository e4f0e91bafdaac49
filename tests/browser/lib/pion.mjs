// Pion as Debian packages it, so without a module proxy: a program that watches one peer by WHEP
// and publishes what it gets by WHIP. Its import paths end in /v3, which go only understands of
// code that lies in a GOPATH with a go.mod.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goCache, top } from './server.mjs';

const debian = '/usr/share/gocode';

export function buildRelay() {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-pion-'));
  const source = join(folder, 'src/relay');
  cpSync(join(top, 'tests/system/pion-relay'), source, { recursive: true });
  execFileSync('go', ['build', '-o', join(folder, 'relay'), '.'], { cwd: source, stdio: 'inherit',
    env: { ...process.env, GO111MODULE: 'off', GOCACHE: goCache, GOFLAGS: '', GOPATH: `${folder}:${debian}` } });
  return { path: join(folder, 'relay'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

// `last` is the newest line of JSON that it printed; end() gives all, the last two being the
// statuses of its farewells.
export function startRelay(path, given) {
  const child = spawn(path, given, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const lines = () => text.trim().split('\n').filter(Boolean).map((line) => {
    assert.ok(line.startsWith('{'), `Pion complains: ${line}`);
    return JSON.parse(line);
  });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  return {
    get last() { return lines().at(-1) ?? {}; },
    async end() {
      child.stdin.end();
      await exit;
      return lines();
    },
  };
}
