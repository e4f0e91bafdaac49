// Chromium's own receiver behind a real bottleneck: what its user sees and hears when there is less room than is sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appToken } from '../system/whip_client.mjs';
import { openBottleneck, whyNoBottleneck } from './lib/bottleneck.mjs';
import { makeCameras } from './lib/cameras.mjs';
import { openPerson } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { nightly, startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state } from './lib/sdk.mjs';
import { startWatching, watched } from './lib/watching.mjs';

// They measure what two busy browsers do: by night, with the machine for themselves.
const skip = whyNoBottleneck() ?? (!nightly && 'in ./dev nightly');

const second = 1000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let server, sdkPage, template, wide, narrow, line, relay, cameras;

const layers = [['f', 1, 1500], ['h', 2, 500], ['q', 4, 200]].map(([rid, scaleResolutionDownBy, maxBitrate]) =>
  ({ rid, scaleResolutionDownBy, maxBitrate, maxFramerate: 30 }));
const roles = {
  host: { name: 'host', publishParams: { allowed: ['audio', 'video'], simulcast: { video: { layers } },
    video: { bitRate: 1500, codec: 'vp8', frameRate: 30, width: 960, height: 540 } } },
  guest: { name: 'guest', publishParams: { allowed: [] }, subscribeParams: { subscribeToRoles: ['host'], maxSubsBitRate: 10000 } },
};

before(async () => {
  if (skip) return;
  server = await startServer(['--public-ip', '127.0.0.1']);
  sdkPage = await startSdkPage();
  const made = await server.call('POST', '/v2/templates', { name: 'narrow', roles });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  template = made.body;
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  line = await openBottleneck([server.port, Number(new URL(sdkPage.origin).port)], 3000);
  relay = await startRelay(server.mediaPort, line.host);
  relay.delayMs = 20;
  wide = await openPerson({ origins });
  narrow = await openPerson({ origins, executablePath: line.executable });
  await narrow.page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port, line.host]);
  await openSdk(wide.page, sdkPage);
  cameras = await makeCameras(wide.page);
});

after(async () => {
  await wide?.close();
  await narrow?.close();
  relay?.stop();
  await line?.close();
  cameras?.remove();
  await sdkPage?.stop();
  await server?.stop();
});

// A room with so many cameras; `people` look on. Calls `during` while they do.
async function play(count, people, during) {
  const meeting = await server.meeting({ template_id: template.id });
  const crew = await cameras.enter(server, meeting.room.id, await appToken(server, meeting.host, 'cameras'), count);
  for (const person of people) await openSdk(person.page, sdkPage);
  line.watch();
  await Promise.all(people.map((person) => join(person.page, server, meeting.guest, person === wide ? 'Wanda' : 'Nora')));
  for (const person of people) await person.page.evaluate(startWatching);
  const began = performance.now();
  try {
    // All sounds, and a picture: of those that there is no room for nothing comes.
    await until(async () => {
      const kinds = (await narrow.page.evaluate(() => window.looks.at(-1)?.streams ?? [])).map(({ kind }) => kind);
      return kinds.filter((kind) => kind === 'audio').length >= count && kinds.includes('video');
    }, 'all streams to be there');
    await during(began);
  } finally {
    await crew.leave();
    for (const person of people) await person.page.goto('about:blank');
  }
}

const figure = (name, ...words) => console.log(`# figure ${name}: ${words.join(', ')}`);
const round = (value) => Math.round(value * 10) / 10;
const told = ({ rate, longest, kbps, heights, lost, heldMs }) => `${round(rate)} frames/s, ${Math.round(kbps)} kbit/s, `
  + `longest gap ${Math.round(longest)} ms, height ${heights.at(-1)[1]}, ${lost} lost, ${Math.round(heldMs)} ms held`;

test('300 kbit/s beside a wide line: sound and a moving picture, and the other loses nothing', { skip }, async () => {
  line.setRate(300);
  await play(1, [narrow, wide], async (began) => {
    await pause(40 * second);
    const [little, much] = [await watched(narrow, 4 * second), await watched(wide, 4 * second)];
    const { longest } = line.queue(began + 3 * second);
    const [[, small], [, large]] = [[...little.videos][0], [...much.videos][0]];
    figure('narrow', `${round(little.sound)} % concealed`, told(small), `queue up to ${Math.round(longest)} ms`, `${line.dropped()} dropped`);
    figure('wide', `${round(much.sound)} % concealed`, told(large));
    assert.ok(little.sound < 2, `${little.sound} % of the sound was invented`);
    assert.ok(small.rate >= 10, `${small.rate} frames a second`);
    assert.ok(longest < 250, `the queue grew to ${longest} ms`);
    assert.equal(large.lost, 0);
    assert.ok(large.heights.every(([, height]) => height === 540), 'the wide one left the best layer');
    assert.ok(large.rate >= 25, `${large.rate} frames a second`);
  });
});

test('3, then 0.5, then 3 Mbit/s: no long queue, no freeze, and the best layer again', { skip }, async () => {
  line.setRate(3000);
  await play(1, [narrow], async () => {
    await pause(12 * second);
    line.setRate(500);
    await pause(30 * second);
    line.setRate(3000);
    const risen = await narrow.page.evaluate(() => performance.now() - window.looks[0].at);
    await pause(13 * second);
    const seen = await watched(narrow, 3 * second);
    const [[, video]] = [...seen.videos];
    const { longest, over } = line.queue();
    const low = video.heights.filter(([at, height]) => at >= risen && height < 540).at(-1);
    const back = low ? low[0] - risen : 0;
    figure('steps', `${round(seen.sound)} % concealed`, told(video), `queue up to ${Math.round(longest)} ms`,
      `above 200 ms for ${Math.round(over)} ms`, `best layer after ${Math.round(back)} ms`);
    assert.ok(over <= 1000, `the queue was above 200 ms for ${over} ms`);
    assert.ok(video.longest <= 1000, `the picture stood for ${video.longest} ms`);
    assert.ok(video.heights.some(([at, height]) => at < 12 * second && height === 540), 'never at the best layer');
    assert.ok(back <= 10 * second, `the best layer came after ${back} ms`);
  });
});

test('nine cameras on 1.2 Mbit/s: sound whole, who speaks moves, the others are low and told so', { skip }, async () => {
  line.setRate(1200);
  await play(9, [narrow], async () => {
    await pause(40 * second);
    const seen = await watched(narrow, 6 * second);
    const { peers, tracks } = await state(narrow.page);
    const speaker = peers.find((peer) => peer.name === 'camera-1').videoTrack;
    const others = tracks.filter(({ type, id }) => type === 'video' && id !== speaker);
    const speaks = seen.videos.get(speaker);
    const heights = others.map(({ id }) => (seen.videos.get(id)?.rate > 1 ? seen.videos.get(id).heights.at(-1)[1] : 0));
    const degraded = others.filter((track) => track.degraded).length;
    figure('nine', `${round(seen.sound)} % concealed of the worst of ${seen.sounds}`, speaks ? told(speaks) : 'no picture of the speaker',
      `others at ${heights.join(' ')}`, `${degraded} told as degraded`, `${line.dropped()} dropped`);
    assert.ok(seen.sound < 1, `${seen.sound} % of a sound was invented`);
    assert.ok(speaks?.rate >= 15, `the speaker has ${speaks?.rate} frames a second`);
    assert.equal(others.length, 8);
    assert.ok(heights.every((height) => height <= 135), `others are at ${heights}`);
    // The SDK calls a track degraded of which nothing comes.
    assert.ok(degraded > 0 && degraded >= heights.filter((height) => height === 0).length, `${degraded} told as degraded`);
  });
});
