// What clients report of themselves, over the web socket and, when that is down, over HTTP; and what
// a back end reads of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';
import { Client } from './client.mjs';

let server, meeting, ann, bob, sent, heard;
const get = (path) => server.call('GET', path);
const failures = async (query = '') =>
  (await get(`/v2/analytics/events?room_id=${meeting.room.id}&error=true${query}`)).body.events;

before(async () => {
  server = await startServer();
  meeting = await server.meeting({ name: 'standup' });
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
  bob = await Peer.join(server, meeting.guest, { name: 'bob' });
  sent = await ann.send('audio');
  heard = await bob.send('audio');
  await ann.sink(heard.id);
});
after(async () => {
  await Promise.all([ann?.end(), bob?.end()]);
  await server?.stop();
});

const track = (id, ...samples) => ({ track_id: id, ssrc: '1', source: 'regular', samples });

test('figures are read when the session is over, and are about the own media of the one who tells', async () => {
  const at = Date.now();
  ann.notify('analytics', { name: 'publisher.stats', timestamp: at, info: { peer_id: bob.id, video: [], audio: [
    track(sent.id, { timestamp: at, avg_bitrate_bps: 24000, total_packets_lost: 1, total_packets_sent: 50 },
      { timestamp: at + 1, avg_bitrate_bps: 25000, total_packets_lost: 1, total_packets_sent: 100 }),
    track(heard.id, { timestamp: at, avg_bitrate_bps: 666 })] } });
  ann.notify('analytics', { name: 'subscriber.stats', timestamp: at, info: { audio: [
    track(heard.id, { timestamp: at, avg_bitrate_bps: 20000, audio_concealed_samples: 7,
      total_packets_received: 99, total_packets_lost: 1 }),
    track(sent.id, { timestamp: at, avg_bitrate_bps: 666 })] } });
  bob.notify('analytics', { name: 'publisher.stats', timestamp: at, info: 7 });
  await ann.request('ping', { timestamp: 1 });
  const [{ id: session }] = await until(async () => {
    const { data } = (await get(`/v2/sessions?room_id=${meeting.room.id}`)).body;
    return data.length && data;
  }, 'the session');
  const path = `/v2/analytics/peer-stats?session_id=${session}&peer_id=${ann.id}`;
  assert.equal((await get(path)).status, 404);
  await new Promise((resolve) => setTimeout(resolve, 2000)); // the log and the snapshot are written
  await server.restart('SIGKILL');
  await server.call('POST', `/v2/active-rooms/${meeting.room.id}/end-room`, {});
  const { body } = await until(async () => {
    const answer = await get(path);
    return answer.status === 200 && answer;
  }, 'the session to be over');
  assert.deepEqual(body, {
    peer_id: ann.id, session_id: session, room_id: meeting.room.id,
    publisher: { video: [], audio: [{ track_id: sent.id, type: 'audio', time_series: {
      timestamps: [at, at + 1], bitrate: [24000, 25000], packet_loss_percent: [2, 0],
      rtt_ms: [null, null], jitter_ms: [null, null] } }] },
    subscriber: { video: [], audio: [{ track_id: heard.id, type: 'audio', time_series: {
      timestamps: [at], bitrate: [20000], packet_loss_percent: [1], concealed_samples: [7] } }] },
  });
  const other = (await get(`/v2/analytics/peer-stats?session_id=${session}&peer_id=${bob.id}`)).body;
  assert.deepEqual(other.publisher, { video: [], audio: [] });
  assert.equal((await get('/v2/analytics/peer-stats?session_id=x&peer_id=y')).status, 404);
  assert.equal((await get('/v2/analytics/peer-stats?session_id=x')).status, 400);
});

test('what fails on a client is an event of the room, with who it was and what software', async () => {
  const eve = await Client.of(server, meeting.guest, 'user-eve');
  eve.query = '&user_agent_v2=os%3Aweb_Linux%2Csdk%3Aweb%2Csdk_version%3A0.15.2';
  await eve.connect();
  await eve.request('join', { name: 'eve', data: '' });
  const payload = { error_code: 4002, error_name: 'CreateAnswer', error_message: 'no', action: 'PUBLISH',
    is_terminal: false, user_id: 'somebody', devices: { audio: [] }, domain: 'LOCAL' };
  eve.socket.send(JSON.stringify({ method: 'analytics', params: { name: 'publish.failed', info: payload } }));
  const [event] = await until(async () => {
    const events = await failures('&type=client.publish.failed');
    return events.length && events;
  }, 'the event');
  assert.equal(event.data.user_id, 'user-eve');
  assert.equal(event.data.peer_id, eve.id);
  assert.equal(event.data.user_name, 'eve');
  assert.deepEqual(event.data.agent, { os: 'web_Linux', sdk: 'web', sdk_version: '0.15.2' });
  assert.equal(event.data.error_code, 4002);
  assert.equal(event.data.domain, 'LOCAL');
  assert.deepEqual(event.data.devices, { audio: [] });

  // The socket is gone: over HTTP, as the SDK does.
  eve.socket.terminate();
  const report = (headers, event_) => fetch(`${server.origin}/v2/client/report`, { method: 'POST',
    headers: { 'content-type': 'application/json', user_agent_v2: 'sdk:web', ...headers },
    body: JSON.stringify({ event: event_, payload: { error_code: 1003, action: 'RECONNECT_SIGNAL' },
      peer: { peer_id: eve.id, user_name: 'Mallory' } }) });
  assert.equal((await report({}, 'disconnected')).status, 200);
  assert.equal((await report({ authorization: 'Bearer x' }, 'disconnected')).status, 200);
  assert.equal((await report({ authorization: `Bearer ${eve.token}` }, 'join.success')).status, 200);
  const answer = await report({ authorization: `Bearer ${eve.token}` }, 'disconnected');
  assert.deepEqual([answer.status, await answer.json()], [200, {}]);
  // Anybody has a token of that user who has the code: it is heard, and is not about her visit.
  const thief = await Client.of(server, meeting.guest, 'user-eve');
  assert.equal((await report({ authorization: `Bearer ${thief.token}` }, 'connect.failed')).status, 200);
  const [stolen] = await failures('&type=client.connect.failed');
  for (const key of ['peer_id', 'session_id', 'user_name']) assert.ok(!(key in stolen.data), key);
  const events = await failures('&type=client.disconnected');
  assert.equal(events.length, 1);
  assert.equal(events[0].data.user_name, 'eve');
  assert.equal(events[0].data.peer_id, eve.id);
  assert.equal(events[0].data.session_id, event.data.session_id);
  assert.deepEqual(events[0].data.agent, { sdk: 'web' });
  // A proxy may drop a field whose name has an underscore: then the browser's own tells something.
  await fetch(`${server.origin}/v2/client/report`, { method: 'POST', headers: { 'content-type': 'application/json',
    authorization: `Bearer ${eve.token}`, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
    body: JSON.stringify({ event: 'publish.failed', payload: { error_code: 1003 }, peer: { peer_id: eve.id } }) });
  const [proxied] = await until(async () => {
    const found = await failures('&type=client.publish.failed');
    return found.length && found;
  }, 'the report');
  assert.deepEqual(proxied.data.agent, { os: 'web_Linux' });
  assert.ok((await failures()).every(({ type }) => /failed|failure|disconnected/.test(type)));
});

// The log of the visit waits for others to be written with it, and for the session itself.
test('a report right after the join, or after the leave behind it, is of that visit', async () => {
  for (const [name, leaves] of [['fay', false], ['gil', true]]) {
    const peer = await Client.of(server, meeting.guest, `user-${name}`);
    await peer.connect();
    await peer.request('join', { name, data: '' });
    if (leaves) await peer.request('leave', {});
    const begun = performance.now();
    const answer = await fetch(`${server.origin}/v2/client/report`, { method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${peer.token}` },
      body: JSON.stringify({ event: 'subscribe.failed', payload: { error_code: 1003 }, peer: { peer_id: peer.id } }) });
    assert.equal(answer.status, 200);
    assert.ok(performance.now() - begun < 5000);
    const event = (await failures('&type=client.subscribe.failed')).find(({ data }) => data.user_id === `user-${name}`);
    assert.equal(event.data.peer_id, peer.id);
    assert.equal(event.data.user_name, name);
    assert.equal((await get(`/v2/sessions/${event.data.session_id}`)).body.room_id, meeting.room.id);
    if (!leaves) await peer.request('leave', {});
  }
});
