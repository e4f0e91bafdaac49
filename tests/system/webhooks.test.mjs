// What a back end is told of meetings, by a real receiver on loopback: all of it, in order,
// signed, also when it was down, and when the server was killed in between.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { binary, startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { hmac, startReceiver } from './receiver.mjs';

let server, receiver, secret;
const clients = [];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function come(code, name) {
  const client = await Client.of(server, code, name);
  clients.push(client);
  await client.connect();
  await client.request('join', { name, data: `about ${name}` });
  return client;
}

// Under the id of somebody who is in.
async function refused(code, name, id) {
  const client = Object.assign(await Client.of(server, code, name), { id });
  clients.push(client);
  client.connect();
  await until(() => client.said('on-error').length === 1, 'the refusal');
}

const go = (client) => client.request('leave', {});
const end = (roomId, body) => server.call('POST', `/v2/active-rooms/${roomId}/end-room`, body);
const history = async (query) => (await server.call('GET', `/v2/analytics/webhooks?${query}`)).body;
// What became of a try is stored after its receiver has answered.
const succeeded = (room, count) => until(async () => {
  const { events } = await history(`room_id=${room}&status=success`);
  return events.length >= count && events;
}, `${count} that succeeded`);
const replayed = async (id) => (await server.call('GET', `/v2/analytics/webhooks/replay/${id}`)).body;

// Somebody comes and goes: four events.
const four = ['session.open.success', 'peer.join.success', 'peer.leave.success', 'session.close.success'];
async function visit(meeting, name = 'guest') {
  await go(await come(meeting.guest, name));
}

before(async () => {
  receiver = await startReceiver();
  server = await startServer(['--webhook-url', `${receiver.url}/all`, '--webhook-allow', '127.0.0.0/8',
    '--webhook-headers', '{"X-Secret": "open sesame", "authorization": "Basic eDp5"}']);
  secret = execFileSync(binary, ['key', 'webhook', '--data', server.folder], { encoding: 'utf8' }).trim();
});
after(async () => {
  for (const client of clients) client.socket?.terminate();
  await server?.stop();
  await receiver?.stop();
});

test('a call is told from its first peer to its last, in order, once, and signed', async () => {
  const meeting = await server.meeting({ name: 'standup' });
  const room = meeting.room.id;
  const ann = await come(meeting.host, 'ann');
  const bob = await come(meeting.guest, 'bob');
  await refused(meeting.guest, 'eve', bob.id);
  const change = (role) => server.call('POST', `/v2/active-rooms/${room}/peers/${bob.id}`, { role });
  assert.equal((await change('host')).status, 200);
  assert.equal((await change('pope')).status, 400);
  await server.call('POST', `/v2/active-rooms/${room}/remove-peers`, { peer_id: bob.id, reason: 'enough' });
  assert.equal((await end(room, { reason: 'late', lock: true })).status, 200);
  assert.equal((await end(room, {})).status, 404);

  const expected = ['session.open.success', 'peer.join.success', 'peer.join.success', 'peer.join.failure',
    'role.change.success', 'role.change.failure', 'peer.leave.success', 'room.end.success',
    'peer.leave.success', 'session.close.success', 'room.end.failure'];
  await until(() => receiver.of(room).length >= expected.length, 'the events');
  await pause(500);
  const told = receiver.of(room);
  // What failed outside of a session is in no session's order.
  const inSession = (type) => type !== 'peer.join.failure' && type !== 'room.end.failure';
  assert.deepEqual(receiver.types(room).filter(inSession), expected.filter(inSession));
  assert.deepEqual(receiver.types(room).sort(), [...expected].sort());
  assert.equal(new Set(told.map(({ event }) => event.id)).size, told.length);

  for (const { method, path, headers, text, event } of told) {
    assert.equal(method, 'POST');
    assert.equal(path, '/all');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['x-secret'], 'open sesame');
    assert.equal(headers.authorization, 'Basic eDp5');
    assert.equal(headers['x-webhook-id'], event.id);
    assert.equal(headers['x-webhook-signature'], hmac(secret, text));
    const time = headers['x-webhook-timestamp'];
    assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
    assert.equal(headers['x-webhook-timestamp-signature'], hmac(secret, `${time}.${text}`));
    assert.deepEqual(Object.keys(event),
      ['version', 'id', 'account_id', 'app_id', 'timestamp', 'type', 'data']);
    assert.equal(event.version, '2.0');
    assert.equal(event.account_id, meeting.room.customer_id);
    assert.equal(event.app_id, meeting.room.app_id);
    assert.match(event.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(event.data.room_name, 'standup');
    assert.equal(event.data.template_id, meeting.room.template_id);
  }
  const data = (type, at = 0) => told.filter(({ event }) => event.type === type)[at].event.data;
  assert.equal(data('peer.join.success', 1).user_name, 'bob');
  assert.equal(data('peer.join.success', 1).user_data, 'about bob');
  assert.equal(data('peer.join.failure').error_message, 'duplicate peer id');
  assert.equal(data('role.change.success').previous_role, 'guest');
  assert.ok(!('role_change_requested_by' in data('role.change.success')));
  assert.equal(data('peer.leave.success').reason, 'peer kicked');
  assert.equal(data('peer.leave.success').message, 'enough');
  assert.equal(data('peer.leave.success', 1).peer_id, ann.id);
  assert.deepEqual([data('room.end.success').source, data('room.end.success').lock_room], ['api', true]);
  assert.equal(data('room.end.failure').error_code, 404);
  // And the log of events says the same, with the same ids.
  const { events } = (await server.call('GET', `/v2/analytics/events?room_id=${room}&limit=100`)).body;
  assert.deepEqual(events.map(({ id }) => id).sort(), told.map(({ event }) => event.id).sort());
});

test('a room has a webhook of its own instead', async () => {
  const own = await startReceiver();
  try {
    const meeting = await server.meeting({ webhook: { url: `${own.url}/own`, headers: { 'X-Room': 'one' } } });
    await visit(meeting);
    await until(() => own.requests.length === 4, 'its events');
    assert.deepEqual(own.types(), four);
    assert.equal(own.requests[0].headers['x-room'], 'one');
    assert.equal(own.requests[0].headers['x-secret'], undefined, 'the secret of the workspace stays with it');
    assert.equal(own.requests[0].headers['x-webhook-signature'], hmac(secret, own.requests[0].text));
    assert.equal(receiver.of(meeting.room.id).length, 0);
  } finally {
    await own.stop();
  }
});

test('what waits when a webhook is changed or taken away goes where the room says now, and is replayed there', async () => {
  const own = await startReceiver();
  const next = await startReceiver();
  own.answer = next.answer = () => 500;
  const failed = async (room) => (await history(`room_id=${room}&status=failed`)).events.length;
  const change = (room, webhook) => server.call('POST', `/v2/rooms/${room}`, { webhook });
  try {
    const meeting = await server.meeting({ webhook: { url: own.url, headers: { 'X-Room': 'one' } } });
    const room = meeting.room.id;
    await visit(meeting);
    await until(async () => await failed(room) === 1, 'a first try in vain');
    await change(room, { url: `${next.url}/next` });
    await until(() => next.requests.length === 1, 'the next try');
    assert.equal(next.requests[0].headers['x-room'], undefined);
    await change(room, null);
    await until(() => receiver.good(room).length === 4, 'the rest');
    assert.deepEqual(receiver.types(room), four);
    assert.ok(receiver.of(room).every(({ headers }) => headers['x-secret'] === 'open sesame'));
    assert.equal(own.requests.length + next.requests.length, 2);
    const events = await succeeded(room, 4);
    assert.ok(events.every(({ payload }) => payload.webhook_url === `${receiver.url}/all`));
  } finally {
    await own.stop();
    await next.stop();
  }
});

test('what waits for a webhook that was taken away is given up where there is no other', async () => {
  const own = await startReceiver();
  const alone = await startServer(['--webhook-allow', '127.0.0.0/8']);
  own.answer = () => 500;
  try {
    const meeting = await alone.meeting({ webhook: { url: own.url } });
    const room = meeting.room.id;
    const guest = await Client.of(alone, meeting.guest, 'guest');
    await guest.connect();
    await guest.request('join', { name: 'guest' });
    await guest.request('leave', {});
    await until(() => own.requests.length === 1, 'a first try');
    await alone.call('POST', `/v2/rooms/${room}`, { webhook: null });
    const failed = await until(async () => {
      const { events } = (await alone.call('GET', `/v2/analytics/webhooks?room_id=${room}&status=failed`)).body;
      return events.length === 4 && events;
    }, 'them to be given up');
    for (const { payload } of failed) assert.equal(payload.error_reason, 'its room has no webhook any more');
    assert.match(alone.log(), /4 webhooks are given up: their room has none any more/);
    assert.equal(own.requests.length, 1);
  } finally {
    await alone.stop();
    await own.stop();
  }
});

test('what is not answered with 200 comes again after 1 s, 3 s and 10 s, and what follows waits for it', async () => {
  const meeting = await server.meeting();
  const other = await server.meeting();
  const room = meeting.room.id;
  const answers = [500, 204, `${receiver.url}/elsewhere`, 200];
  receiver.answer = ({ event }) =>
    event.data.room_id === room && event.type === 'session.open.success' ? answers.shift() : 200;
  try {
    await visit(meeting);
    await visit(other);
    await until(() => receiver.good(other.room.id).length === 4, 'the other room');
    assert.equal(receiver.good(room).length, 0, 'it waits for nobody');
    const failed = await history(`room_id=${room}&status=failed`);
    assert.deepEqual(failed.events.map(({ payload }) => payload.original_event_name), ['session.open.success']);
    assert.match(failed.events[0].payload.error_reason, /^HTTP (500|204|302)$/);
    await until(() => receiver.good(room).length === 4, 'the room');
  } finally {
    receiver.answer = () => 200;
  }
  assert.deepEqual(receiver.types(room), four);
  assert.ok(!receiver.requests.some(({ path }) => path === '/elsewhere'), 'no redirect is followed');
  const tries = receiver.of(room).filter(({ event }) => event.type === 'session.open.success');
  assert.equal(tries.length, 4);
  assert.equal(new Set(tries.map(({ text }) => text)).size, 1, 'the same octets each time');
  const waits = tries.slice(1).map(({ at }, i) => at - tries[i].at);
  for (const [i, wanted] of [1000, 3000, 10000].entries()) {
    assert.ok(waits[i] >= wanted - 50, `${waits} ms`);
  }
  const events = await succeeded(room, 4);
  assert.equal(events.length, 4);
  assert.ok(events.every(({ payload }) => !('error_reason' in payload)));
});

test('a receiver that never answers holds up nobody', async () => {
  const silent = await startReceiver();
  silent.answer = () => undefined;
  try {
    const meetings = [];
    for (let i = 0; i < 12; i++) meetings.push(await server.meeting({ webhook: { url: silent.url } }));
    for (const meeting of meetings) await visit(meeting);
    // Somebody else's events come while all eight tries hang, and not because one of them was given up meanwhile (which
    // may happen too, where the machine is slow).
    for (let more = 4, over = -1; over !== silent.over; more--) {
      assert.ok(more, 'they only came when a try was given up');
      const good = await server.meeting();
      await until(() => silent.open === 8, 'eight tries that hang');
      over = silent.over;
      const begun = performance.now();
      await visit(good);
      await until(() => receiver.good(good.room.id).length === 4, 'the events of somebody else');
      assert.equal((await fetch(`${server.origin}/health`)).status, 200);
      console.log(`# figure four events past a silent receiver: ${Math.round(performance.now() - begun)} ms`);
    }
    assert.ok(silent.most <= 8, `${silent.most} at a time`);
    await until(async () => (await history(`room_id=${meetings[0].room.id}&status=failed`)).events[0]?.payload
      .error_reason === 'timeout', 'the timeout');
  } finally {
    await silent.stop();
  }
});

test('what was stored is delivered after a kill, to a receiver that was down, too', async () => {
  const meeting = await server.meeting();
  const room = meeting.room.id;
  const { port } = receiver;
  await receiver.stop();
  const ann = await come(meeting.host, 'ann');
  const bob = await come(meeting.guest, 'bob');
  await go(bob);
  const stored = async () =>
    (await server.call('GET', `/v2/analytics/events?room_id=${room}&limit=100`)).body.events.length;
  await until(async () => await stored() === 4, 'the events to be stored');
  await server.restart('SIGKILL');
  receiver = await startReceiver(port);
  await until(() => receiver.good(room).length >= 4, 'the events');
  assert.deepEqual(receiver.types(room),
    ['session.open.success', 'peer.join.success', 'peer.join.success', 'peer.leave.success']);
  await ann.connect();
  await go(ann);
  await until(() => receiver.good(room).length >= 6, 'the end');
  assert.deepEqual(receiver.types(room).slice(4), ['peer.leave.success', 'session.close.success']);
});

test('a kill while a try is under way repeats that try', async () => {
  const meeting = await server.meeting();
  const room = meeting.room.id;
  receiver.answer = ({ event }) => (event.data.room_id === room ? undefined : 200);
  await visit(meeting);
  await until(() => receiver.of(room).length === 1, 'the first try');
  await server.restart('SIGKILL');
  receiver.answer = () => 200;
  await until(() => receiver.good(room).length >= 4, 'the events');
  assert.deepEqual(receiver.types(room), four);
  assert.equal(receiver.of(room)[0].event.id, receiver.of(room)[1].event.id);
});

test('what is not to be reached is not reached, and the log says why', async () => {
  for (const [url, reason] of [
    ['http://10.1.2.3/', '10.1.2.3 is a private address'],
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254 is a link-local address'],
    ['http://[::1]:9/', '::1 is a loopback address'],
    ['http://[::ffff:192.168.0.1]/', '192.168.0.1 is a private address'],
  ]) {
    const meeting = await server.meeting({ webhook: { url } });
    await visit(meeting);
    const failed = await until(async () => {
      const { events } = await history(`room_id=${meeting.room.id}&status=failed`);
      return events.length === 4 && events;
    }, url);
    for (const { payload } of failed) {
      assert.equal(payload.error_reason, reason);
      assert.equal(payload.webhook_url, url);
    }
  }
  for (const url of ['http://2130706433/', 'http://0x7f.1/', 'http://user@127.0.0.1/', 'gopher://x/', 'http://x:0/']) {
    assert.equal((await server.call('POST', '/v2/rooms', { webhook: { url } })).status, 400, url);
  }
  for (const headers of [{ host: 'x' }, { 'X-A': 'b\r\nX-C: d' }, { 'a b': 'c' }, { 'x-webhook-signature': 'y' }]) {
    const made = await server.call('POST', '/v2/rooms', { webhook: { url: 'http://x.example/', headers } });
    assert.equal(made.status, 400, JSON.stringify(headers));
  }
});

test('the log is filtered, and comes in pages', async () => {
  const meeting = await server.meeting();
  const room = meeting.room.id;
  for (let i = 0; i < 3; i++) await visit(meeting, `visitor ${i}`);
  await until(() => receiver.good(room).length === 12, 'the events');
  await until(async () => (await history(`room_id=${room}&status=success`)).summary.total_events === 12, 'the log');
  const all = await history(`room_id=${room}`);
  assert.deepEqual(all.pagination, { current_page: 1, page_size: 50, total_pages: 1, total_items: 12,
    has_next: false, has_prev: false });
  assert.deepEqual(all.summary, { total_events: 12 });
  assert.deepEqual(all.events.map(({ event_id: id }) => id).sort(), receiver.good(room).map(({ event }) => event.id).sort());
  const times = all.events.map(({ event_timestamp: time }) => time);
  assert.deepEqual(times, [...times].sort().reverse(), 'newest first');
  const [newest] = all.events;
  const { event } = receiver.good(room).find(({ event: one }) => one.id === newest.event_id);
  assert.deepEqual([newest.event_name, newest.room_id, newest.event_timestamp],
    ['reporter.webhook.delivery.success', room, event.timestamp]);
  assert.deepEqual(newest.payload, { event_data: event.data, webhook_url: `${receiver.url}/all`,
    original_event_name: 'session.close.success' });

  const pages = [];
  for (let page = 1; page <= 3; page++) pages.push(await history(`room_id=${room}&limit=5&page=${page}`));
  assert.deepEqual(pages.map(({ events }) => events.length), [5, 5, 2]);
  assert.deepEqual(pages.flatMap(({ events }) => events), all.events);
  assert.deepEqual(pages.map(({ pagination: p }) => [p.has_prev, p.has_next, p.total_pages]),
    [[false, true, 3], [true, true, 3], [true, false, 3]]);
  assert.deepEqual((await history(`room_id=${room}&page=4&limit=5`)).events, []);
  const some = await history(`room_id=${room}&event_names=peer.join.success&event_names=peer.leave.success`);
  assert.equal(some.summary.total_events, 6);
  assert.equal((await history(`room_id=${room}&status=failed`)).summary.total_events, 0);
  const past = new Date(Date.now() - 86400e3).toISOString();
  assert.equal((await history(`room_id=${room}&end_time=${past}`)).summary.total_events, 0);
});

test('failed events are replayed at ten a second, and a replay goes on after a kill', async () => {
  const meeting = await server.meeting({ webhook: { url: 'http://192.168.7.7/' } });
  const room = meeting.room.id;
  for (let i = 0; i < 8; i++) await visit(meeting, `visitor ${i}`);
  await until(async () => (await history(`room_id=${room}&status=failed`)).summary.total_events === 32, 'them to fail');
  const wish = { room_id: room };
  await server.call('POST', `/v2/rooms/${room}`, { webhook: { url: `${receiver.url}/mended` } });
  const started = (await server.call('POST', '/v2/analytics/webhooks/replay', wish)).body;
  assert.equal(started.status, 'started');
  assert.deepEqual([started.filters.room_id, started.filters.status], [room, 'failed']);
  const twin = (await server.call('POST', '/v2/analytics/webhooks/replay', wish)).body;
  assert.deepEqual([twin.status, twin.workflow_id], ['already_running', started.workflow_id]);
  const other = (await server.call('POST', '/v2/analytics/webhooks/replay', { ...wish, limit: 1 })).body;
  assert.equal(other.status, 'started');

  await until(() => receiver.good(room).length >= 8, 'some of them');
  const half = await replayed(started.workflow_id);
  assert.equal(half.status, 'Running');
  assert.equal(half.completed_at, null);
  assert.equal(half.progress.total, 32);
  await server.restart('SIGKILL');
  const done = await until(async () => {
    const now = await replayed(started.workflow_id);
    return now.status !== 'Running' && now;
  }, 'the replay');
  assert.equal(done.status, 'completed');
  assert.ok(done.progress.completed >= half.progress.completed);
  assert.deepEqual(done.result.failed_events, []);
  assert.ok(Date.parse(done.completed_at) - Date.parse(done.started_at) >= 2500, 'no faster than ten a second');
  const ids = receiver.good(room).map(({ event }) => event.id);
  assert.equal(new Set(ids).size, 32);
  assert.ok(ids.length <= 35, 'what was under way may come twice');
  assert.ok(receiver.good(room).every(({ event, path }) => event.is_replay === true && path === '/mended'));
  assert.equal(receiver.good(room)[0].headers['x-webhook-signature'], hmac(secret, receiver.good(room)[0].text));
  assert.equal((await history(`room_id=${room}&status=failed`)).summary.total_events, 0);

  // A replay of what succeeded, to somebody who does not take it.
  receiver.answer = () => 503;
  const vain = (await server.call('POST', '/v2/analytics/webhooks/replay',
    { room_id: room, status: 'success', event_names: ['peer.join.success'], offset: 2, limit: 3 })).body;
  const result = await until(async () => {
    const now = await replayed(vain.workflow_id);
    return now.status !== 'Running' && now;
  }, 'the second replay');
  receiver.answer = () => 200;
  assert.equal(result.status, 'completed_with_failures');
  assert.deepEqual(result.progress, { total: 3, completed: 0, failed: 3 });
  assert.equal(result.result.failed_events.length, 3);
  assert.equal(result.result.failed_events[0].error_reason, 'HTTP 503');
});

test('the bounds of the log and of replays', async () => {
  const day = 86400e3;
  const at = (days) => new Date(Date.now() - days * day).toISOString();
  const asked = async (query) => server.call('GET', `/v2/analytics/webhooks?${query}`);
  const wished = async (body) => server.call('POST', '/v2/analytics/webhooks/replay', body);
  for (const [answer, message] of [
    [await asked(`start_time=${at(31)}`), 'start_time must be within the last 30 days'],
    [await asked(`start_time=${at(29)}&end_time=${at(14)}`), 'end_time must be within 14 days after start_time'],
    [await wished({ start_time: at(31) }), 'start_time must be within the last 30 days'],
    [await wished({ start_time: at(29), end_time: at(14) }), 'end_time must be within 14 days after start_time'],
  ]) {
    assert.equal(answer.status, 400);
    assert.equal(answer.body.message, message);
  }
  for (const query of ['status=lost', 'page=0', 'page=x', 'limit=-1', 'start_time=yesterday', `start_time=${at(1)}&end_time=${at(2)}`]) {
    assert.equal((await asked(query)).status, 400, query);
  }
  for (const body of [{ status: 'lost' }, { limit: 50001 }, { limit: 0 }, { offset: -1 }, { event_names: 'x' },
    { event_names: [1] }, { start_time: 5 }, { room_id: 7 }]) {
    assert.equal((await wished(body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await asked(`start_time=${at(29.9)}`)).status, 200);
  const unknown = await server.call('GET', '/v2/analytics/webhooks/replay/64a1b2c3d4e5f60718293a4b');
  assert.deepEqual([unknown.status, unknown.body.message], [404, 'workflow not found']);
  const nothing = (await wished({ room_id: 'nowhere' })).body;
  assert.equal((await replayed(nothing.workflow_id)).status, 'completed');
});

test('no secret is printed or logged', async () => {
  assert.ok(!server.log().includes(secret));
  assert.ok(!server.log().includes('open sesame'));
  const printed = execFileSync(binary, ['serve', '--print-config', '--webhook-headers', '{"a":"open sesame"}',
    '--webhook-secret', 'x'.repeat(40)], { encoding: 'utf8' });
  assert.ok(!printed.includes('open sesame') && !printed.includes('xxxx'));
});
