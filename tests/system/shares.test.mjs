// Screens are shared and stopped again, one after the other, in one connection. A browser keeps every section that
// there ever was, so each description is longer than the one before: 85 of them make half a megabyte.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nightly, patience, startServer, top, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

const SHARES = 85;
// What a socket may cost the control thread: 4 ns an octet and 12 ns a line end, 8 ms a second (base/limits.h).
const PAUSE_MS_PER_OCTET = 5.2e-6 / 8 * 1000;

let server;

before(async () => { server = await startServer(); });
after(() => server?.stop());

// --- A connection as Chromium describes it: its own lines, of a recorded offer ---

const recorded = readFileSync(
  join(top, 'tests/vectors/sdp/chromium-156.0.8078.79_offer_publish-8-section-reused.sdp'), 'latin1');
const [session, ...sections] = recorded.split(/^(?=m=)/m);
const channel = sections.find((section) => section.startsWith('m=application'));
const audio = sections.find((section) => section.startsWith('m=audio'));
const video = sections.find((section) => section.startsWith('m=video') && section.includes('a=sendonly'));

const idOf = (mid) => `00000000-0000-4000-8000-${String(mid).padStart(12, '0')}`;

// The section with a mid, a track and SSRCs of its own.
const sectionOf = (section, mid, live) => section
  .replace(/^a=mid:.*$/m, `a=mid:${mid}`)
  .replace(/^a=(sendonly|inactive)/m, live ? 'a=sendonly' : 'a=inactive')
  .replace(/^(a=msid:|a=ssrc:\d+ msid:).*$/gm, `$1${idOf(mid - 1 + mid % 2)} ${idOf(mid)}`)
  .replace(/^(a=ssrc(?:-group:FID |:))(\d+)( \d+)?/gm, (_, head, __, rtx) =>
    head + (rtx ? `${1000 + mid} ${2000 + mid}` : `${1000 + mid}`));

// After `count` shares, each of video and audio, of which the last goes on if `live`.
function describe(count, live) {
  const mids = Array.from({ length: 2 * count }, (_, i) => i + 1);
  const isLive = (mid) => live && mid > 2 * count - 2;
  const all = mids.map((mid) => sectionOf(mid % 2 ? video : audio, mid, isLive(mid)));
  const sdp = session.replace(/^a=group:BUNDLE.*$/m, ['a=group:BUNDLE 0', ...mids].join(' '))
    + channel + all.join('');
  const tracks = Object.fromEntries(mids.filter(isLive).map((mid) => [idOf(mid), {
    type: mid % 2 ? 'video' : 'audio', source: 'screen', description: '', mute: false,
    track_id: idOf(mid), stream_id: idOf(mid - 1 + mid % 2),
  }]));
  return { desc: { type: 'offer', sdp: sdp.replace(/\r?\n/g, '\r\n') }, tracks };
}

// What each thread has worked, in milliseconds.
function worked() {
  const folder = `/proc/${server.pid}/task`;
  const of = (id) => Number(readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  const media = readdirSync(folder).find((id) => readFileSync(`${folder}/${id}/comm`, 'utf8').startsWith('media-'));
  return { control: of(server.pid), media: of(media) };
}

const sectionCount = (sdp) => sdp.split(/^m=/m).length - 1;

test(`${SHARES} shares of a screen, one after the other, are answered, and none takes 5 ms of a thread`, async () => {
  const { host, guest } = await server.meeting();
  const other = await Client.of(server, guest, 'other');
  await other.connect();
  assert.ok((await other.request('join', { name: 'other', data: '' })).result);
  const one = await Client.of(server, host, 'one');
  await one.connect();
  const joined = await one.request('join', { name: 'one', data: '', offer: describe(0, false).desc });
  assert.ok(joined.result, JSON.stringify(joined.error));

  let octets = 0;
  const offer = async (count, live) => {
    const params = describe(count, live);
    octets = params.desc.sdp.length;
    const before = worked();
    const { result, error } = await one.request('offer', params);
    assert.ok(result, `share ${count}, ${octets} octets: ${JSON.stringify(error)}`);
    assert.equal(sectionCount(result.sdp), 1 + 2 * count);
    assert.equal(result.sdp.match(/a=recvonly/g)?.length ?? 0, live ? 2 : 0);
    const now = worked();
    await sleep(octets * PAUSE_MS_PER_OCTET);
    return { control: now.control - before.control, media: now.media - before.media };
  };
  // A share that follows another at once stops it in the same description; by night each is stopped for itself.
  for (let count = 1; count <= SHARES; count++) {
    await offer(count, true);
    if (nightly) await offer(count, false);
  }
  await until(() => other.said('on-track-add').length === SHARES, 'the other to hear of every share');
  assert.equal(other.said('on-track-add').at(-1).params.tracks[idOf(2 * SHARES)].source, 'screen');

  // The least of five: a machine that does other things makes some take longer.
  const took = { control: [], media: [] };
  for (let i = 0; i < 5; i++) {
    const { control, media } = await offer(SHARES, i % 2 === 1);
    took.control.push(control);
    took.media.push(media);
  }
  const least = Object.fromEntries(Object.entries(took).map(([thread, all]) => [thread, Math.min(...all)]));
  console.log(`# ${octets} octets took ${least.control.toFixed(1)} ms of the control thread, ${least.media.toFixed(1)} ms of a worker`);
  assert.ok(octets > 420 * 1024, `${octets} octets`);
  for (const [thread, ms] of Object.entries(least)) assert.ok(ms < 5 * patience, `${thread}: ${ms.toFixed(1)} ms`);
  for (const client of [one, other]) {
    assert.ok(client.open);
    client.socket.terminate();
  }
});
