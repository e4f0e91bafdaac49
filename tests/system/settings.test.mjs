// Each limit of HTTP is a setting: what is set holds, whatever the default is.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { exchange, statusOf } from './raw.mjs';

const running = [];
after(() => Promise.all(running.map((server) => server.stop())));

async function start(...options) {
  const server = await startServer(['--rate-limit', 'on', ...options]);
  running.push(server);
  return server;
}

const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const post = (path, body, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const bearer = (token) => `Authorization: Bearer ${token}\r\n`;

// The statuses of requests on one connection, in one go, so that no bucket has time to fill.
async function statuses(server, request, count) {
  const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const { text } = await exchange(server.port, request.repeat(count - 1) + last, 15000);
  return { text, codes: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => Number(m[1])) };
}

function checkLimited({ text, codes }, taken, status) {
  assert.ok(codes.length > taken && codes.length <= taken + 3, `${codes.length} answers: ${codes}`);
  assert.ok(codes.slice(0, -1).every((code) => code === status), `${codes}`);
  assert.equal(codes.at(-1), 429);
  const last = text.slice(text.lastIndexOf('HTTP/1.1 429'));
  assert.match(last, /retry-after: [1-9]\d*\r\n/);
  const body = JSON.parse(last.slice(last.indexOf('\r\n\r\n') + 4));
  assert.deepEqual(body, { code: 429, message: 'Too Many Requests' });
}

test('requests of an address: --requests and --requests-burst', async () => {
  const server = await start('--requests', '1', '--requests-burst', '5');
  // One of the five bought the question whether the server is ready, or more.
  const { codes, text } = await statuses(server, get('/v2/rooms'), 12);
  assert.ok(codes.length <= 6, `${codes}`);
  assert.equal(codes.at(-1), 429, text);
});

test('requests of an access key: --key-requests and its burst, whatever the connection', async () => {
  const server = await start('--key-requests', '1', '--key-requests-burst', '7');
  checkLimited(await statuses(server, get('/v2/rooms', bearer(server.token)), 20), 7, 200);
  // Another token of the same key draws from the same bucket, on a connection of its own.
  const claims = { ...JSON.parse(Buffer.from(server.token.split('.')[1], 'base64url')), jti: 'another' };
  const signed = [{ alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const other = `${signed}.${createHmac('sha256', server.keys.app_secret).update(signed).digest('base64url')}`;
  const { codes } = await statuses(server, get('/v2/rooms', bearer(other)), 3);
  assert.ok(codes.includes(429), `${codes}`);
  // Somebody without a key is not concerned.
  assert.deepEqual((await statuses(server, get('/v2/rooms'), 5)).codes, [401, 401, 401, 401, 401]);
});

test('logins: --logins and --logins-burst, for codes that are none; good ones are free', async () => {
  const server = await start('--logins', '1', '--logins-burst', '4');
  const { host } = await server.meeting();
  const good = await statuses(server, post('/v2/token', JSON.stringify({ code: host })), 12);
  assert.ok(good.codes.every((code) => code === 200), String(good.codes));
  // What is refused was read, since its code may be right: the connection stays.
  const wrong = post('/v2/token', '{"code":"abc-defg-hij"}');
  const { codes, text } = await statuses(server, wrong, 12);
  const looked = codes.indexOf(429);
  assert.ok(looked >= 4 && looked <= 7, String(codes));
  assert.ok(codes.every((code, i) => code === 404 ? i < looked : code === 429), String(codes));
  assert.match(text, /retry-after: [1-9]\d*\r\n/);
  const trailing = await statuses(server, post('/v2/token/', '{"code":"abc-defg-hij"}'), 3);
  assert.ok(trailing.codes.includes(429), 'a slash at the end is no way around');
  const still = await statuses(server, post('/v2/token', JSON.stringify({ code: host })), 3);
  assert.deepEqual(still.codes, [200, 200, 200]);
});

test('0 lifts a limit', async () => {
  const server = await start('--requests', '0', '--key-requests', '0', '--logins', '0', '--connections', '0');
  const { host } = await server.meeting();
  const login = post('/v2/token', JSON.stringify({ code: host }));
  for (const request of [get('/v2/rooms'), get('/v2/rooms', bearer(server.token)), login]) {
    const { codes } = await statuses(server, request, 700);
    assert.equal(codes.length, 700);
    assert.ok(!codes.includes(429));
  }
});

test('wrong codes: --wrong-codes of an address, --wrong-codes-all of all', async () => {
  const server = await start('--wrong-codes', '3', '--logins', '0');
  const { host } = await server.meeting();
  const wrong = post('/v2/token', '{"code":"aaa-aaaa-aaa"}');
  const { codes } = await statuses(server, wrong, 5);
  assert.deepEqual(codes, [404, 404, 404, 429, 429]);
  const { text } = await exchange(server.port, post('/v2/token', JSON.stringify({ code: host }), 'Connection: close\r\n'));
  assert.equal(statusOf(text), 429, 'a good one has to wait too, or it would tell');
  assert.ok(Number(text.match(/retry-after: (\d+)/)[1]) > 50);
  assert.match(text, /"message":"Too many requests","details":\["rate limit exceeded, retry after \d+ seconds"\]/);
  const all = await start('--wrong-codes', '100', '--wrong-codes-all', '2', '--logins', '0');
  assert.deepEqual((await statuses(all, wrong, 4)).codes, [404, 404, 429, 429]);
});

test('connections of an address: --connections', async () => {
  const server = await start('--connections', '3');
  const open = [];
  const fill = () => new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => resolve(open.push(socket)));
    socket.on('error', () => {});
  });
  await fill();
  await fill();
  // A person gets a page, also one whose request comes a little later than the connection. The kernel takes them
  // before the server does, and what asked whether it has started may go only now: then there is place for another.
  const html = get('/', 'Accept: text/html,*/*;q=0.8\r\n');
  const page = /^HTTP\/1\.1 429 [^]*content-type: text\/html[^]*<h1>Too many requests<\/h1>/;
  await until(async () => {
    await fill();
    return statusOf((await exchange(server.port, '', 1500, 3000)).text) === 429 && page.test((await exchange(server.port, html)).text);
  }, 'the fourth to be turned away');
  const late = connect(server.port, '127.0.0.1', () => setTimeout(() => late.write(html), 300));
  let text = '';
  for await (const chunk of late) text += chunk;
  assert.match(text, page);
  assert.match((await exchange(server.port, get('/'))).text, /^HTTP\/1\.1 429 [^]*"code":429/);
  for (const socket of open) socket.destroy();
});

test('bodies: --body-max of management calls, --public-body-max of others', async () => {
  const server = await start('--body-max', '2000', '--public-body-max', '1500');
  const size = async (path, octets, more) =>
    statusOf((await exchange(server.port, post(path, `{"x":"${'y'.repeat(octets - 8)}"}`, `${more}Connection: close\r\n`))).text);
  assert.equal(await size('/v2/rooms', 2000, bearer(server.token)), 200);
  assert.equal(await size('/v2/rooms', 2001, bearer(server.token)), 413);
  assert.equal(await size('/v2/token', 1500, ''), 400);
  assert.equal(await size('/v2/token', 1501, ''), 413);
  const usual = await start();
  const large = Buffer.alloc(1024 * 1024, 0x20).toString();
  for (const [body, status] of [[large, 200], [`${large} `, 413]]) {
    const answer = await fetch(`${usual.origin}/v2/rooms`, { method: 'POST', body, headers: { authorization: `Bearer ${usual.token}` } });
    assert.equal(answer.status, status);
    assert.equal((await answer.text()).includes('"code":413'), status === 413);
  }
});

test('heads: --request-line-max, --headers-max, --header-count-max', async () => {
  const server = await start('--request-line-max', '600', '--headers-max', '2000', '--header-count-max', '12');
  const status = async (target, more) => statusOf((await exchange(server.port, get(target, `Connection: close\r\n${more}`))).text);
  assert.equal(await status(`/${'x'.repeat(584)}`, ''), 404);
  assert.equal(await status(`/${'x'.repeat(590)}`, ''), 414);
  assert.equal(await status('/health', `X: ${'y'.repeat(1900)}\r\n`), 200);
  assert.equal(await status('/health', `X: ${'y'.repeat(2000)}\r\n`), 431);
  assert.equal(await status('/health', 'X: y\r\n'.repeat(10)), 200);
  assert.equal(await status('/health', 'X: y\r\n'.repeat(11)), 431);
});

test('JSON: --json-depth, --json-members, --json-string', async () => {
  const server = await start('--json-depth', '8', '--json-members', '100', '--json-string', '1024');
  const refused = 'body is too deep, has too many members or too long a text';
  const check = async (x, good) => {
    const { status, body } = await server.call('POST', '/v2/rooms', { x });
    assert.deepEqual(good ? [status] : [status, ...body.details], good ? [200] : [400, refused]);
  };
  const nested = (depth) => (depth ? [nested(depth - 1)] : []);
  await check(nested(6), true);
  await check(nested(7), false);
  await check(Array(90).fill(1), true);
  await check(Array(101).fill(1), false);
  await check('y'.repeat(1024), true);
  await check('y'.repeat(1025), false);
});

// Sends `octets` and tells after how long the server answered or hung up, and with what.
async function patienceOf(server, octets, limitMs) {
  const startedAt = performance.now();
  const { text, closed } = await exchange(server.port, octets, limitMs);
  return { text, closed, ms: performance.now() - startedAt };
}

test('time-outs: of a head, of a body, between requests', async () => {
  const server = await start('--head-timeout', '1', '--body-timeout', '2', '--idle-timeout', '1');
  const silent = await patienceOf(server, '', 6000);
  assert.ok(silent.closed && silent.text === '', silent.text);
  assert.ok(silent.ms > 700 && silent.ms < 5000, `${silent.ms}`);
  const head = await patienceOf(server, 'GET / HTTP/1.1\r\nHost:', 6000);
  assert.equal(statusOf(head.text), 408);
  assert.ok(head.ms > 700 && head.ms < 5000, `${head.ms}`);
  const body = await patienceOf(server, post('/v2/token', '{"code":"aaa-aaaa-aaa"}').slice(0, -1), 8000);
  assert.equal(statusOf(body.text), 408);
  assert.equal(JSON.parse(body.text.split('\r\n\r\n')[1]).code, 408);
  assert.ok(body.ms > 1700 && body.ms < 6000, `${body.ms}`);
  const idle = await patienceOf(server, get('/health'), 6000);
  assert.equal(statusOf(idle.text), 200);
  assert.ok(idle.closed && idle.ms > 700 && idle.ms < 5000, `${idle.ms}`);
});

test('time-outs: of a client that takes nothing: --write-timeout', async () => {
  const server = await start('--write-timeout', '1', '--key-requests', '0');
  for (let i = 0; i < 100; i++) await server.call('POST', '/v2/rooms', { description: 'd'.repeat(4000) });
  const socket = connect({ port: server.port, host: '127.0.0.1', highWaterMark: 1024 });
  let ended = false;
  socket.on('close', () => { ended = true; });
  socket.on('error', () => { ended = true; });
  socket.pause();
  socket.write(get('/v2/rooms?limit=100', bearer(server.token)).repeat(40));
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.ok(!ended);
  // What had been sent is read; then comes the end, long before forty answers.
  let octets = 0;
  socket.on('data', (chunk) => { octets += chunk.length; });
  socket.resume();
  await new Promise((resolve) => { socket.on('close', resolve); setTimeout(resolve, 3000); });
  assert.ok(ended, 'the connection was closed');
  assert.ok(octets < 40 * 400000, `${octets}`);
  assert.equal((await server.call('GET', '/health')).status, 200);
});

test('pages elsewhere: --api-origins opens the management API to those that it names', async () => {
  const server = await start('--api-origins', 'https://admin.example,https://other.example');
  const preflight = (origin) => fetch(`${server.origin}/v2/rooms`, { method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } });
  const good = await preflight('https://other.example');
  assert.equal(good.status, 204);
  assert.equal(good.headers.get('access-control-allow-origin'), 'https://other.example');
  assert.match(good.headers.get('access-control-allow-headers'), /authorization/i);
  assert.match(good.headers.get('access-control-allow-methods'), /DELETE/);
  assert.equal(good.headers.get('access-control-allow-credentials'), null);
  const made = await fetch(`${server.origin}/v2/rooms`, { method: 'POST',
    headers: { origin: 'https://admin.example', authorization: `Bearer ${server.token}` } });
  assert.equal(made.status, 200);
  assert.equal(made.headers.get('access-control-allow-origin'), 'https://admin.example');
  const bad = await preflight('https://evil.example');
  assert.equal(bad.status, 405);
  assert.equal(bad.headers.get('access-control-allow-origin'), null);
  const usual = await start();
  const none = await fetch(`${usual.origin}/v2/rooms`, { headers: { origin: 'https://admin.example', authorization: `Bearer ${usual.token}` } });
  assert.equal(none.status, 200);
  assert.equal(none.headers.get('access-control-allow-origin'), null);
});
