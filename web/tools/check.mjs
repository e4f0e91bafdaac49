// Refuses a build which could talk to a foreign host, which is too heavy, or which holds what may not be passed on under
// the project's licence.
import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

import { DIST, listFiles } from './files.mjs';

const KB = 1000;
const LANDING_LIMIT = 90 * KB;
const MEETING_LIMIT = 320 * KB;
const ADMIN_LIMIT = 200 * KB;

// Text for people, never requested.
const DOCUMENTATION = /https:\/\/(?:www\.)?100ms\.live\/docs\/[\w./#?=-]*/g;
const VENDOR_HOST = /[\w.-]*100ms\.live[^\s"'`)]*/g;

const files = listFiles();
const problems = [];

for (const path of files.filter((path) => /\.(html|js|css|json|svg)$/.test(path))) {
  const text = readFileSync(path, 'utf8').replace(DOCUMENTATION, '');
  for (const [host] of text.matchAll(VENDOR_HOST)) {
    problems.push(`${relative(DIST, path)} names ${host}`);
  }
}

function gzipSize(paths) {
  return paths.reduce(
    (sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length,
    0,
  );
}

function budget(name, paths, limit) {
  const size = gzipSize(paths);
  console.log(`${name}: ${(size / KB).toFixed(1)} kB gzip of ${limit / KB} kB`);
  if (size > limit) problems.push(`${name} is ${size} bytes, over its budget of ${limit}`);
}

// A page needs what it names, and all that those name in turn: what is loaded later, too.
const code = files.filter((path) => /\.(js|css)$/.test(path));
function namedIn(path) {
  const text = readFileSync(path, 'utf8');
  return code.filter((one) => text.includes(basename(one)));
}
function reachedFrom(path) {
  const reached = new Set(namedIn(path));
  for (const one of reached) for (const next of namedIn(one)) reached.add(next);
  return [...reached];
}

// What index.html names is what the landing page loads; everything else waits for a meeting.
// A visitor loads one language at most besides English.
const landing = namedIn(join(DIST, 'index.html'));
if (landing.length === 0) problems.push('index.html names no script');
const meeting = reachedFrom(join(DIST, 'index.html'));
const admin = reachedFrom(join(DIST, 'admin/index.html'));
if (admin.length === 0) problems.push('admin/index.html names no script');
budget('landing', landing, LANDING_LIMIT);
budget('meeting', meeting, MEETING_LIMIT);
budget(
  'admin beyond it',
  admin.filter((path) => !meeting.includes(path)),
  ADMIN_LIMIT,
);

// What is in the build or may get into it. npm's `overrides` keep a dependency at a version whose licence allows that.
const LICENCES = new Set(['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0']);
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [path, { dev, license, version }] of Object.entries(packages))
  if (path && !dev && !LICENCES.has(license))
    problems.push(`${path} ${version} is under ${license ?? 'no licence that it names'}`);

for (const problem of problems) console.error(`error: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
