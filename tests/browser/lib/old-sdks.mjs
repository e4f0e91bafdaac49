// SDKs of past years, each installed from its own lock in a folder of the cache, never in the tree: what applications
// that nobody touches any more were built with.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'parlor-tests');
const newest = '0.15.2'; // the one that all other tests use

// Where the package of a version lies; installed when it is not there.
function packageOf(version) {
  if (version === newest) return path.join(here, 'node_modules/@100mslive/hms-video-store');
  const lock = path.join(here, 'old-sdks', version);
  const hash = createHash('sha256').update(readFileSync(path.join(lock, 'package-lock.json'))).digest('hex');
  const folder = path.join(cache, `sdk-${version}-${hash.slice(0, 12)}`);
  if (!existsSync(folder)) {
    const making = `${folder}.${process.pid}`; // another run may be at it
    mkdirSync(making, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(lock, file), path.join(making, file));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: making, stdio: 'pipe' });
    try { renameSync(making, folder); } catch { rmSync(making, { recursive: true }); }
  }
  return path.join(folder, 'node_modules/@100mslive/hms-video-store');
}

async function bundle(version) {
  const built = await build({
    entryPoints: [path.join(here, 'old-sdk-page.js')], bundle: true, write: false, format: 'iife',
    alias: { sdk: packageOf(version) }, define: { 'process.env': '{}', global: 'window' }, logLevel: 'error',
  });
  return built.outputFiles[0].contents;
}

// Serves a page for each version: /0.6.2/.
export async function startOldPages(versions) {
  const scripts = new Map();
  for (const version of versions) scripts.set(version, await bundle(version));
  const server = createServer((request, response) => {
    const [, version, file] = request.url.split('/');
    const script = scripts.get(version);
    if (!script) response.statusCode = 404;
    response.setHeader('content-type', file === 'page.js' ? 'text/javascript' : 'text/html');
    response.end(file === 'page.js' ? script : '<!doctype html><title>SDK</title><body><script src="page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    addressOf: (version) => `${origin}/${version}/`,
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}
