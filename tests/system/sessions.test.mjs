// What a back end learns of meetings afterwards: who was in and when, and what happened, also
// when the server was killed in between.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

let server, meeting, ann, bob, session;
const people = [];

async function join(code, name, id) {
  const peer = await Peer.join(server, code, { name, id });
  people.push(peer);
  return peer;
}

const sessions = async (query = '') =>
  (await server.call('GET', `/v2/sessions?room_id=${meeting.room.id}${query}`)).body.data;
const events = async (query = '') =>
  (await server.call('GET', `/v2/analytics/events?room_id=${meeting.room.id}&limit=100${query}`)).body;

before(async () => {
  server = await startServer();
  meeting = await server.meeting();
  ann = await join(meeting.host, 'ann');
  bob = await join(meeting.guest, 'bob');
});
after(async () => {
  await Promise.all(people.map((peer) => peer.end()));
  await server?.stop();
});

test('a meeting is a session of which its people are part', async () => {
  const audio = await bob.send('audio');
  await until(async () => (await events()).events.some((event) => event.type === 'track.add.success'),
    'the log to be written');
  [session] = await sessions('&active=true');
  const active = (await server.call('GET', `/v2/active-rooms/${meeting.room.id}`)).body.session;
  assert.equal(session.id, active.id);
  assert.equal(session.created_at, active.created_at);
  assert.equal(session.active, true);
  assert.deepEqual(Object.keys(session.peers).sort(), [ann.id, bob.id].sort());
  assert.equal(session.peers[bob.id].role, 'guest');
  assert.equal(session.peers[bob.id].name, 'bob');
  assert.equal(session.peers[bob.id].left_at, undefined);
  const [added] = (await events('&type=track.add.success')).events;
  assert.equal(added.data.track_id, audio.id);
  assert.equal(added.data.stream_id, audio.stream);
  assert.equal(added.data.peer_id, bob.id);
  assert.equal(added.data.type, 'audio');
});

test('roles that change and mutes by others are in the log', async () => {
  await ann.request('role-change-request', { requested_for: bob.id, role: 'host', force: true });
  const source = bob.sources.get('audio');
  await ann.request('track-update-request',
    { requested_for: bob.id, track_id: source.id, stream_id: source.stream, mute: true });
  await until(async () => (await events('&type=track.mute.requested')).total === 1, 'the mute');
  const [changed] = (await events('&type=role.change.success')).events;
  assert.equal(changed.data.previous_role, 'guest');
  assert.equal(changed.data.role, 'host');
  assert.equal(changed.data.role_change_requested_by, ann.id);
  const [muted] = (await events('&type=track.mute.requested')).events;
  assert.equal(muted.data.requested_by, ann.id);
  assert.equal(muted.data.track_id, source.id);
  assert.equal((await sessions())[0].peers[bob.id].role, 'host');
});

// Without what grows with each second that somebody is in.
const lasting = (peers) => Object.values(peers).map(({ duration, ...peer }) =>
  ({ ...peer, duration: peer.left_at ? duration : 0,
    visits: peer.visits?.map(({ duration, ...visit }) =>
      ({ ...visit, duration: visit.left_at ? duration : 0 })) }));

test('what was written down is there after kill -9, and the session goes on', async () => {
  const cat = await join(meeting.guest, 'cat');
  cat.notify('leave', { client_reason: 'user request' });
  await until(async () => (await sessions())[0].peers[cat.id]?.left_at, 'cat to have left');
  const before = await sessions();
  const total = (await events()).total;
  await server.restart('SIGKILL');
  const [now] = await sessions();
  assert.equal(now.id, session.id);
  assert.equal(now.active, true);
  assert.deepEqual(lasting(now.peers), lasting(before[0].peers));
  assert.ok((await events()).total >= total);
});

test('each visit is told apart: of one user who comes back, and of another under the same peer id', async () => {
  const entries = async () => (await sessions('&active=true'))[0].peers;
  const leave = async (peer) => {
    peer.notify('leave', { client_reason: 'user request' });
    await peer.end();
  };
  const visit = async (name, count) => {
    const peer = await join(meeting.guest, name, id);
    const entry = (list) => Object.values(list).find((one) => one.id === id && one.user_id === name);
    await until(async () => entry(await entries()), `${name} to be in`);
    await leave(peer);
    await until(async () => {
      const one = entry(await entries());
      return one.visits.length === count && one.left_at;
    }, `visit ${count} of ${name} to be over`);
  };
  const id = randomUUID();
  await visit('alice', 1);
  await visit('alice', 2);
  await visit('mallory', 1);
  const now = await entries();
  const alice = now[id], mallory = now[`${id}:2`];
  assert.deepEqual([alice.id, alice.name, alice.user_id], [id, 'alice', 'alice']);
  assert.deepEqual([mallory.id, mallory.name, mallory.user_id], [id, 'mallory', 'mallory']);
  assert.equal(alice.visits.length, 2);
  const [first, second] = alice.visits;
  assert.equal(alice.joined_at, first.joined_at);
  assert.equal(alice.left_at, second.left_at);
  assert.ok(Date.parse(first.left_at) <= Date.parse(second.joined_at));
  assert.ok(Date.parse(second.left_at) <= Date.parse(mallory.joined_at));
  const spent = [first, second].reduce((ms, one) => ms + Date.parse(one.left_at) - Date.parse(one.joined_at), 0);
  assert.equal(alice.duration, Math.floor(spent / 1000));
});

test('pages of events lead from the newest to the oldest', async () => {
  const seen = [];
  let next = '';
  do {
    const page = (await server.call('GET',
      `/v2/analytics/events?room_id=${meeting.room.id}&limit=2${next && `&start=${next}`}`)).body;
    assert.equal(page.limit, page.events.length);
    seen.push(...page.events);
    next = page.next;
  } while (next);
  assert.equal(seen.length, (await events()).total);
  assert.equal(new Set(seen.map((event) => event.id)).size, seen.length);
  assert.deepEqual(seen.map((event) => event.timestamp).sort().reverse(), seen.map((event) => event.timestamp));
  assert.equal(seen.at(-1).type, 'session.open.success');
});

test('a meeting that was ended is a session that is over, with its times', async () => {
  const ended = await server.call('POST', `/v2/active-rooms/${meeting.room.id}/end-room`, { reason: 'over' });
  assert.equal(ended.status, 200);
  await until(async () => (await sessions('&active=false')).length === 1, 'the session to be over');
  const { body } = await server.call('GET', `/v2/sessions/${session.id}`);
  assert.equal(body.active, false);
  assert.equal(body.peers[ann.id].left_at, body.updated_at);
  assert.ok(Date.parse(body.updated_at) > Date.parse(body.created_at));
  const [end] = (await events('&type=room.end.success')).events;
  assert.equal(end.data.source, 'api');
  assert.equal(end.data.reason, 'over');
  assert.equal((await server.call('GET', '/v2/sessions?active=true')).body.data.length, 0);
});

test('a crash that left no snapshot leaves no session open', async () => {
  const dora = await join(meeting.host, 'dora');
  await until(async () => (await sessions('&active=true'))[0]?.peers[dora.id], 'the session to be written');
  await server.restart('SIGKILL', server.forgetSessions);
  const [last] = await sessions();
  assert.equal(last.active, false);
  assert.ok(last.peers[dora.id].left_at);
});

test('what is asked wrongly is refused', async () => {
  const status = async (path) => (await server.call('GET', path)).status;
  assert.equal(await status('/v2/sessions/000000000000000000000000'), 404);
  assert.equal(await status('/v2/sessions?active=maybe'), 400);
  assert.equal(await status('/v2/sessions?after=yesterday'), 400);
  assert.equal(await status('/v2/sessions?limit=-1'), 400);
  assert.equal(await status('/v2/sessions?start=x'), 400);
  assert.equal(await status('/v2/analytics/events'), 400);
  assert.equal(await status(`/v2/analytics/events?room_id=${meeting.room.id}&error=1`), 400);
});
