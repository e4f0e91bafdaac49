// The bounds and refusals that each have one exact answer: tokens, heads, bodies, rates, sockets.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startServer } from '../browser/lib/server.mjs';
import { exchange, frame, RawSocket, statusOf, upgradeRequest } from './raw.mjs';

let server, appToken, roomId;

before(async () => {
  server = await startServer();
  const { host, room } = await server.meeting();
  roomId = room.id;
  const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: host, user_id: 'h' }) });
  ({ token: appToken } = await login.json());
});
after(() => server?.stop());

// --- Tokens ---

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function sign(header, payload, secret = server.keys.app_secret) {
  const signed = `${b64(header)}.${b64(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const nowS = () => Math.floor(Date.now() / 1000);
const good = () => ({ access_key: server.keys.access_key, type: 'management', version: 2, iat: nowS(), nbf: nowS(), exp: nowS() + 600, jti: 'x' });
const alg = { alg: 'HS256', typ: 'JWT' };
const without = (name) => { const claims = good(); delete claims[name]; return claims; };

async function ask(authorization) {
  const answer = await fetch(`${server.origin}/v2/rooms`, { headers: authorization ? { authorization } : {} });
  return { status: answer.status, body: await answer.json(), headers: answer.headers };
}

test('tokens that are good in every way that is allowed are taken', async () => {
  const cases = {
    plain: sign(alg, good()),
    'no typ': sign({ alg: 'HS256' }, good()),
    'kid, jwk, jku and x5u are ignored': sign({ ...alg, kid: 'x', jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', jwk: { k: 'AA' } }, good()),
    'no iat': sign(alg, without('iat')),
    'no nbf': sign(alg, without('nbf')),
    'no jti': sign(alg, without('jti')),
    'exp with a fraction': sign(alg, { ...good(), exp: nowS() + 10.5 }),
    'expired within the leeway': sign(alg, { ...good(), exp: nowS() - 50 }),
    'nbf within the leeway': sign(alg, { ...good(), nbf: nowS() + 50 }),
    'iat within the leeway': sign(alg, { ...good(), iat: nowS() + 50 }),
    'far expiry': sign(alg, { ...good(), exp: nowS() + 1e8 }),
    'unknown claims': sign(alg, { ...good(), extra: { a: [1] } }),
  };
  for (const [name, token] of Object.entries(cases)) {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) assert.equal((await ask(`${scheme} ${token}`)).status, 200, name);
  }
});

test('each bad token has its own refusal', async () => {
  const token = sign(alg, good());
  const [header, payload, mac] = token.split('.');
  // The last letter of 32 octets carries four bits: its neighbour decodes alike and is not canonical.
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const uncanonical = mac.slice(0, -1) + letters[letters.indexOf(mac.at(-1)) ^ 1];
  const cases = [
    ['none', sign({ alg: 'none' }, good()), 401, 'malformed token'],
    ['none without a signature', `${b64({ alg: 'none' })}.${b64(good())}.`, 401, 'malformed token'],
    ['HS512', sign({ alg: 'HS512' }, good()), 401, 'malformed token'],
    ['hs256', sign({ alg: 'hs256' }, good()), 401, 'malformed token'],
    ['alg is a list', sign({ alg: ['HS256'] }, good()), 401, 'malformed token'],
    ['no alg', sign({ typ: 'JWT' }, good()), 401, 'malformed token'],
    ['header is a list', sign([alg], good()), 401, 'malformed token'],
    ['crit', sign({ ...alg, crit: ['b64'] }, good()), 401, 'malformed token'],
    ['two parts', `${header}.${payload}`, 401, 'malformed token'],
    ['four parts', `${token}.x`, 401, 'malformed token'],
    ['a fourth, empty part', `${token}.`, 401, 'malformed token'],
    ['padding', `${header}.${payload}.${mac}=`, 401, 'malformed token'],
    ['not canonical', `${header}.${payload}.${uncanonical}`, 401, 'malformed token'],
    ['standard base64 alphabet', `${header}.${payload}.${'+'.repeat(43)}`, 401, 'malformed token'],
    ['payload is no JSON', sign(alg, '{'), 401, 'malformed token'],
    ['payload is a list', sign(alg, [good()]), 401, 'malformed token'],
    ['payload is no UTF-8', sign(alg, good()).replace(/\.[^.]*\./, `.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.`), 401, 'malformed token'],
    ['over 8 KiB', sign(alg, { ...good(), more: 'x'.repeat(6500) }), 401, 'malformed token'],
    ['no access_key', sign(alg, without('access_key')), 401, 'malformed token'],
    ['unknown access_key', sign(alg, { ...good(), access_key: '0'.repeat(24) }), 401, 'not found'],
    ['another secret', sign(alg, good(), 'x'.repeat(86)), 401, 'signature is invalid'],
    ['the secret base64-decoded', sign(alg, good(), Buffer.from(server.keys.app_secret, 'base64url')), 401, 'signature is invalid'],
    ['no exp', sign(alg, without('exp')), 401, 'malformed token'],
    ['exp as text', sign(alg, { ...good(), exp: String(nowS() + 600) }), 401, 'malformed token'],
    ['exp as null', sign(alg, { ...good(), exp: null }), 401, 'malformed token'],
    ['exp too large to be a time', sign(alg, b64 && JSON.stringify(good()).replace(/"exp":\d+/, '"exp":1e300')), 401, 'malformed token'],
    ['expired', sign(alg, { ...good(), exp: nowS() - 65 }), 401, 'token is expired'],
    ['exp negative', sign(alg, { ...good(), exp: -1 }), 401, 'token is expired'],
    ['nbf ahead', sign(alg, { ...good(), nbf: nowS() + 70 }), 401, 'token is not valid yet'],
    ['iat ahead', sign(alg, { ...good(), iat: nowS() + 70 }), 401, 'token is not valid yet'],
    ['nbf as text', sign(alg, { ...good(), nbf: 'now' }), 401, 'malformed token'],
    ['no version', sign(alg, without('version')), 401, 'invalid version'],
    ['version 1', sign(alg, { ...good(), version: 1 }), 401, 'invalid version'],
    ['version as text', sign(alg, { ...good(), version: '2' }), 401, 'invalid version'],
    ['no type', sign(alg, without('type')), 401, 'malformed token'],
    ['an app token', appToken, 403, 'token is of another type'],
    ['an unknown type', sign(alg, { ...good(), type: 'root' }), 403, 'token is of another type'],
  ];
  for (const [name, one, status, detail] of cases) {
    const answer = await ask(`Bearer ${one}`);
    assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.code, status, name);
    assert.deepEqual(answer.body.details, [detail], name);
    assert.match(answer.headers.get('content-type'), /^application\/json/, name);
  }
});

test('an Authorization that is no bearer token is refused', async () => {
  for (const value of [undefined, 'Bearer', 'Bearer ', 'Basic dTpw', 'Token x', `Bearer ${sign(alg, good())} x`]) {
    const answer = await ask(value);
    assert.equal(answer.status, 401, String(value));
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  }
});

test('an app token opens nothing when its room or role does not exist', async () => {
  const app = (more) => sign(alg, { ...good(), type: 'app', room_id: roomId, role: 'host', ...more });
  const init = async (token) => {
    const answer = await fetch(`${server.origin}/init?peer_id=p`, { headers: { authorization: `Bearer ${token}` } });
    return [answer.status, (await answer.json()).message];
  };
  assert.equal((await init(app({})))[0], 200);
  assert.deepEqual(await init(app({ role: 'Host' })), [403, 'role is invalid']);
  assert.deepEqual(await init(app({ room_id: 'f'.repeat(24) })), [403, 'room is not active']);
  assert.equal((await init(app({ room_id: 'short' })))[0], 401);
  assert.equal((await init(app({ room_id: 7 })))[0], 401);
  assert.equal((await init(app({ user_id: 7 })))[0], 200); // some back ends count their people
  assert.equal((await init(app({ user_id: [7] })))[0], 401);
  assert.equal((await init(server.token))[0], 403);
});

// --- HTTP ---

const ask11 = (line, more = '') => `${line} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const post = (more, body) => ask11('POST /v2/token', more) + body;

test('a refused request ends the connection, and what was sent behind it is not answered', async () => {
  const second = ask11('GET /health');
  for (const first of [post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    ask11('GET /%zz'), ask11('TRACE /'), 'GET /health HTTP/1.1\r\n\r\n', post('Content-Length: 70000\r\n', '')]) {
    const { text, closed } = await exchange(server.port, first + second);
    assert.equal(text.split('HTTP/1.1 ').length, 2, text);
    assert.match(text, /^HTTP\/1\.1 4\d\d /);
    assert.match(text, /connection: close\r\n/);
    assert.ok(closed);
  }
});

test('requests in a row on one connection are answered in order', async () => {
  const { text } = await exchange(server.port,
    ask11('GET /health') + ask11('HEAD /health') + ask11('GET /nothing') + post('Content-Length: 2\r\n', '{}') + ask11('GET /ready', 'Connection: close\r\n'));
  assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => m[1]), ['200', '200', '404', '400', '200']);
});

test('every refusal is JSON with its code, and carries the headers that every answer has', async () => {
  const cases = [
    [ask11('GET /v2/nothing'), 404], [ask11('GET /nothing'), 404], [ask11('GET /v2/rooms'), 401], [ask11('PUT /v2/rooms'), 405],
    [ask11('GET /v2/polls'), 405], [ask11('TRACE /'), 405], [ask11('CONNECT localhost:80'), 405], [ask11('BREW /'), 405],
    ['GET / HTTP/1.1\r\n\r\n', 400], ['nonsense\r\n\r\n', 400], ['GET /\n\n', 400], [ask11('GET /%00'), 400], [ask11('GET /%ff'), 400],
    [ask11(`GET /${'x'.repeat(9000)}`), 414], [ask11('GET /', `X: ${'x'.repeat(17000)}\r\n`), 431],
    [ask11('GET /', 'X: 1\r\n'.repeat(100)), 431], [post('Content-Length: 65537\r\n', ''), 413],
    [post('Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'), 415], [ask11('GET /ws?x', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'), 400],
    [upgradeRequest('/elsewhere'), 404], [upgradeRequest('/ws', { 'Sec-WebSocket-Version': '8' }), 426],
  ];
  for (const [octets, status] of cases) {
    const { text } = await exchange(server.port, octets, 400);
    const name = octets.slice(0, 60);
    assert.equal(statusOf(text), status, `${name} ${text.slice(0, 200)}`);
    const [head, body] = text.split('\r\n\r\n');
    assert.match(head, /content-type: application\/json/, name);
    assert.match(head, /x-content-type-options: nosniff/, name);
    assert.match(head, /x-request-id: [0-9a-f-]{36}/, name);
    assert.match(head, new RegExp(`content-length: ${body.length}\\b`), name);
    assert.equal(JSON.parse(body).code, status, name);
    if (status === 405) assert.match(head, /allow: /, name);
    if (status === 426) assert.match(head, /sec-websocket-version: 13/, name);
  }
});

test('405 names what the path offers', async () => {
  const allowed = async (method, path) => {
    const answer = await fetch(server.origin + path, { method });
    assert.equal(answer.status, 405, `${method} ${path}`);
    return answer.headers.get('allow');
  };
  assert.equal(await allowed('DELETE', '/v2/rooms'), 'GET, HEAD, POST');
  assert.equal(await allowed('GET', '/v2/token'), 'POST');
  assert.equal(await allowed('POST', '/init'), 'GET, HEAD');
  assert.equal(await allowed('POST', '/api/room-codes'), 'GET');
  assert.equal(await allowed('POST', '/'), 'GET, HEAD');
  assert.equal(await allowed('OPTIONS', '/v2/rooms'), 'GET, HEAD, POST');
});

test('malformed targets are refused, and a dot segment never leaves the embedded files', async () => {
  for (const target of ['*', '?', 'health', 'http://other.example/', '/%', '/%4', '/%zz', '/%c0%ae', '/%ed%a0%80', '/a#b', '/v2/rooms?name=%', '/v2/rooms?name=%00', '/v2/rooms?name=%ff']) {
    assert.equal(statusOf((await exchange(server.port, ask11(`GET ${target}`), 400)).text), 400, target);
  }
  for (const target of ['/../../../../etc/passwd', '/assets/../../keys.json', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd', '//etc/passwd', '/assets/', '/./health', '/.git/config', '/keys.json', '/parlor.db']) {
    const { text } = await exchange(server.port, ask11(`GET ${target}`), 400);
    assert.equal(statusOf(text), 404, target);
    assert.match(text, /"code":404/);
  }
  assert.equal(statusOf((await exchange(server.port, ask11('GET http://localhost/health'), 400)).text), 200);
  assert.equal(statusOf((await exchange(server.port, ask11('GET /%68ealth'), 400)).text), 200);
  assert.equal(statusOf((await exchange(server.port, ask11('OPTIONS *'), 400)).text), 400);
});

test('chunked bodies are read strictly', async () => {
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const taken = { plain: '2\r\n{}\r\n0\r\n\r\n', pieces: '1\r\n{\r\n01\r\n}\r\n0\r\n\r\n', extension: '2;a=b;c="d"\r\n{}\r\n0;x\r\n\r\n',
    'white space before an extension': '2 ;a\r\n{}\r\n0\r\n\r\n', trailer: '2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n' };
  for (const [name, body] of Object.entries(taken)) {
    const { text } = await exchange(server.port, post(chunked, body) + ask11('GET /health', 'Connection: close\r\n'));
    assert.match(text, /Invalid body param: code.*HTTP\/1\.1 200/s, `${name}: ${text}`);
  }
  const refused = { 'no size': '\r\n{}\r\n0\r\n\r\n', 'hexadecimal prefix': '0x2\r\n{}\r\n0\r\n\r\n', sign: '+2\r\n{}\r\n0\r\n\r\n', negative: '-2\r\n{}\r\n',
    'huge size': 'ffffffffffffffff2\r\n{}\r\n', 'many zeros': '00000000000000002\r\n{}\r\n0\r\n\r\n', 'bare line feed': '2\n{}\n0\n\n', 'bare line feed in an extension': '2;a\nb\r\n{}\r\n0\r\n\r\n',
    'too much data': '1\r\n{}\r\n0\r\n\r\n', 'two sizes': '2 3\r\n{}\r\n0\r\n\r\n', 'leading space': ' 2\r\n{}\r\n0\r\n\r\n', 'long extension': `2;${'x'.repeat(5000)}\r\n{}\r\n0\r\n\r\n`,
    'long trailers': `0\r\n${'X: 1\r\n'.repeat(2000)}\r\n`, 'NUL in an extension': '2;\0\r\n{}\r\n0\r\n\r\n', 'bare CR in a trailer': '2\r\n{}\r\n0\r\nX: a\rb\r\n\r\n',
    'trailer without a colon': '2\r\n{}\r\n0\r\nnothing\r\n\r\n', 'folded trailer': '2\r\n{}\r\n0\r\n X: 1\r\n\r\n' };
  for (const [name, body] of Object.entries(refused)) {
    const { text, closed } = await exchange(server.port, post(chunked, body) + ask11('GET /health'));
    assert.equal(statusOf(text), 400, `${name}: ${text.slice(0, 200)}`);
    assert.ok(!text.includes('HTTP/1.1 200'), name);
    assert.ok(closed, name);
  }
  const large = await exchange(server.port, post(chunked, `10001\r\n${'x'.repeat(65537)}\r\n0\r\n\r\n`));
  assert.equal(statusOf(large.text), 413);
});

test('an application elsewhere may log in and ask where the server is, and nothing more', async () => {
  const preflight = (path) => fetch(server.origin + path, { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' } });
  for (const path of ['/init?peer_id=x', '/v2/token', '/v2/layouts/ui', '/v2/client/report']) {
    const answer = await preflight(path);
    assert.equal(answer.status, 204, path);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.match(answer.headers.get('access-control-allow-headers'), /authorization/i);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  }
  for (const path of ['/v2/rooms', '/v2/room-codes/code', '/api/meetings', '/v2/templates']) {
    const answer = await preflight(path);
    assert.equal(answer.status, 405, path);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
  }
  const refused = await fetch(`${server.origin}/init`, { headers: { origin: 'https://app.example' } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('access-control-allow-origin'), '*');
});

// --- Rates ---

test('requests of an address are limited, and a management token is given more of them', async () => {
  const strict = await startServer(['--rate-limit', 'on']);
  try {
    // In one go on one connection, so that the bucket has no time to fill.
    const burst = async (count, more) => {
      const { text } = await exchange(strict.port, ask11('GET /v2/templates', more).repeat(count));
      const codes = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => Number(m[1]));
      return { text, codes };
    };
    const anonymous = await burst(160, '');
    assert.equal(anonymous.codes.at(-1), 429);
    assert.ok(anonymous.codes.length > 90 && anonymous.codes.length < 150, `${anonymous.codes.length} answers`);
    assert.match(anonymous.text, /retry-after: \d+/);
    const known = await burst(180, `Authorization: Bearer ${strict.token}\r\n`);
    assert.ok(known.codes.length === 180 && known.codes.every((code) => code === 200), `${known.codes.length} answers`);
    const forged = await burst(180, `Authorization: Bearer ${strict.token}x\r\n`);
    assert.equal(forged.codes.at(-1), 429);
  } finally {
    await strict.stop();
  }
});

// --- Web sockets ---

const peerId = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const path = (peer, token = appToken) => `/ws?peer=${peer}&token=${token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`;

test('WebSocket: fragments are counted, text may be cut anywhere, extensions are not negotiated', async () => {
  const socket = await RawSocket.open(server.port, path(peerId(1)));
  assert.ok(!/extensions|protocol/i.test(socket.head.replace(/^HTTP.*$/m, '')), socket.head);
  await socket.message();
  const ping = Buffer.from('{"method":"ping","params":{"timestamp":5,"x":"\u20ac"},"id":"f","jsonrpc":"2.0"}');
  for (let i = 0; i < ping.length; i++) {
    socket.send(frame(i ? 0 : 1, ping.subarray(i, i + 1), { fin: i === ping.length - 1 }));
    if (i === 20) socket.send(frame(9, 'in between'));
  }
  assert.equal((await socket.message((m) => m.id === 'f')).result.timestamp, 5);
  for (let i = 0; i < 1025; i++) socket.send(frame(i ? 0 : 1, ' ', { fin: false }));
  assert.equal(await socket.closeCode(), 1009);
  socket.end();
});

test('WebSocket: a close frame is echoed with its code, or answered with 1002 when that is illegal', async () => {
  const cases = [[1000, 1000], [1001, 1001], [3000, 3000], [4999, 4999], [999, 1002], [1004, 1002], [1005, 1002], [1006, 1002], [1015, 1002], [2000, 1002], [5000, 1002], [65535, 1002]];
  for (const [sent, expected] of cases) {
    const socket = await RawSocket.open(server.port, path(peerId(2)));
    socket.send(frame(8, Buffer.from([sent >> 8, sent & 255])));
    assert.equal(await socket.closeCode(), expected, String(sent));
    socket.end();
  }
});

test('WebSocket: who sends too much is told so, and cut when it goes on', async () => {
  const socket = await RawSocket.open(server.port, path(peerId(3)));
  await socket.message();
  for (let i = 0; i < 300; i++) socket.text({ method: 'ping', params: { timestamp: i }, id: `p${i}`, jsonrpc: '2.0' });
  const refused = await socket.message((m) => m.error);
  assert.equal(refused.error.code, 429);
  assert.ok(Number(refused.id.slice(1)) >= 200, refused.id);
  assert.equal(await socket.closeCode(), 1008);
  socket.end();
});

test('WebSocket: a message of 200 kB is taken', async () => {
  const socket = await RawSocket.open(server.port, path(peerId(4)));
  await socket.message();
  socket.text({ method: 'ping', params: { timestamp: 1, more: 'x'.repeat(200000) }, id: 'big', jsonrpc: '2.0' });
  assert.equal((await socket.message((m) => m.id === 'big')).result.timestamp, 1);
  socket.end();
});

test('WebSocket: peer ids that are none are refused by on-error', async () => {
  for (const peer of ['', 'x'.repeat(300), '%00', '%ff', 'a%0ab', '%22%3e']) {
    const { text } = await exchange(server.port, upgradeRequest(path(peer)), 300);
    const told = statusOf(text) === 400 || /on-error.*400/s.test(text);
    assert.ok(told, `${peer}: ${text.slice(0, 300)}`);
  }
});

// --- Coming in ---

const loginAs = async (code, user) => (await (await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code, user_id: user }) })).json()).token;

async function initOf(token, peer) {
  const answer = await fetch(`${server.origin}/init?peer_id=${peer}`, { headers: { authorization: `Bearer ${token}` } });
  return [answer.status, (await answer.json()).message];
}

// What the socket of `peer` is told instead of being let in.
async function refusalOf(token, peer) {
  const socket = await RawSocket.open(server.port, path(peer, token));
  const { params } = await socket.message((m) => m.method === 'on-error');
  socket.end();
  return [params.code, params.message];
}

// One who joins without media.
async function joined(token, peer) {
  const socket = await RawSocket.open(server.port, path(peer, token));
  await socket.message((m) => m.method === 'on-policy-change');
  socket.text({ method: 'join', params: { name: peer, data: '' }, id: 'join', jsonrpc: '2.0' });
  const answer = await socket.message((m) => m.id === 'join');
  assert.ok(answer.result, JSON.stringify(answer));
  return socket;
}

test('a full room refuses the next one, at init and at the socket, and lets its own come back', async () => {
  const { room, host, guest } = await server.meeting({ size: 1 });
  const [tokenA, tokenB] = [await loginAs(host, 'a'), await loginAs(guest, 'b')];
  const a = await joined(tokenA, 'peer-a');
  assert.deepEqual(await initOf(tokenB, 'peer-b'), [403, 'room is full']);
  assert.deepEqual(await refusalOf(tokenB, 'peer-b'), [403, 'room is full']);
  assert.equal((await initOf(tokenA, 'peer-a'))[0], 200);
  assert.equal((await refusalOf(tokenB, 'peer-a'))[0], 409);
  assert.equal((await refusalOf(await loginAs(host, 'not a'), 'peer-a'))[0], 409);
  // A room that grew has a place at once, and one that was disabled has none for newcomers.
  await server.call('POST', `/v2/rooms/${room.id}`, { size: 2 });
  assert.equal((await initOf(tokenB, 'peer-b'))[0], 200);
  await server.call('POST', `/v2/rooms/${room.id}`, { enabled: false });
  assert.deepEqual(await initOf(tokenB, 'peer-b'), [403, 'room is not active']);
  assert.deepEqual(await refusalOf(tokenB, 'peer-b'), [403, 'room is not active']);
  assert.equal((await initOf(tokenA, 'peer-a'))[0], 200);
  a.end();
  const back = await RawSocket.open(server.port, path('peer-a', tokenA));
  await back.message((m) => m.method === 'peer-list');
  back.text({ method: 'leave', params: { client_reason: 'user request' } });
  back.end();
});

test('a room or role that is none is told by the socket too', async () => {
  const app = (more) => sign(alg, { ...good(), type: 'app', room_id: roomId, role: 'host', ...more });
  assert.deepEqual(await refusalOf(app({ role: 'king' }), 'p'), [403, 'role is invalid']);
  assert.deepEqual(await refusalOf(app({ room_id: 'e'.repeat(24) }), 'p'), [403, 'room is not active']);
  assert.deepEqual(await refusalOf(app({ exp: nowS() - 61 }), 'p'), [401, 'token is expired']);
  assert.equal((await refusalOf(server.token, 'p'))[0], 403);
});

test('WebSocket: who does not read is closed with 1013, and the others go on', async () => {
  const { host, guest } = await server.meeting();
  const deaf = await joined(await loginAs(guest, 'deaf'), 'peer-deaf');
  const talker = await joined(await loginAs(host, 'talker'), 'peer-talker');
  deaf.text({ method: 'peer-update', params: { data: '\u0001'.repeat(8192) }, id: 'heavy' });
  await deaf.message((m) => m.id === 'heavy');
  deaf.socket.pause();
  // Sockets in between hold some megabytes; the queue holds one more. What others say would not fill
  // it, as they are slowed; what it asks for itself does.
  const params = { info: { message: 'x'.repeat(16000), type: 'chat' }, peer_id: 'peer-deaf' };
  const codes = new Set();
  for (let i = 0; i < 50; i++) {
    talker.text({ method: 'broadcast', params, id: `b${i}`, jsonrpc: '2.0' });
    codes.add((await talker.message((m) => m.id === `b${i}`)).error?.code ?? 0);
  }
  assert.ok(codes.has(429));
  for (let i = 0; i < 190; i++) deaf.text({ method: 'get-peer', params: { peer_id: 'peer-deaf' }, id: `d${i}` });
  // Once the server has answered these it has read those before them too.
  for (let i = 0; i < 5; i++) {
    talker.text({ method: 'ping', id: `p${i}`, jsonrpc: '2.0' });
    await talker.message((m) => m.id === `p${i}`);
  }
  deaf.socket.resume();
  assert.equal(await deaf.closeCode(), 1013);
  talker.text({ method: 'ping', id: 'still', jsonrpc: '2.0' });
  assert.ok((await talker.message((m) => m.id === 'still')).result);
  talker.end();
  deaf.end();
});
