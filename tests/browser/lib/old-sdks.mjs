// SDKs of past years: what applications that nobody touches any more were built with.
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { installed } from './packages.mjs';

const here = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const newest = '0.15.2'; // the one that all other tests use

// Where the package of a version lies.
function packageOf(version) {
  const modules = version === newest ? path.join(here, 'node_modules')
    : installed(`sdk-${version}`, path.join(here, 'old-sdks', version));
  return path.join(modules, '@100mslive/hms-video-store');
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
