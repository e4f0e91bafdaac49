// Encoders and players without our signalling in a room with the unmodified SDK: a page that knows
// nothing but RTCPeerConnection, and a WebRTC stack that is not a browser's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appToken, WhipClient } from '../system/whip_client.mjs';
import { installFfmpeg, publishByFfmpeg } from '../system/ffmpeg_client.mjs';
import { werift } from '../system/peer.mjs';
import { inbound, openPerson } from './lib/chromium.mjs';
import { buildRelay, startRelay } from './lib/pion.mjs';
import { nightly, startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, meeting, host, bare, hostToken, guestToken;

before(async () => {
  installFfmpeg();
  server = await startServer(['--ice-servers', '[{"urls":"stun:127.0.0.1:9"}]']);
  sdkPage = await startSdkPage();
  meeting = await server.meeting();
  hostToken = await appToken(server, meeting.host, 'encoder');
  guestToken = await appToken(server, meeting.guest, 'player');
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  bare = await openPerson({ origins });
  await openSdk(host.page, sdkPage);
  await join(host.page, server, meeting.host, 'Hana');
  await untilState(host.page, (s) => s.tracks.length === 2, 'her tracks');
  await openSdk(bare.page, sdkPage); // for its origin only: nothing of it is used
});
after(async () => {
  await host?.close();
  await bare?.close();
  await sdkPage?.stop();
  await server?.stop();
});

// Runs in the page: one connection and one POST.
async function open([url, token, sends]) {
  const pc = new RTCPeerConnection();
  const peer = { pc };
  if (sends) {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of media.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
  } else {
    for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
    const element = Object.assign(document.createElement('video'), { autoplay: true, playsInline: true, width: 320 });
    document.body.append(element);
    pc.ontrack = ({ streams: [stream] }) => (element.srcObject = stream);
    peer.element = element;
  }
  await pc.setLocalDescription();
  const posted = await fetch(url, { method: 'POST', body: pc.localDescription.sdp,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' } });
  const sdp = await posted.text();
  if (posted.status !== 201) throw new Error(`${posted.status} ${sdp}`);
  await pc.setRemoteDescription({ type: 'answer', sdp });
  const said = ['location', 'etag', 'link'].map((name) => posted.headers.get(name));
  (window.whipPeers ??= []).push(Object.assign(peer, { resource: new URL(said[0], url).href, token }));
  return said;
}

const leave = (page, at) => page.evaluate(async (i) => {
  const { pc, resource, token, element } = window.whipPeers[i];
  const { status } = await fetch(resource, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  pc.close();
  element?.remove();
  return status;
}, at);

// More than `frames` pictures decoded, and sound that is not silence, from now on.
async function untilPlays(page, what, frames = 20) {
  const first = await inbound(page);
  await until(async () => {
    const now = await inbound(page);
    return now.framesDecoded > first.framesDecoded + frames && now.audioEnergy > first.audioEnergy;
  }, what);
}

// Pictures that the page decoded of each track.
const decoded = async (page) =>
  Object.fromEntries((await inbound(page)).video.map(({ track, frames }) => [track, frames]));

test('a page without any library watches the room', async () => {
  const said = await bare.page.evaluate(open, [`${server.origin}/whep/${meeting.room.id}`, guestToken, false]);
  assert.match(said[0], /^\/whep\//);
  assert.match(said[2], /^<stun:127\.0\.0\.1:9>; rel="ice-server", <\/whep\/[^>]*\/layer>; rel="urn:ietf:params:whep:ext:core:layer"$/);
  await untilPlays(bare.page, 'the page to play Hana');
  const size = await bare.page.evaluate(() => [window.whipPeers[0].element.videoWidth, window.whipPeers[0].element.videoHeight]);
  assert.ok(size[0] > 0 && size[1] > 0, String(size));
  const seen = await untilState(host.page, (s) => s.peers.some(({ name }) => name === 'player'), 'the player');
  assert.equal(seen.peers.find(({ name }) => name === 'player').roleName, 'guest');
});

test('sound and picture of a player are played out of one clock', async () => {
  const apart = () => bare.page.evaluate(async () => {
    const stats = [...(await window.whipPeers[0].pc.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const at = stats.map((stat) => stat.estimatedPlayoutTimestamp);
    return at.length === 2 && at.every((moment) => moment > 0) ? Math.abs(at[0] - at[1]) : null;
  });
  const ms = await until(async () => (await apart()) ?? false, 'sender reports on both streams');
  assert.ok(ms < 500, `${ms} ms apart`);
});

test('a restart of ICE by PATCH leaves the player as it is', async () => {
  const [etag, mine] = await bare.page.evaluate(async () => {
    const { pc, resource, token } = window.whipPeers[0];
    const lines = (sdp) => ['ice-ufrag', 'ice-pwd'].map((name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))[0].trim());
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
    const patched = await fetch(resource, { method: 'PATCH', body: lines(pc.localDescription.sdp).join('\r\n') + '\r\n',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' } });
    if (patched.status !== 200) throw new Error(String(patched.status));
    const [ufrag, pwd] = lines(await patched.text());
    await pc.setRemoteDescription({ type: 'answer',
      sdp: pc.remoteDescription.sdp.replace(/^a=ice-ufrag:.*$/gm, ufrag).replace(/^a=ice-pwd:.*$/gm, pwd) });
    return [patched.headers.get('etag'), lines(pc.localDescription.sdp)[0].replace('a=ice-ufrag:', '')];
  });
  assert.match(etag, /^"/);
  // What is used now was checked under the new credentials.
  const inUse = () => bare.page.evaluate(async () => {
    const stats = await window.whipPeers[0].pc.getStats();
    const { selectedCandidatePairId: id } = [...stats.values()].find(({ type }) => type === 'transport');
    return stats.get(stats.get(id)?.localCandidateId)?.usernameFragment;
  });
  await until(async () => (await inUse()) === mine, 'a path under the new credentials');
  await untilPlays(bare.page, 'the page to play on', 40);
});

test('the page publishes, and Hana sees and hears it; it leaves by a DELETE', async () => {
  await bare.page.evaluate(open, [`${server.origin}/whip/${meeting.room.id}?name=Page&peer=page`, hostToken, true]);
  const seen = await untilState(host.page, (s) => s.tracks.filter((t) => t.peerId === 'page').length === 2, 'its tracks');
  const peer = seen.peers.find(({ id }) => id === 'page');
  assert.deepEqual([peer.name, peer.roleName, peer.customerUserId], ['Page', 'host', 'encoder']);
  assert.deepEqual(seen.tracks.filter((t) => t.peerId === 'page').map((t) => [t.type, t.source, t.enabled]).sort(),
    [['audio', 'regular', true], ['video', 'regular', true]]);
  await untilPlays(host.page, 'Hana to see and hear the page');
  assert.ok((await decoded(host.page))[peer.videoTrack] > 20);
  assert.equal(await leave(bare.page, 1), 200);
  await untilState(host.page, (s) => !s.peers.some(({ id }) => id === 'page'), 'it to be gone');
  assert.deepEqual(bare.problems, []);
});

// An encoder has names of its own for its encodings, and the role has none of them.
test('of simulcast encodings those that will be forwarded are answered, and Hana sees them', async () => {
  const answered = await bare.page.evaluate(async ([url, token]) => {
    const pc = new RTCPeerConnection();
    const media = await navigator.mediaDevices.getUserMedia({ video: true });
    pc.addTransceiver(media.getTracks()[0], { direction: 'sendonly', streams: [media],
      sendEncodings: [{ rid: 'low', scaleResolutionDownBy: 2 }, { rid: 'top' }] });
    await pc.setLocalDescription();
    const posted = await fetch(url, { method: 'POST', body: pc.localDescription.sdp,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' } });
    const sdp = await posted.text();
    await pc.setRemoteDescription({ type: 'answer', sdp });
    const resource = new URL(posted.headers.get('location'), url).href;
    window.whipPeers.push({ pc, resource, token });
    return sdp.match(/^a=(rid|simulcast):.*$/gm).map((line) => line.trim());
  }, [`${server.origin}/whip/${meeting.room.id}?peer=layers`, hostToken]);
  assert.deepEqual(answered, ['a=rid:low recv', 'a=simulcast:recv low']);
  const seen = await untilState(host.page, (s) => s.tracks.some((t) => t.peerId === 'layers'), 'its track');
  const { id } = seen.tracks.find((t) => t.peerId === 'layers');
  await until(async () => (await decoded(host.page))[id] > 20, 'Hana to see it');
  assert.equal(await leave(bare.page, 2), 200);
});

test('what another stack watches and publishes again is seen by Hana: real media, both ways', async () => {
  const viewer = await WhipClient.watch(server, guestToken, ['audio', 'video'], '?name=relay');
  const encoder = await WhipClient.publish(server, hostToken, ['audio', 'video'], '?peer=relayed');
  try {
    const senders = Object.fromEntries(encoder.transceivers.map(({ kind, sender }) => [kind, sender]));
    const [dtls] = viewer.pc.dtlsTransports;
    const pli = () => dtls.sendRtcp([new werift.RtcpPayloadSpecificFeedback({
      feedback: new werift.PictureLossIndication({ senderSsrc: 1, mediaSsrc: viewer.sink('video').ssrc }) })]);
    senders.video.onPictureLossIndication.subscribe(pli);
    viewer.onPacket = ({ header, payload }) => {
      const sink = viewer.sinks.find(({ ssrc }) => ssrc === header.ssrc);
      if (!sink || payload.length === 0) return;
      const { sequenceNumber, timestamp, marker } = header;
      senders[sink.kind].sendRtp(new werift.RtpPacket(new werift.RtpHeader(
        { sequenceNumber, timestamp, marker, payloadType: 0, ssrc: 0 }), payload)).catch(() => {});
    };
    const seen = await untilState(host.page, (s) => s.tracks.filter((t) => t.peerId === 'relayed').length === 2, 'the relay');
    const { videoTrack } = seen.peers.find(({ id }) => id === 'relayed');
    await until(async () => (await decoded(host.page))[videoTrack] > 20, 'decoded pictures of the relay');
    await untilPlays(host.page, 'its sound');
    assert.deepEqual(viewer.sinks.map(({ missing }) => missing.length), [0, 0]);
  } finally {
    await encoder.delete();
    await viewer.delete();
    await Promise.all([encoder.end(), viewer.end()]);
  }
});

// No browser publishes it by itself. High is decoded by those with a decoder in hardware only, which no test has.
test('H.264 main of FFmpeg is decoded by Hana, and by the page that watches', async () => {
  const publishing = publishByFfmpeg(`${server.origin}/whip/${meeting.room.id}?peer=ffmpeg`,
    await appToken(server, meeting.host, 'ffmpeg'), 8, 'main');
  const trackOf = (s) => s.peers.find(({ id }) => id === 'ffmpeg')?.videoTrack;
  const seen = await untilState(host.page, trackOf, 'its track');
  await bare.page.evaluate(open, [`${server.origin}/whep/${meeting.room.id}?peer=ffmpeg`, guestToken, false]);
  const watched = await bare.page.evaluate(() => window.whipPeers.length - 1);
  const played = () => bare.page.evaluate(async (at) => {
    const stats = await window.whipPeers[at].pc.getStats();
    const video = [...stats.values()].find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const { mimeType, sdpFmtpLine } = stats.get(video?.codecId) ?? {};
    return video?.framesDecoded > 20 && { mimeType, sdpFmtpLine };
  }, watched);
  const codec = await until(played, 'the page to play it');
  assert.equal(codec.mimeType, 'video/H264');
  assert.match(codec.sdpFmtpLine, /profile-level-id=4d00/);
  await until(async () => (await decoded(host.page))[trackOf(seen)] > 20, 'Hana to see it');
  assert.equal(await leave(bare.page, watched), 200);
  await publishing;
});

// go compiles Pion for half a minute; by day werift, above, stands for those that are no browser's.
test('Pion watches and publishes too', { skip: !nightly && 'in ./dev nightly' }, async () => {
  const relay = buildRelay();
  const { local } = await state(host.page);
  const pion = startRelay(relay.path, [server.origin, meeting.room.id, guestToken, hostToken, local.id, 'pion']);
  try {
    const seen = await untilState(host.page, (s) => s.tracks.filter((t) => t.peerId === 'pion').length === 2, 'Pion');
    await until(() => pion.last.audio > 50 && pion.last.video > 50, 'packets to reach Pion');
    const { videoTrack } = seen.peers.find(({ id }) => id === 'pion');
    await until(async () => (await decoded(host.page))[videoTrack] > 20, 'decoded pictures of Pion');
    await untilPlays(host.page, 'its sound');
  } finally {
    const lines = await pion.end();
    relay.remove();
    assert.deepEqual(lines.slice(-2), [{ deleted: 200 }, { deleted: 200 }]);
  }
});

test('a player that waits sees who comes, who goes and who comes again', async () => {
  const { host: code, guest, room } = await server.meeting();
  const [sends, watches] = [await appToken(server, code, 'e'), await appToken(server, guest, 'p')];
  assert.equal(await leave(bare.page, 0), 200);
  await bare.page.evaluate(open, [`${server.origin}/whep/${room.id}`, watches, false]);
  const publish = (query) => host.page.evaluate(open, [`${server.origin}/whip/${room.id}${query}`, sends, true]);
  await publish('?peer=first');
  await untilPlays(bare.page, 'the first');
  await publish('?peer=second');
  await host.page.evaluate(() => window.whipPeers[0].pc.close()); // without a DELETE: DTLS says so
  await untilPlays(bare.page, 'the second, as soon as the first hung up');
  const listed = (await server.call('GET', `/v2/active-rooms/${room.id}/peers`)).body.peers;
  assert.deepEqual(Object.keys(listed).filter((id) => ['first', 'second'].includes(id)), ['second']);
  assert.equal(await leave(host.page, 1), 200);
  await publish('?peer=third');
  await untilPlays(bare.page, 'the third');
  assert.deepEqual(bare.problems, []);
  assert.equal((await state(host.page)).connected, true);
});
