// A server that is stopped for a while, as by a debugger or when its machine is moved, reads what came
// meanwhile before it judges anybody. A web socket is silent after 40 s, so this takes long: PARLOR_STOP_S
// says for how long the server stands, which is 45 in ./dev nightly. (tests/unit/server/clock_test.c is
// the short form.)
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { newDatabase, startPostgres } from '../browser/lib/postgres.mjs';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { startReceiver } from './receiver.mjs';

const stopS = Number(process.env.PARLOR_STOP_S ?? 0);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

test('whoever pinged while the server was stopped is still in', { skip: stopS === 0 }, async () => {
  const meeting = await server.meeting();
  const clients = [];
  for (const code of [meeting.host, meeting.guest, meeting.guest, meeting.guest]) {
    const client = await Client.of(server, code, `user-${clients.length}`);
    await client.connect();
    await client.request('join', { name: client.id, data: '' });
    clients.push(client);
  }
  // One is away when the stop begins, and its way back lies in the queue when it ends.
  const away = clients.pop();
  away.socket.terminate();
  await pause(30000);
  for (const client of clients) await client.request('ping', { timestamp: 1 });
  process.kill(server.pid, 'SIGSTOP');
  const pings = clients.map((client) => client.request('ping', { timestamp: 2 }));
  await pause(stopS * 1000 - 1000);
  const back = away.connect();
  await pause(1000);
  process.kill(server.pid, 'SIGCONT');
  for (const ping of pings) assert.ok((await ping).result);
  await back;
  await pause(1000);
  const [{ params }] = away.said('peer-list').slice(-1);
  assert.equal(Object.keys(params.peers).length, 3);
  for (const client of clients) {
    assert.equal(client.open, true);
    assert.deepEqual(client.said('on-peer-leave'), []);
  }
});

// Their threads read the real clock: a list must not seem to wait for as long as the server stood.
test('lists are answered after the server was stopped', { skip: stopS < 7 }, async () => {
  assert.equal((await server.call('GET', '/v2/rooms')).status, 200);
  process.kill(server.pid, 'SIGSTOP');
  await pause(7000);
  process.kill(server.pid, 'SIGCONT');
  await pause(1000);
  assert.equal((await server.call('GET', '/v2/rooms')).status, 200);
});

// Stops a server for as long as is asked for, and does something meanwhile.
async function stopped(pid, meanwhile) {
  process.kill(pid, 'SIGSTOP');
  try {
    await meanwhile();
    await pause(stopS * 1000 - 1000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

// One connection for all requests of an agent.
const ask = (agent, origin, method, path, headers, body) => new Promise((resolve, reject) => {
  const request = http.request(`${origin}${path}`, { agent, method, headers }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode));
  });
  request.on('error', reject);
  request.end(body);
});

const headersOf = (from) => ({ authorization: `Bearer ${from.token}`, 'content-type': 'application/json' });

test('what was asked over kept connections while the server was stopped is answered', { skip: stopS === 0 }, async () => {
  const agents = Array.from({ length: 8 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  const headers = headersOf(server);
  for (const agent of agents) assert.equal(await ask(agent, server.origin, 'GET', '/v2/rooms', headers), 200);
  let asked;
  const early = agents.slice(0, 4).map((agent) => ask(agent, server.origin, 'POST', '/v2/rooms', headers, '{}'));
  await stopped(server.pid, () => {
    asked = agents.slice(4).map((agent) => ask(agent, server.origin, 'POST', '/v2/rooms', headers, '{}'));
  });
  assert.deepEqual(await Promise.all([...early, ...asked]), Array(8).fill(200));
  for (const agent of agents) {
    assert.equal(await ask(agent, server.origin, 'GET', '/v2/rooms', headers), 200);
    agent.destroy();
  }
});

// The back end has answered while the server stood, so that there is nothing to send again.
test('a webhook on its way when the server was stopped is delivered once', { skip: stopS === 0 }, async () => {
  const receiver = await startReceiver();
  const other = await startServer(['--webhook-url', `${receiver.url}/all`, '--webhook-allow', '127.0.0.0/8']);
  try {
    const meeting = await other.meeting();
    const client = await Client.of(other, meeting.host, 'hana');
    const isHeld = new Promise((resolve) => {
      receiver.answer = () => {
        process.kill(other.pid, 'SIGSTOP');
        receiver.answer = () => 200;
        resolve();
        return 200;
      };
    });
    await client.connect();
    client.request('join', { name: 'hana', data: '' }).catch(() => {});
    await isHeld;
    await pause(stopS * 1000);
    process.kill(other.pid, 'SIGCONT');
    await until(() => receiver.types(meeting.room.id).includes('peer.join.success'), 'the next webhook');
    await pause(3000);
    const types = receiver.types(meeting.room.id);
    assert.deepEqual(types, [...new Set(types)], 'each of them once');
    client.socket.terminate();
  } finally {
    await other.stop();
    await receiver.stop();
  }
});

test('a server on PostgreSQL goes on after it was stopped', { skip: stopS === 0 }, async () => {
  const postgres = await startPostgres();
  const other = await startServer(['--database', newDatabase(postgres.url).url]);
  try {
    const meeting = await other.meeting();
    const client = await Client.of(other, meeting.host, 'hana');
    await client.connect();
    assert.ok((await client.request('join', { name: 'hana', data: '' })).result);
    const headers = headersOf(other), agent = new http.Agent({ keepAlive: true });
    const asked = Array.from({ length: 20 }, () => ask(agent, other.origin, 'POST', '/v2/rooms', headers, '{}'));
    const value = client.request('set-metadata', { key: 'k', data: 'v' });
    await stopped(other.pid, () => {
      asked.push(...Array.from({ length: 20 }, () => ask(agent, other.origin, 'POST', '/v2/rooms', headers, '{}')));
    });
    assert.deepEqual(await Promise.all(asked), Array(40).fill(200));
    assert.ok((await value).result);
    assert.equal((await fetch(`${other.origin}/ready`)).status, 200);
    agent.destroy();
    client.socket.terminate();
  } finally {
    await other.stop();
    await postgres.end();
  }
});

// More of them than may be silent; all have asked something by the time that anybody is counted.
test('nobody is closed as one too many who asked while the server was stopped', { skip: stopS === 0 }, async () => {
  const limited = await startServer(['--rate-limit', 'on']);
  const sockets = await Promise.all(Array.from({ length: 200 }, () => new Promise((resolve) => {
    const socket = net.connect(limited.port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => {});
    socket.got = '';
    socket.on('data', (chunk) => { socket.got += chunk; });
  })));
  await limited.call('GET', '/v2/rooms'); // all of them are accepted
  process.kill(limited.pid, 'SIGSTOP');
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await pause(7000);
  process.kill(limited.pid, 'SIGCONT');
  await until(() => sockets.every((socket) => socket.got.startsWith('HTTP/1.1 200 ')), 'all to be answered');
  for (const socket of sockets) socket.destroy();
  await limited.stop();
});
