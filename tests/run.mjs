// run.mjs FOLDER [WORD...]: runs every *.test.mjs of tests/FOLDER (whose name contains a WORD) with
// node's own test runner, one file after the other: two browsers and a server are enough work
// for two cores. Prints TAP.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder, ...wanted] = process.argv.slice(2);
const here = join(dirname(fileURLToPath(import.meta.url)), folder ?? '');
const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs'))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word))).sort();
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(2);
}
// A file that hangs says so, instead of holding up all others until somebody looks.
const MINUTES_MAX = 15;
let worst = 0;
for (const file of files) {
  console.log(`# file ${file}`);
  const { status, error } = spawnSync(process.execPath, ['--test-reporter=tap', join(here, file)],
    { stdio: 'inherit', timeout: MINUTES_MAX * 60 * 1000 });
  if (error) console.log(`not ok - ${file}: ${error.code}, ended after ${MINUTES_MAX} minutes\n# fail 1`);
  worst = Math.max(worst, status ?? 1);
}
process.exit(worst);
