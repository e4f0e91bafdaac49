// The vendor's ready-made meeting in a page of its own origin, as a web site would hold it.
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { installed } from './packages.mjs';

const here = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

async function bundle(version) {
  const built = await build({
    entryPoints: [path.join(here, 'prebuilt-page.js')], bundle: true, write: false, format: 'iife', outdir: '/',
    nodePaths: [installed(`prebuilt-${version}`, path.join(here, 'prebuilts', version))],
    loader: { '.svg': 'dataurl', '.png': 'dataurl' },
    define: { 'process.env': '{}', 'process.env.NODE_ENV': '"production"', global: 'window' }, logLevel: 'error',
  });
  return new Map(built.outputFiles.map((file) => [path.basename(file.path), file.contents]));
}

const types = { '.js': 'text/javascript', '.css': 'text/css' };
const html = '<!doctype html><meta charset="utf-8"><title>Prebuilt</title><link rel="icon" href="data:,">'
  + '<link rel="stylesheet" href="prebuilt-page.css"><body style="margin: 0"><script src="prebuilt-page.js"></script>';

// Serves a page for each version: /0.5.7/?server=…&code=…&name=….
export async function startPrebuilts(versions) {
  const files = new Map();
  for (const version of versions) files.set(version, await bundle(version));
  const server = createServer((request, response) => {
    const [, version, file] = new URL(request.url, 'http://page').pathname.split('/');
    const content = file ? files.get(version)?.get(file) : html;
    if (!content) response.statusCode = 404;
    response.setHeader('content-type', types[path.extname(file)] ?? 'text/html');
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    addressOf: (version, query) => `${origin}/${version}/?${new URLSearchParams(query)}`,
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}
