// Serves the SDK page from an origin of its own, as an application built on the hosted service
// would: every request to our server is then a cross-origin one.
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { until } from './server.mjs';

const here = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

export async function startSdkPage() {
  const bundle = await build({
    entryPoints: [path.join(here, 'sdk-page.js')], bundle: true, write: false, format: 'iife',
    define: { 'process.env': '{}' }, logLevel: 'error',
  });
  const script = bundle.outputFiles[0].contents;
  const server = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(script);
    } else if (request.url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>SDK</title><body><script src="/page.js"></script>');
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

// The SDK wants "https://" somewhere in the string and uses the origin only.
export const initEndpointOf = (server) => `${server.origin}#https://self-hosted`;

export async function openSdk(page, sdkPage) {
  await page.goto(sdkPage.origin);
  await page.waitForFunction('window.personReady');
}

export function login(page, server, code, userId) {
  return page.evaluate(
    ([c, e, u]) => window.person.login(c, e, u), [code, `${server.origin}/v2/token`, userId]);
}

export async function join(page, server, code, name, more = {}) {
  const authToken = await login(page, server, code, `user-${name}`);
  await page.evaluate((config) => window.person.join(config), {
    authToken, userName: name, initEndpoint: initEndpointOf(server),
    settings: { isAudioMuted: false, isVideoMuted: false }, ...more,
  });
}

// As text: over WebDriver BiDi an object that appears twice in a value arrives only once.
export const state = async (page) =>
  JSON.parse(await page.evaluate(() => JSON.stringify(window.person.state())));

export function untilState(page, check, what, limitMs) {
  return until(async () => {
    const now = await state(page);
    return check(now) && now;
  }, what, limitMs);
}
