// Bad input gets one clear answer, leaves no state, and ends nothing for anybody else.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, top } from '../browser/lib/server.mjs';
import { exchange, frame, RawSocket, statusOf, upgradeRequest } from './raw.mjs';

let server, token;

before(async () => {
  server = await startServer();
  const { host } = await server.meeting();
  const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code: host, user_id: 'h' }) });
  ({ token } = await login.json());
});
after(() => server?.stop());

const path = (peer = '00000000-0000-4000-8000-0000000000aa', t = token) =>
  `/ws?peer=${peer}&token=${t}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`;

async function alive() {
  assert.equal((await fetch(`${server.origin}/health`)).status, 200, server.log().slice(-2000));
}

const post = (headers, body = '{}') =>
  `POST /v2/token HTTP/1.1\r\nHost: localhost\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n${body}`;

test('HTTP: ambiguous and malformed requests are refused and the connection is closed', async () => {
  const cases = {
    'both lengths': post(['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'repeated length': post(['Content-Length: 2', 'Content-Length: 2']),
    'listed length': post(['Content-Length: 2, 2']),
    'signed length': post(['Content-Length: +2']),
    'negative length': post(['Content-Length: -2']),
    'hexadecimal length': post(['Content-Length: 0x2']),
    'wordy length': post(['Content-Length: two']),
    'huge length': post(['Content-Length: 99999999999999999999999']),
    'other transfer encoding': post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
    'unknown transfer encoding': post(['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
    'repeated transfer encoding': post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'obs-fold': 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n',
    'space before colon': 'GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n',
    'no host': 'GET /health HTTP/1.1\r\n\r\n',
    'two hosts': 'GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'NUL in a header': 'GET /health HTTP/1.1\r\nHost: local\0host\r\n\r\n',
    'NUL in the path': 'GET /v2/rooms/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'unknown version': 'GET /health HTTP/3.7\r\nHost: localhost\r\n\r\n',
    'absolute form for another host': 'GET http://other.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n',
    CONNECT: 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n',
    garbage: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  };
  for (const [name, octets] of Object.entries(cases)) {
    const { text, closed } = await exchange(server.port, Buffer.from(octets, 'latin1'));
    const status = statusOf(text);
    assert.ok(status === 0 || (status >= 400 && status < 500), `${name}: ${text.slice(0, 120)}`);
    assert.ok(closed, `${name} leaves the connection open`);
    assert.ok(text.split('HTTP/1.').length <= 2, `${name} got two answers: ${text}`);
    await alive();
  }
});

test('HTTP: TRACE gets 405', async () => {
  const { text } = await exchange(server.port, 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.equal(statusOf(text), 405);
});

test('HTTP: limits have their own answers', async () => {
  const long = 'x'.repeat(9000);
  const line = await exchange(server.port, `GET /${long} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  assert.equal(statusOf(line.text), 414);
  const big = await exchange(server.port, `GET /health HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'y'.repeat(20000)}\r\n\r\n`);
  assert.equal(statusOf(big.text), 431);
  const many = await exchange(server.port, `GET /health HTTP/1.1\r\nHost: localhost\r\n${
    Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`);
  assert.equal(statusOf(many.text), 431);
  const body = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: 'z'.repeat(70000) });
  assert.equal(body.status, 413);
  const packed = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: 'abc', headers: { 'content-encoding': 'gzip' } });
  assert.equal(packed.status, 415);
  await alive();
});

test('HTTP: bad JSON is a 400 with the error body', async () => {
  const bodies = ['', '{', '[]', '"x"', '{"code":1}', '{"code":"\\u0000"}', '['.repeat(40) + ']'.repeat(40),
    Buffer.from('{"code":"\xff"}', 'latin1'), '{"a":' + '1,'.repeat(10) + '}'];
  for (const body of bodies) {
    const answer = await fetch(`${server.origin}/v2/token`, { method: 'POST', body });
    assert.equal(answer.status, 400, String(body));
    assert.equal((await answer.json()).code, 400);
  }
});

test('HTTP: two Authorization headers are refused', async () => {
  const one = `Authorization: Bearer ${server.token}\r\n`;
  const { text } = await exchange(server.port, `GET /v2/rooms HTTP/1.1\r\nHost: localhost\r\n${one}${one}Connection: close\r\n\r\n`);
  assert.equal(statusOf(text), 400);
});

test('WebSocket: an upgrade that is not one is refused', async () => {
  const cases = {
    'wrong version': [{ 'Sec-WebSocket-Version': '12' }],
    'no key': [{ 'Sec-WebSocket-Key': null }],
    'short key': [{ 'Sec-WebSocket-Key': 'c2hvcnQ=' }],
    'no base64': [{ 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!!!' }],
  };
  for (const [name, [more]] of Object.entries(cases)) {
    const { text } = await exchange(server.port, upgradeRequest(path(), more));
    assert.notEqual(statusOf(text), 101, name);
  }
  const post_ = upgradeRequest(path()).replace('GET', 'POST');
  assert.notEqual(statusOf((await exchange(server.port, post_)).text), 101);
  await alive();
});

test('WebSocket: frame violations close with the code of their kind', async () => {
  const big = Buffer.alloc(1100000, 0x61);
  const cases = [
    ['binary', [frame(2, 'abc')], [1003]],
    ['reserved bit', [frame(1, 'x', { rsv: 4 })], [1002]],
    ['unknown opcode', [frame(3, 'x')], [1002]],
    ['long ping', [frame(9, 'p'.repeat(126))], [0]], // the library cuts without a word
    ['long close', [frame(8, Buffer.concat([Buffer.from([3, 0xe8]), Buffer.alloc(124, 0x61)]))], [0]],
    ['a length of 2^63', [Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])], [0]],
    ['half a character', [frame(1, Buffer.from([0xe2, 0x82]))], [1007]],
    ['a message inside another', [frame(1, 'a', { fin: false }), frame(1, 'b')], [1002]],
    ['half a close code', [frame(8, 'x')], [1002]],
    ['binary in pieces', [frame(2, 'x', { fin: false }), frame(0, 'y')], [1003]],
    ['fragmented ping', [frame(9, 'p', { fin: false })], [1002]],
    ['continuation of nothing', [frame(0, 'x')], [1002]],
    ['bad UTF-8', [frame(1, Buffer.from([0xc3, 0x28]))], [1007]],
    ['bad UTF-8 across fragments', [frame(1, Buffer.from([0xe2, 0x82]), { fin: false }), frame(0, Buffer.from([0x28]))], [1007]],
    ['bad UTF-8 far into a text', [frame(1, Buffer.concat([Buffer.alloc(100000, 0x61), Buffer.from([0xed, 0xa0, 0x80])]))], [1007]],
    ['a reason of bad UTF-8', [frame(8, Buffer.from([3, 0xe8, 0x61, 0xc3, 0x28]))], [1007]],
    ['too large', [frame(1, big)], [1009]],
    ['too large in pieces', [frame(1, big.subarray(0, 600000), { fin: false }), frame(0, big.subarray(0, 600000))], [1009]],
    ['illegal close code', [frame(8, Buffer.from([0x13, 0x88]))], [1002]],
  ];
  for (const [name, frames, codes] of cases) {
    const socket = await RawSocket.open(server.port, path());
    for (const one of frames) socket.send(one);
    const code = await socket.closeCode();
    assert.ok(codes.includes(code), `${name}: closed with ${code}`);
    socket.end();
    await alive();
  }
});

test('WebSocket: the policy comes first, unasked, and ping is answered before join', async () => {
  const socket = await RawSocket.open(server.port, path());
  const first = await socket.message();
  assert.equal(first.method, 'on-policy-change');
  assert.equal(first.params.name, 'host');
  assert.ok(!('id' in first));
  socket.text({ method: 'ping', params: { timestamp: 1 }, id: 'a1', jsonrpc: '2.0' });
  const pong = await socket.message((m) => m.id === 'a1');
  assert.equal(pong.result.timestamp, 1);
  socket.end();
});

test('JSON-RPC: each kind of nonsense has its code, and none closes the socket', async () => {
  const socket = await RawSocket.open(server.port, path());
  await socket.message();
  const cases = [
    ['{', -32700], ['[]', -32600], ['[{"method":"ping","id":"1"}]', -32600], ['"x"', -32600], ['7', -32600],
    ['{"id":"1"}', -32600], ['{"id":"1","method":7}', -32600],
    ['{"id":"1","method":"no-such-method","params":{}}', -32601],
    ['{"id":"1","method":"ping","params":[]}', -32602],
    ['{"id":"1","method":"broadcast","params":{"info":"x"}}', null],
    [`{"id":"${'i'.repeat(65)}","method":"ping","params":{}}`, -32600],
    ['{"id":"1","method":"hls-start","params":{}}', 405],
  ];
  for (const [text, code] of cases) {
    socket.text(text);
    const answer = await socket.message((m) => 'error' in m);
    assert.equal(typeof answer.error.code, 'number', text);
    assert.ok(answer.error.code < 500 || answer.error.code > 599, text);
    if (code !== null) assert.equal(answer.error.code, code, text);
    // An error in between keeps the count of errors in a row from reaching its bound.
    socket.text({ method: 'ping', params: { timestamp: 1 }, id: 'ok', jsonrpc: '2.0' });
    await socket.message((m) => m.id === 'ok');
  }
  socket.text({ method: 'no-such-notification', params: {} });
  socket.text({ method: 'ping', params: { timestamp: 1 }, id: 'still', jsonrpc: '2.0' });
  await socket.message((m) => m.id === 'still');
  socket.end();
});

test('JSON-RPC: twenty errors in a row close the socket', async () => {
  const socket = await RawSocket.open(server.port, path());
  for (let i = 0; i < 25; i++) socket.text(`{"id":"${i}","method":"no-such-method","params":{}}`);
  assert.equal(await socket.closeCode(), 1008);
  await alive();
});

test('a refused token is told by on-error after the upgrade, never by refusing it', async () => {
  const parts = token.split('.');
  const bad = ['', 'x', 'a.b.c', `${parts[0]}.${parts[1]}.${'A'.repeat(43)}`, 'x'.repeat(7000), server.token];
  for (const one of bad) {
    const socket = await RawSocket.open(server.port, path(undefined, one));
    const error = await socket.message((m) => m.method === 'on-error');
    assert.equal(typeof error.params.code, 'number');
    assert.ok([401, 403, 400].includes(error.params.code));
    socket.end();
  }
  await alive();
});

test('one who was never in the call is told when it sends an offer', async () => {
  const socket = await RawSocket.open(server.port, path('00000000-0000-4000-8000-0000000000bb'));
  await socket.message();
  socket.text({ method: 'offer', params: { desc: { type: 'offer', sdp: 'v=0\r\n' }, tracks: {} }, id: 'o', jsonrpc: '2.0' });
  const told = await socket.message((m) => m.method === 'on-error');
  assert.equal(typeof told.params.code, 'number');
  socket.end();
});

test('a join with a broken offer is refused and leaves nobody behind', async () => {
  const offers = ['', 'v=0\r\n', 'x'.repeat(70000), 'v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'];
  for (const sdp of offers) {
    const socket = await RawSocket.open(server.port, path('00000000-0000-4000-8000-0000000000cc'));
    await socket.message();
    socket.text({ method: 'join', params: { name: 'x', data: '', disableVidAutoSub: true, offer: { type: 'offer', sdp } }, id: 'j', jsonrpc: '2.0' });
    const answer = await socket.message((m) => m.id === 'j');
    assert.ok(answer.error && (answer.error.code < 500 || answer.error.code > 599), JSON.stringify(answer));
    socket.end();
  }
  const onlooker = await RawSocket.open(server.port, path('00000000-0000-4000-8000-0000000000dd'));
  const room = await onlooker.message((m) => m.method === 'room-state');
  assert.equal(room.params.peer_count, 0);
  onlooker.end();
});

test('wrong codes are limited for each address, and the server says when to come back', async () => {
  const strict = await startServer();
  try {
    let limited;
    for (let i = 0; i < 40 && !limited; i++) {
      const answer = await fetch(`${strict.origin}/v2/token`, { method: 'POST', body: '{"code":"aaa-bbbb-ccc"}' });
      if (answer.status === 429) limited = answer;
      else assert.equal(answer.status, 404);
    }
    assert.ok(limited, 'forty wrong codes were answered');
    assert.ok(Number(limited.headers.get('retry-after')) >= 1);
    assert.equal((await limited.json()).code, 429);
  } finally {
    await strict.stop();
  }
});

test('media port: garbage is met with silence', async () => {
  const socket = createSocket('udp4');
  const answers = [];
  socket.on('message', (message) => answers.push(message));
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const send = (octets) => new Promise((resolve) => socket.send(octets, server.mediaPort, '127.0.0.1', resolve));
  for (let first = 0; first < 256; first++) await send(Buffer.concat([Buffer.from([first]), randomBytes(40)]));
  await send(Buffer.alloc(0));
  await send(randomBytes(4000));
  const corpora = join(top, 'tests/vectors/webrtc-corpora');
  for (const folder of ['stun', 'rtp', 'rtcp']) {
    for (const file of readdirSync(join(corpora, folder))) await send(readFileSync(join(corpora, folder, file)).subarray(0, 1400));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(answers.length, 0);
  socket.close();
  await alive();
});
