// The management API under load, with a call on the same server: what must hold on any machine. How
// fast it is, ./dev bench says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, nightly, patience, top } from '../browser/lib/server.mjs';

const SECONDS = nightly ? 4 : 2; // of reading, and of writing

test('a call loses no packet while thousands of rooms are read and made', { timeout: 300000 }, () => {
  const { stdout, stderr } = spawnSync(join(top, 'build/tests/bench/rest'), ['--seconds', `${SECONDS}`, '--rooms', '10000', '--parlor', binary],
    { encoding: 'utf8', timeout: 240000, cwd: top });
  const figure = (name) => Number(stdout.match(new RegExp(`^ *${name} +([\\d.]+)`, 'm'))?.[1] ?? NaN);
  for (const line of stdout.trim().split('\n')) console.log(`# figure ${line.trim()}`);
  assert.ok(figure('the call meanwhile: sent') > 100 * SECONDS, stdout + stderr);
  assert.equal(figure('lost on the way'), 0, stdout);
  assert.ok(figure('GET /v2/rooms/<id>') > 0 && figure('POST /v2/rooms, durable') > 0, stdout);
  // Sanitizers keep what was freed for a while.
  if (patience === 1) assert.ok(figure('10 000 rooms: memory grew by') < 10, stdout);
});
