// Two unmodified official SDK clients hold a call. Names begin with the numbers of the
// conformance checklist that they show.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { patience, startServer, until } from './lib/server.mjs';
import {
  initEndpointOf, join, login, openSdk, startSdkPage, state, untilState,
} from './lib/sdk.mjs';

let server, sdkPage, meeting, host, guest;

before(async () => {
  server = await startServer();
  sdkPage = await startSdkPage();
  meeting = await server.meeting({ name: 'first-call' });
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  await openSdk(host.page, sdkPage);
  await openSdk(guest.page, sdkPage);
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  await server?.stop();
});

// The numbers at two moments: `grew` waits until all of them are larger than before.
async function untilGrew(page, fields, what) {
  const first = await inbound(page);
  return until(async () => {
    const now = await inbound(page);
    return fields.every(([field, by]) => now[field] > first[field] + by) && now;
  }, what);
}

// Both in the meeting, whatever was before: each test stands alone.
async function inCall() {
  for (const [person, code, name] of [[host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus']]) {
    if ((await state(person.page)).roomState === 'Connected') continue;
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
  for (const person of [host, guest]) {
    await untilState(person.page, (now) => now.peers.length === 2 && now.peerCount === 2, 'two peers');
  }
}

test('1-4: a code becomes a token that the SDK can read', async () => {
  const token = await login(host.page, server, meeting.host, '>>>???~~~é');
  const payload = token.split('.')[1];
  assert.doesNotMatch(payload, /[-_]/);
  const claims = JSON.parse(Buffer.from(payload, 'base64'));
  assert.equal(claims.user_id, '>>>???~~~é');
  assert.equal(claims.role, 'host');
  assert.equal(claims.room_id, meeting.room.id);
  const other = await login(guest.page, server, meeting.guest, 'g');
  assert.equal(JSON.parse(Buffer.from(other.split('.')[1], 'base64')).room_id, meeting.room.id);

  await assert.rejects(login(host.page, server, 'aaa-bbbb-ccc', 'x'), /./);
});

test('20: a preview sees the policy and the room and joins nothing', async () => {
  const authToken = await login(guest.page, server, meeting.guest, 'preview');
  await guest.page.evaluate((config) => window.person.preview(config),
    { authToken, userName: 'Gus', initEndpoint: initEndpointOf(server) });
  const seen = await untilState(guest.page, (s) => s.roomState === 'Preview', 'the preview');
  assert.equal(seen.local.roleName, 'guest');
  assert.equal(seen.connected, false);
  await openSdk(guest.page, sdkPage); // a new page: the preview is gone
});

test('15-18, 21, 22, 24, 25, 27: both join, see and hear each other', async () => {
  await inCall();
  for (const person of [host, guest]) {
    const s = await state(person.page);
    assert.equal(s.room.name, 'first-call');
    assert.match(s.room.sessionId, /^[0-9a-f]{24}$/);
    assert.ok(s.room.startedAt);
    const other = s.peers.find((peer) => !peer.isLocal);
    assert.equal(other.name, person === host ? 'Gus' : 'Hana');
    assert.equal(other.roleName, person === host ? 'guest' : 'host');
    assert.equal(other.customerUserId, person === host ? 'user-Gus' : 'user-Hana');
    await untilGrew(person.page, [['framesDecoded', 20], ['audioPackets', 20]],
      'frames and audio');
    const energy = await until(async () => (await inbound(person.page)).audioEnergy > 0,
      'audio energy');
    assert.ok(energy);
    assert.ok((await person.page.evaluate(() => window.person.colours())) > 8, 'a blank picture');
    assert.ok((await inbound(person.page)).keyFrames >= 1);
  }
});

test('lips and voice stay together: both streams are played out of one clock', async () => {
  await inCall();
  // Chromium knows this time only where sender reports tie a stream to its publisher's clock.
  const playout = () => guest.page.evaluate(async () => {
    const times = {};
    for (const connection of window.testConnections) {
      for (const stat of (await connection.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.estimatedPlayoutTimestamp) {
          times[stat.kind] = stat.estimatedPlayoutTimestamp;
        }
      }
    }
    return times;
  });
  const { audio, video } = await until(async () => {
    const times = await playout();
    return times.audio && times.video && Math.abs(times.audio - times.video) < 250 && times;
  }, 'audio and video within 250 ms');
  assert.ok(Math.abs(audio - video) < 250);
});

test('figure: the first remote video frame comes within 1.5 s of the join', async () => {
  await inCall();
  const { marks } = await untilState(guest.page, (now) => now.marks.firstFrame, 'the first frame');
  const ms = marks.firstFrame - marks.join;
  console.log(`# figure first remote video frame ${Math.round(ms)} ms after join`);
  assert.ok(ms < 1500 * patience, `${ms} ms`);
});

test('33: active-speakers names the audio track that talks', async () => {
  await inCall();
  const s = await untilState(guest.page,
    (now) => Object.values(now.speakers).some((speaker) => speaker.audioLevel > 0), 'a speaker');
  const [trackId, speaker] = Object.entries(s.speakers).find(([, one]) => one.audioLevel > 0);
  assert.ok(speaker.audioLevel <= 100);
  assert.ok(s.peers.some((peer) => peer.audioTrack === trackId && peer.id === speaker.peerID));
});

test('37: chat reaches exactly the right people, never its sender', async () => {
  await inCall();
  const hostId = (await state(host.page)).local.id;
  await host.page.evaluate(() => window.person.actions.sendBroadcastMessage('hello <b>ünï</b> 🙂'));
  await guest.page.evaluate((id) => window.person.actions.sendDirectMessage('psst', id), hostId);
  const atGuest = await untilState(guest.page,
    (s) => s.messages.some((m) => m.message === 'hello <b>ünï</b> 🙂'), 'the broadcast');
  const atHost = await untilState(host.page,
    (s) => s.messages.some((m) => m.message === 'psst'), 'the direct message');
  const sent = atHost.messages.find((m) => m.message.startsWith('hello'));
  const received = atGuest.messages.find((m) => m.message.startsWith('hello'));
  assert.equal(atHost.messages.length, 2, 'an echo would make it three');
  assert.equal(sent.id, received.id);
  assert.equal(sent.time, received.time);
  assert.equal(received.senderName, 'Hana');
});

test('26, 31: mute and unmute are seen by the other, and stop the media', async () => {
  await inCall();
  const setAudio = (on) => host.page.evaluate((v) => window.person.actions.setLocalAudioEnabled(v), on);
  const setVideo = (on) => host.page.evaluate((v) => window.person.actions.setLocalVideoEnabled(v), on);
  const seenBy = (check, what) => untilState(guest.page, (s) => {
    const peer = s.peers.find((p) => !p.isLocal);
    const track = (id) => s.tracks.find((t) => t.id === id);
    return check(track(peer.audioTrack), track(peer.videoTrack));
  }, what, 2000);

  await setAudio(false);
  await seenBy((audio) => audio.enabled === false, 'the audio mute');
  await setVideo(false);
  await seenBy((_, video) => video.enabled === false, 'the video mute');

  const stopped = await until(async () => {
    const a = await inbound(guest.page);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const b = await inbound(guest.page);
    return b.audioPackets === a.audioPackets && b.framesDecoded === a.framesDecoded;
  }, 'both streams to stop');
  assert.ok(stopped);

  await setAudio(true);
  await setVideo(true);
  await seenBy((audio, video) => audio.enabled && video.enabled, 'the unmute');
  await untilGrew(guest.page, [['framesDecoded', 10], ['audioPackets', 10]], 'media again');
});

test('34: a new name and metadata reach all', async () => {
  await inCall();
  await host.page.evaluate(() => window.person.actions.changeName('Hana Ö'));
  await host.page.evaluate(() => window.person.actions.changeMetadata({ isBRBOn: true }));
  await untilState(guest.page, (s) => {
    const peer = s.peers.find((p) => !p.isLocal);
    return peer?.name === 'Hana Ö' && /isBRBOn/.test(peer.metadata ?? '');
  }, 'the new name');
});

test('39, 40, 44: a dropped socket comes back as the same peer while media goes on', async () => {
  await inCall();
  const before_ = await state(guest.page);
  const initial = await inbound(host.page);
  await guest.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await untilState(guest.page, (s) => s.roomState === 'Reconnecting', 'Reconnecting');
  await untilState(guest.page, (s) => s.roomState === 'Connected', 'Connected again');
  const after_ = await state(guest.page);
  assert.equal(after_.local.id, before_.local.id);
  assert.equal(after_.peers.length, 2);
  const hostSaw = (await state(host.page)).notifications.filter((n) => n.type === 'PEER_LEFT');
  assert.equal(hostSaw.length, 0);
  assert.ok((await inbound(host.page)).framesDecoded > initial.framesDecoded);
  await untilGrew(guest.page, [['framesDecoded', 10], ['audioPackets', 10]], 'media after it');

  await guest.page.evaluate(() => window.person.actions.sendBroadcastMessage('back again'));
  await untilState(host.page, (s) => s.messages.some((m) => m.message === 'back again'),
    'chat from the one who came back');
  await host.page.evaluate(() => window.person.actions.sendBroadcastMessage('welcome'));
  await untilState(guest.page, (s) => s.messages.some((m) => m.message === 'welcome'),
    'chat to the one who came back');
});

test('41: a second socket replaces the first, whose close removes nobody', async () => {
  await inCall();
  // The SDK takes 12 s of silence for a dead socket and opens another; here it is made deaf by
  // cutting its handlers, so that the old one stays open until the new one is there.
  await guest.page.evaluate(() => {
    const socket = window.testSockets.at(-1);
    window.cutSocket = socket;
    socket.dispatchEvent(new CloseEvent('close', { code: 1006 }));
  });
  await until(() => guest.page.evaluate(
    () => window.testSockets.at(-1) !== window.cutSocket && window.testSockets.at(-1).readyState === 1),
  'a second socket');
  await untilState(guest.page, (s) => s.roomState === 'Connected', 'Connected again');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal((await state(host.page)).peers.length, 2);
  await untilGrew(host.page, [['framesDecoded', 5]], 'media goes on');
});

test('30, 44: leaving is seen at once and the others go on', async () => {
  await inCall();
  await guest.page.evaluate(() => window.person.actions.leave());
  await untilState(host.page, (now) => now.peers.length === 1 && now.peerCount === 1,
    'the leave', 2000);
  // Comes again: a new peer in new sections of the same connection.
  await openSdk(guest.page, sdkPage);
  await join(guest.page, server, meeting.guest, 'Gus');
  await untilState(host.page, (now) => now.peers.length === 2, 'the second join');
  await untilGrew(host.page, [['framesDecoded', 20], ['audioPackets', 20]], 'media after rejoin');
  await untilGrew(guest.page, [['framesDecoded', 20], ['audioPackets', 20]], 'media after rejoin');
});

test('43: after a restart a client that the server does not know is told, and does not hang', async () => {
  await inCall();
  await server.restart('SIGKILL', () => server.forgetSessions());
  await untilState(host.page, (s) => s.roomState === 'Failed' || s.roomState === 'Disconnected',
    'the end of the call');
});

test('7: a bad token and a disabled room are refused at init, without a hang', async () => {
  await server.call('POST', `/v2/rooms/${meeting.room.id}`, { enabled: true });
  const authToken = await login(guest.page, server, meeting.guest, 'late');
  await server.call('POST', `/v2/rooms/${meeting.room.id}`, { enabled: false });
  await openSdk(guest.page, sdkPage);
  const refused = await guest.page.evaluate((config) =>
    window.person.join(config).then(() => 'joined', (error) => error.code), {
    authToken, userName: 'Late', initEndpoint: initEndpointOf(server),
  });
  assert.equal(refused, 403);
  const parts = authToken.split('.');
  const forged = [parts[0], parts[1], 'A'.repeat(43)].join('.');
  await openSdk(guest.page, sdkPage);
  const unauthorised = await guest.page.evaluate((config) =>
    window.person.join(config).then(() => 'joined', (error) => error.code), {
    authToken: forged, userName: 'Mallory', initEndpoint: initEndpointOf(server),
  });
  assert.equal(unauthorised, 401);
});

test('47: no request of the whole call left our own origins', () => {
  // One drop of the socket makes the SDK report to a host that is a constant in it; an
  // application page keeps that at home by its Content-Security-Policy, ours rewrites it.
  const outside = [...host.problems, ...guest.problems]
    .filter((problem) => !problem.includes('event.100ms.live'));
  assert.deepEqual(outside, []);
});
