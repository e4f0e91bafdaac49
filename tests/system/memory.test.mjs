// Running out of memory would end every call. A client that has not shown a token gets little of it, and at 90 % of the budget
// what is new is refused while people who are in stay.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { patience, startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { exchange, frame, RawSocket, statusOf } from './raw.mjs';

const spec = 'user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115';
const kilobytes = (server, name) => Number(readFileSync(`/proc/${server.pid}/status`, 'utf8').match(new RegExp(`${name}:\\s+(\\d+)`))[1]);

async function tokenOf(server, code) {
  const login = await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code }) });
  return (await login.json()).token;
}

async function enter(server, token, peer = randomUUID()) {
  const socket = await RawSocket.open(server.port, `/ws?peer=${peer}&token=${token}&${spec}`);
  assert.equal((await socket.message()).method, 'on-policy-change');
  return socket;
}

async function isThere(socket) {
  socket.text({ method: 'ping', params: { timestamp: 7 }, id: 'there', jsonrpc: '2.0' });
  assert.equal((await socket.message((message) => message.id === 'there')).result.timestamp, 7);
}

test('69 anonymous sockets with unfinished messages of 1 MB end nothing', async () => {
  const server = await startServer();
  const sockets = [];
  try {
    const { guest } = await server.meeting();
    const person = await enter(server, await tokenOf(server, guest));
    execFileSync('prlimit', ['--pid', String(server.pid), `--as=${(kilobytes(server, 'VmSize') + 40 * 1024) * 1024}`]);
    for (let i = 0; i < 69; i++) {
      const socket = await RawSocket.open(server.port, `/ws?peer=${i}&token=none&${spec}`);
      sockets.push(socket);
      socket.send(frame(1, Buffer.alloc(1000 * 1000, 'x'), { fin: false }));
    }
    for (const socket of sockets) assert.notEqual(await socket.closeCode(), 1000);
    await isThere(person);
    assert.ok(kilobytes(server, 'VmRSS') < 60 * 1024 * patience, `${kilobytes(server, 'VmRSS')} kB`);
    person.end();
  } finally {
    for (const socket of sockets) socket.end();
    await server.stop();
  }
});

test('an anonymous socket may say 16 KiB, and who has a token a megabyte', async () => {
  const server = await startServer();
  try {
    const { guest } = await server.meeting();
    const token = await tokenOf(server, guest);
    const stranger = await RawSocket.open(server.port, `/ws?peer=a&token=none&${spec}`);
    stranger.send(frame(1, Buffer.alloc(16 * 1024 + 1, ' '), { fin: false }));
    assert.equal(await stranger.closeCode(), 1009);
    const person = await enter(server, token);
    person.send(frame(1, Buffer.alloc(900 * 1000, ' '), { fin: false }));
    person.send(frame(9, 'here')); // and it is still there: pong comes
    for (let got = await person.next(); got.opcode !== 10;) got = await person.next();
    stranger.end();
    person.end();
  } finally {
    await server.stop();
  }
});

test('bodies of back ends are read for back ends only', async () => {
  const server = await startServer();
  try {
    const ask = (more, firstMs) => exchange(server.port, `POST /v2/templates HTTP/1.1\r\nHost: localhost\r\n${more}Content-Length: 100000\r\n\r\n`, 300, firstMs);
    assert.equal(statusOf((await ask('')).text), 413);
    assert.equal(statusOf((await ask(`Authorization: Bearer ${server.token}\r\n`, 300)).text), 0, 'it is waited for');
  } finally {
    await server.stop();
  }
});

test('at 90 % of the budget joins and large bodies get 503, and who is in stays', async () => {
  // A budget that was used up before anybody came.
  const server = await startServer(['--memory-max', '8388608']);
  try {
    const body = await exchange(server.port, 'POST /v2/client/report HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n');
    assert.equal(statusOf(body.text), 503, body.text);
    assert.match(body.text, /retry-after: \d+/);
    const { guest } = await server.meeting(); // small bodies are read
    const token = await tokenOf(server, guest);
    const socket = await RawSocket.open(server.port, `/ws?peer=x&token=${token}&${spec}`);
    const refused = await socket.message((message) => message.method === 'on-error' || message.error);
    assert.match(JSON.stringify(refused), /503/);
    socket.end();
    const room = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).room_id;
    const whip = await exchange(server.port, `POST /whip/${room} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\nConnection: close\r\n\r\nv=0\r\n`);
    assert.equal(statusOf(whip.text), 503, whip.text);
  } finally {
    await server.stop();
  }
});

// A sanitizer gives nothing back of what was freed, and adds to what is held.
const isMeasured = { skip: patience > 1 };

test('while memory is short a socket that was open before does not join, who is in comes back, and nothing large is taken', isMeasured, async () => {
  const measured = await startServer();
  const resting = kilobytes(measured, 'VmRSS') * 1024;
  await measured.stop();
  // 16 MB are left until it is short.
  const server = await startServer(['--memory-max', `${Math.round((resting + 16e6) / 0.9)}`]);
  const clients = [];
  const flood = [];
  try {
    const { guest } = await server.meeting();
    const open = async (user) => {
      const client = await Client.of(server, guest, user);
      await client.connect();
      clients.push(client);
      return client;
    };
    const early = await open('early');
    const inside = await open('inside');
    assert.ok((await inside.request('join', { name: 'inside', data: '' })).result);

    const token = await tokenOf(server, guest);
    const isShort = () => server.log().includes('memory is short');
    while (!isShort() && flood.length < 200) {
      const socket = await RawSocket.open(server.port, `/ws?peer=${flood.length}&token=${token}&${spec}`);
      flood.push(socket);
      socket.send(frame(1, Buffer.alloc(500 * 1000, ' '), { fin: false }));
    }
    await until(isShort, 'memory to be short', 5000);
    assert.ok(kilobytes(server, 'VmRSS') * 1024 < resting + 40e6, `${kilobytes(server, 'VmRSS')} kB`);

    const late = await early.request('join', { name: 'early', data: '' });
    assert.equal(late.error?.code, 503, JSON.stringify(late));
    const fresh = await RawSocket.open(server.port, `/ws?peer=fresh&token=${token}&${spec}`);
    assert.match(JSON.stringify(await fresh.message()), /503/);
    fresh.end();
    inside.socket.terminate();
    await until(() => !inside.open, 'the socket to be gone');
    await inside.connect();
    await until(() => inside.said('peer-list').length > 1, 'the list once more');
    assert.ok((await inside.request('broadcast', { info: { message: 'here', type: 'chat' } })).result);
    const again = await inside.request('join', { name: 'inside', data: '' });
    assert.ok(again.result, JSON.stringify(again));
    const closed = new Promise((resolve) => { inside.socket.once('close', resolve); });
    inside.socket.send(`{"method":"ping","params":{"x":"${'x'.repeat(100 * 1024)}"}}`);
    assert.equal(await closed, 1013);

    for (const socket of flood.splice(0)) socket.end();
    await until(() => server.log().includes('there is memory again'), 'memory', 12000);
    assert.ok((await early.request('join', { name: 'early', data: '' })).result);
  } finally {
    for (const socket of flood) socket.end();
    for (const client of clients) client.socket.terminate();
    await server.stop();
  }
});

// Ten requests on each connection, whose answers nobody reads. What is sent to all is kept once.
test('who asks for the page and does not read it takes little of the memory', isMeasured, async () => {
  const server = await startServer();
  const sockets = [];
  try {
    const page = await (await fetch(server.origin)).text();
    const [, script] = page.match(/src="([^"]+\.js)"/);
    const asks = `GET ${script} HTTP/1.1\r\nHost: ${server.origin.slice(7)}\r\n\r\n`.repeat(10);
    const before = kilobytes(server, 'VmRSS');
    for (let i = 0; i < 600; i++) {
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.on('error', () => {}); // the end of the server
      socket.pause();
      socket.write(asks);
      sockets.push(socket);
    }
    await until(async () => (await fetch(`${server.origin}/health`)).ok, 'an answer');
    await new Promise((resolve) => setTimeout(resolve, 2000)); // the kernel has taken all that it takes
    const grown = kilobytes(server, 'VmRSS') - before;
    console.log(`# figure 600 who do not read: ${grown} kB`);
    assert.ok(grown < 24 * 1024, `${grown} kB`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
});
