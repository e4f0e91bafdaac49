// FFmpeg's WHIP client against the real binary: H.264 beyond baseline, GnuTLS as the other side of DTLS in both roles.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { patience, startServer, until } from '../browser/lib/server.mjs';
import { installFfmpeg, publishByFfmpeg } from './ffmpeg_client.mjs';
import { Peer, werift } from './peer.mjs';
import { appToken, WhipClient } from './whip_client.mjs';

let server, meeting, ann, folder;
const open = []; // whatever is to be ended

before(async () => {
  installFfmpeg();
  folder = mkdtempSync(join(tmpdir(), 'parlor-ffmpeg-'));
  server = await startServer();
  meeting = await server.meeting();
  ann = await Peer.join(server, meeting.host, { name: 'ann' });
});
after(async () => {
  await Promise.all([ann?.end(), ...open.map((viewer) => viewer.end())]);
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

// A viewer of one peer who decodes H.264 of this profile.
function watch(peer, profileLevelId) {
  const video = [werift.useH264({ payloadType: 102, rtcpFeedback: [werift.useNACK(), werift.usePLI()],
    parameters: `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}` })];
  return appToken(server, meeting.guest, `viewer of ${peer}`).then((token) => WhipClient.watch(server, token,
    ['audio', 'video'], `?peer=${peer}`, { codecs: { audio: [werift.useOPUS({ payloadType: 111 })], video } }));
}

const told = (method, peer) => ann.said(method).some(({ params }) => (params.peer?.peer_id ?? params.peer_id) === peer);

async function flows(peer, profile, profileLevelId, ...options) {
  const writing = publishByFfmpeg(`${server.origin}/whip/${meeting.room.id}?peer=${peer}`,
    await appToken(server, meeting.host, peer), 3, profile, ...options);
  await until(() => told('on-track-add', peer), `${peer} to publish`);
  const viewer = await watch(peer, profileLevelId);
  open.push(viewer);
  const written = await writing;
  // A client that waits for us before each packet takes minutes for three seconds.
  assert.ok(written.took < 10 * patience, JSON.stringify(written));
  const [video, audio] = [viewer.sink('video'), viewer.sink('audio')];
  const [sps, aggregate] = [7, 24]; // RFC 6184 section 5.4: what a key frame begins with
  assert.ok([sps, aggregate].includes(video.first.payload[0] & 31), `${video.first.payload[0]}`);
  assert.ok(video.packets.size > 30, `${video.packets.size} packets of video`);
  assert.ok(audio.packets.size > 50, `${audio.packets.size} packets of audio`);
  assert.deepEqual([video.missing, audio.missing], [[], []]);
  await until(() => told('on-peer-leave', peer), `${peer} to leave`);
  await viewer.delete();
}

test('FFmpeg as it comes: the passive side of DTLS, with a certificate of its own, H.264 high', () =>
  flows('high', 'high', '64001f'));

test('FFmpeg as the active side with a P-256 certificate, H.264 baseline', async () => {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
    '-out', certificate, '-subj', '/CN=encoder', '-days', '2'], { stdio: 'pipe' });
  await flows('active', 'baseline', '42e01f',
    'whip_flags=dtls_active', `cert_file=${certificate}`, `key_file=${key}`);
});
