// Sixty people behind one address, as in a school: they open the page, trade the code and join in the same second, each
// with a browser that has never been here. And what one address still may not do.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { connection } from './peer.mjs';
import { exchange, RawSocket, statusOf } from './raw.mjs';

const PEOPLE = 60;
let server, meeting, sdp;

before(async () => {
  server = await startServer(['--rate-limit', 'on']);
  meeting = await server.meeting();
  // One offer will do for all of them: no media flows here.
  const publish = connection();
  publish.createDataChannel('ion-sfu', { protocol: 'SCTP' });
  await publish.setLocalDescription(await publish.createOffer());
  ({ sdp } = publish.localDescription);
  await publish.close();
});
after(() => server?.stop());

// What a browser does: up to six connections of its own, kept.
class Browser {
  constructor(at = server) {
    this.at = at;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  }

  ask(method, path, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.at.origin}${path}`, { method, agent: this.agent, headers }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async load() {
    const page = await this.ask('GET', '/');
    assert.equal(page.status, 200, page.text);
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
    assert.ok(files.length > 1, page.text);
    for (const file of await Promise.all([...files, '/favicon.svg', '/openapi.json'].map((path) => this.ask('GET', path)))) {
      assert.equal(file.status, 200, file.text.slice(0, 200));
    }
  }

  async login(code) {
    const { status, text } = await this.ask('POST', '/v2/token', JSON.stringify({ code }));
    assert.equal(status, 200, text);
    this.token = JSON.parse(text).token;
    const bearer = { authorization: `Bearer ${this.token}` };
    for (const path of [`/init?peer_id=${randomUUID()}`, '/v2/layouts/ui']) {
      const answer = await this.ask('GET', path, undefined, bearer);
      assert.equal(answer.status, 200, answer.text);
    }
  }

  async join() {
    this.socket = await RawSocket.open(this.at.port, `/ws?peer=${randomUUID()}&token=${this.token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`);
    this.socket.text({ method: 'join', params: { name: 'pupil', data: '', disableVidAutoSub: true, offer: { type: 'offer', sdp } }, id: 'j', jsonrpc: '2.0' });
    const answer = await this.socket.message((message) => message.id === 'j');
    assert.equal(answer.result?.type, 'answer', JSON.stringify(answer));
  }

  end() {
    this.agent.destroy();
    this.socket?.end();
  }
}

test('60 fresh browsers of one address load the page, trade the code and join in the same second', async () => {
  const browsers = Array.from({ length: PEOPLE }, () => new Browser());
  try {
    await Promise.all(browsers.map(async (browser) => {
      await browser.load();
      await browser.login(meeting.guest);
      await browser.join();
    }));
    const peers = await server.call('GET', `/v2/active-rooms/${meeting.room.id}`);
    assert.equal(peers.body.session.peers.length, PEOPLE);
  } finally {
    for (const browser of browsers) browser.end();
  }
});

test('160 sockets of one address open at once', async () => {
  const browser = new Browser();
  await browser.login(meeting.guest);
  const sockets = await Promise.all(Array.from({ length: 160 }, () =>
    RawSocket.open(server.port, `/ws?peer=${randomUUID()}&token=${browser.token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`)));
  for (const socket of sockets) socket.end();
  browser.end();
});

test('codes that are wrong cost their address its logins, and the right one of others nothing', async () => {
  const strict = await startServer(['--rate-limit', 'on', '--logins', '1', '--logins-burst', '5']);
  const browser = new Browser(strict);
  try {
    const { guest } = await strict.meeting();
    for (let i = 0; i < 12; i++) await browser.login(guest);
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push((await browser.ask('POST', '/v2/token', '{"code":"abc-defg-hij"}')).status);
    assert.deepEqual(answers.slice(0, 5), [404, 404, 404, 404, 404]);
    assert.equal(answers.at(-1), 429);
  } finally {
    browser.end();
    await strict.stop();
  }
});

test('idle connections of an address make room for its next one', async () => {
  const strict = await startServer(['--rate-limit', 'on', '--connections', '20']);
  try {
    const open = [];
    let gone = 0;
    for (let i = 0; i < 20; i++) {
      const socket = connect(strict.port, '127.0.0.1');
      open.push(socket);
      socket.on('close', () => gone++);
      socket.on('error', () => {});
      socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await new Promise((resolve) => socket.once('data', resolve));
    }
    for (let i = 0; i < 3; i++) {
      const { text } = await exchange(strict.port, 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      assert.equal(statusOf(text), 200, text);
    }
    await until(() => gone >= 1, 'the oldest idle connection to be closed', 3000);
    assert.ok(gone <= 3, `${gone} were closed`);
    for (const socket of open) socket.destroy();
  } finally {
    await strict.stop();
  }
});

test('of connections that ask nothing 128 stay, and the others of their address are served meanwhile', async () => {
  const strict = await startServer(['--rate-limit', 'on']);
  const silent = [];
  try {
    let gone = 0;
    for (let i = 0; i < 200; i++) {
      const socket = connect(strict.port, '127.0.0.1');
      silent.push(socket);
      socket.on('error', () => {});
      socket.on('close', () => gone++);
      socket.resume(); // who does not read hears of no end
      await new Promise((resolve) => socket.once('connect', resolve));
      if (i % 2) socket.write('GET / HTTP/1.1\r\nHost: ');
    }
    const { text } = await exchange(strict.port, 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(text), 200, text);
    await until(() => gone >= 72, `the silent ones beyond 128 to be closed: ${gone}`, 5000);
    assert.ok(gone <= 73, `${gone} were closed`);
  } finally {
    for (const socket of silent) socket.destroy();
    await strict.stop();
  }
});
