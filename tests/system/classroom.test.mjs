// Sixty people behind one address, as in a school: they open the page, trade the code and join in the same second, each
// with a browser that has never been here. And what one address still may not do.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { exchange, RawSocket, statusOf } from './raw.mjs';
import { offerOfNobody, Visitor } from './visitor.mjs';

const PEOPLE = 60;
let server, meeting, sdp;

before(async () => {
  server = await startServer(['--rate-limit', 'on']);
  meeting = await server.meeting();
  sdp = await offerOfNobody();
});
after(() => server?.stop());

test('60 fresh browsers of one address load the page, trade the code and join in the same second', async () => {
  const browsers = Array.from({ length: PEOPLE }, () => new Visitor(server));
  try {
    await Promise.all(browsers.map(async (browser) => {
      await browser.load();
      await browser.login(meeting.guest);
      await browser.join(sdp);
    }));
    const peers = await server.call('GET', `/v2/active-rooms/${meeting.room.id}`);
    assert.equal(peers.body.session.peers.length, PEOPLE);
  } finally {
    for (const browser of browsers) browser.end();
  }
});

test('160 sockets of one address open at once', async () => {
  const browser = new Visitor(server);
  await browser.login(meeting.guest);
  const sockets = await Promise.all(Array.from({ length: 160 }, () =>
    RawSocket.open(server.port, `/ws?peer=${randomUUID()}&token=${browser.token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`)));
  for (const socket of sockets) socket.end();
  browser.end();
});

test('codes that are wrong cost their address its logins, and the right one of others nothing', async () => {
  const strict = await startServer(['--rate-limit', 'on', '--logins', '1', '--logins-burst', '5']);
  const browser = new Visitor(strict);
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

test('one who hammers wrong codes keeps nobody out who has the right one, or was told it', async () => {
  const strict = await startServer(['--rate-limit', 'on']);
  const [teacher, pupil] = [new Visitor(strict), new Visitor(strict)];
  const guessers = Array.from({ length: 4 }, () => new Visitor(strict));
  let over = false;
  const said = new Map();
  try {
    const { host, guest } = await strict.meeting();
    await teacher.login(host);
    const { status, text } = await teacher.ask('GET', '/api/invites', undefined, { authorization: `Bearer ${teacher.token}` });
    assert.equal(status, 200, text);
    const hammering = Promise.all(guessers.map(async (guesser, at) => {
      for (let i = 0; !over; i++) {
        const code = `${'abcd'[at]}bc-defg-h${String.fromCharCode(97 + i % 26, 97 + (i / 26 | 0) % 26)}`;
        const { status: answer } = await guesser.ask('POST', '/v2/token', `{"code":"${code}"}`);
        said.set(answer, (said.get(answer) ?? 0) + 1);
      }
    }));
    await until(() => said.get(429) > 100, 'the guesser to be doubted', 10000);
    for (let i = 0; i < 30; i++) {
      for (const code of [guest, host]) {
        const answer = await pupil.ask('POST', '/v2/token', JSON.stringify({ code }));
        assert.equal(answer.status, 200, answer.text);
      }
    }
    over = true;
    await hammering;
    assert.deepEqual([...said.keys()].sort(), [404, 429]);
    assert.ok(said.get(404) <= 20, `${said.get(404)} were looked up`);
  } finally {
    over = true;
    for (const browser of [teacher, pupil, ...guessers]) browser.end();
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
    await until(() => gone >= 72, `the silent ones beyond 128 to be closed: ${gone}`, 10000);
    assert.ok(gone <= 73, `${gone} were closed`);
  } finally {
    for (const socket of silent) socket.destroy();
    await strict.stop();
  }
});
