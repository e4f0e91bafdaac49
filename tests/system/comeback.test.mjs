// What of a meeting does not fit any more when its server comes back is left out, and told: the
// template may have changed meanwhile, and what was written down may be damaged.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { startReceiver } from './receiver.mjs';

let server, receiver;
before(async () => {
  receiver = await startReceiver();
  server = await startServer(['--webhook-url', `${receiver.url}/all`, '--webhook-allow', '127.0.0.0/8']);
});
after(async () => {
  await server?.stop();
  await receiver?.stop();
});

async function come(code, user) {
  const client = await Client.of(server, code, user);
  await client.connect();
  const { result } = await client.request('join', { name: user, data: '' });
  assert.ok(result);
  return client;
}

// The events of one kind that the log has, and those that the back end was told.
async function told(room, type, count) {
  const list = async () => (await server.call('GET',
    `/v2/analytics/events?room_id=${room}&type=${type}&limit=100`)).body.events;
  await until(async () => (await list()).length >= count, `${type} in the log`);
  await until(() => receiver.good(room).filter(({ event }) => event.type === type).length >= count,
    `${type} at the back end`);
  const events = receiver.good(room).map(({ event }) => event).filter((event) => event.type === type);
  assert.equal(events.length, count);
  assert.equal((await list()).length, count);
  return events.map(({ data }) => data);
}

test('whose token has a role that is gone has left, and cannot stop the server', async () => {
  const { body: template } = await server.call('POST', '/v2/templates', { name: 'changes', roles: {
    host: { name: 'host', permissions: { changeRole: true } }, guest: { name: 'guest' },
    speaker: { name: 'speaker' } } });
  const meeting = await server.meeting({ template_id: template.id });
  const host = await come(meeting.host, 'hana');
  const guest = await come(meeting.guest, 'gustav');
  await host.request('role-change-request', { requested_for: guest.id, role: 'speaker', force: true });
  await until(() => guest.said('on-policy-change').length === 2, 'the other role');
  await told(meeting.room.id, 'peer.join.success', 2);
  const { status } = await server.call('DELETE', `/v2/templates/${template.id}/roles/guest`);
  assert.equal(status, 204);
  await new Promise((resolve) => setTimeout(resolve, 1500));

  await server.restart('SIGKILL');
  assert.match(server.log(), /1 parts of the session/);
  await host.connect();
  guest.connect().catch(() => {});
  await until(() => guest.said('on-error').length, 'the refusal');
  assert.equal(guest.said('on-error')[0].params.code, 403);
  guest.socket.send(JSON.stringify({ id: '1', method: 'join', params: { name: 'gustav', data: '' } }));
  const [left] = await told(meeting.room.id, 'peer.leave.success', 1);
  assert.deepEqual([left.user_id, left.role, left.reason], ['gustav', 'speaker', 'websocket closed']);
  assert.ok((await host.request('ping', { timestamp: 1 })).result);
});

test('a session that cannot go on has ended, for the log and for the back end', async () => {
  const meeting = await server.meeting();
  await come(meeting.host, 'ida');
  await come(meeting.guest, 'jan');
  await told(meeting.room.id, 'peer.join.success', 2);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await server.restart('SIGKILL', () => server.damageSessions());
  const left = await told(meeting.room.id, 'peer.leave.success', 2);
  assert.deepEqual(left.map(({ user_id: user }) => user).sort(), ['ida', 'jan']);
  const [closed] = await told(meeting.room.id, 'session.close.success', 1);
  assert.ok(Date.parse(closed.session_stopped_at) >= Date.parse(closed.session_started_at));
  const { body } = await server.call('GET', `/v2/sessions?room_id=${meeting.room.id}`);
  assert.equal(body.data[0].active, false);
});

test('so has one of which nothing was kept', async () => {
  const meeting = await server.meeting();
  await come(meeting.host, 'kim');
  await told(meeting.room.id, 'peer.join.success', 1);
  await server.restart('SIGKILL', () => server.forgetSessions());
  const [left] = await told(meeting.room.id, 'peer.leave.success', 1);
  assert.equal(left.user_id, 'kim');
  await told(meeting.room.id, 'session.close.success', 1);
});
