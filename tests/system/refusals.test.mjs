// Whoever goes somewhere with a browser reads a page, whatever is wrong; programs read JSON.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../browser/lib/server.mjs';
import { exchange, statusOf } from './raw.mjs';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
let server;

before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const long = 'x'.repeat(20 * 1024);
// The line, more fields, a body, and the status of each.
const refusals = {
  'a percent sign that begins nothing': ['GET /%zz', {}, 400],
  'U+0000': ['GET /a%00b', {}, 400],
  'a percent sign in the query': ['GET /?a=%', {}, 400],
  'half a percent sign in a room\'s address': ['GET /m/abc%2', {}, 400],
  'no UTF-8': ['GET /%ff%fe', {}, 400],
  'no host': ['GET /', { Host: null }, 400],
  'two hosts': ['GET /', { Host: 'a b' }, 400],
  'an address that is too long': [`GET /${'x'.repeat(9000)}`, {}, 414],
  'a field that is too long': ['GET /', { Cookie: long }, 431],
  'a field that is no field': ['GET /', { 'a b': 'c' }, 400],
  'a method that is none': ['BREW /', {}, 405],
  'a form that is sent to a page': ['POST /', { 'Content-Length': 0 }, 405],
  'a form that is sent to nothing': ['POST /nothing', { 'Content-Length': 0 }, 404],
  'nothing': ['GET /nothing/at/all', {}, 404],
  'a meeting without a name': ['GET /m/', {}, 404],
  'too large a body': ['POST /', { 'Content-Length': 100_000_000 }, 413],
  'a compressed body': ['POST /', { 'Content-Length': 1, 'Content-Encoding': 'gzip' }, 415],
  'a web socket elsewhere': ['GET /nothing', { Connection: 'Upgrade', Upgrade: 'websocket' }, 404],
};

async function ask(to, [line, fields, status], accept) {
  const all = { Host: `localhost:${to.port}`, Accept: accept, Connection: 'close', ...fields };
  const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  const { text } = await exchange(to.port, `${line} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  assert.equal(statusOf(text), status, `${line.slice(0, 40)}: ${text.slice(0, 300)}`);
  return { type: /^content-type: (.*)$/mi.exec(head)?.[1], head, body };
}

for (const [what, refusal] of Object.entries(refusals)) {
  test(`a person reads a page, and a program JSON: ${what}`, async () => {
    const page = await ask(server, refusal, browser);
    assert.match(page.type, /^text\/html/);
    assert.match(page.body, /^<!doctype html>/i);
    assert.match(page.head, /^content-security-policy: /mi);
    for (const accept of ['application/json', '*/*', null]) {
      const told = await ask(server, refusal, accept);
      assert.equal(told.type, 'application/json');
      assert.equal(JSON.parse(told.body).code, refusal[2]);
    }
  });
}

test('paths of the API stay JSON for a browser too', async () => {
  for (const refusal of [['GET /v2/rooms', {}, 401], ['GET /v2/token', {}, 405], ['DELETE /v2/rooms', {}, 405]]) {
    assert.equal((await ask(server, refusal, browser)).type, 'application/json', refusal[0]);
  }
});

test('who asks too often reads that they should wait', async () => {
  const limited = await startServer(['--rate-limit', 'on']);
  const answers = await Promise.all(Array.from({ length: 150 }, () => fetch(`${limited.origin}/nothing`, { headers: { accept: browser } })));
  const refused = answers.find(({ status }) => status === 429);
  assert.match(refused.headers.get('content-type'), /^text\/html/);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.match(await refused.text(), /wait a moment/);
  await limited.stop();
});
