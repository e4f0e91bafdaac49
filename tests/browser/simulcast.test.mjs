// A camera that is sent in three sizes, as the default flags have it where the role has layers: who looks at it in a small
// window gets small pictures, who looks at it in a large one gets large ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { ALL_SIZES, PATIENCE_MS, startServer, until } from './lib/server.mjs';

const layers = [['f', 1, 500], ['h', 2, 200], ['q', 4, 80]].map(([rid, scaleResolutionDownBy, maxBitrate]) =>
  ({ rid, scaleResolutionDownBy, maxBitrate, maxFramerate: 30 }));
const role = (name, allowed) => ({ name, publishParams: { allowed, video: { bitRate: 500, codec: 'vp8', frameRate: 30,
  width: 640, height: 360 }, simulcast: { video: { layers } } }, subscribeParams: { subscribeToRoles: ['host', 'guest'] } });

let server, host, guest;
const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);

before(async () => {
  server = await startServer(['--client-flags', ALL_SIZES]);
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins, viewport: { width: 320, height: 480 } });
});

after(async () => {
  await host?.close();
  await guest?.close();
  await server?.stop();
});

test('what one gets follows the window in which one looks at it', async () => {
  const made = await server.call('POST', '/v2/templates', { name: 'sizes', roles:
    { host: role('host', ['audio', 'video']), guest: role('guest', ['audio']) } });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const meeting = await server.meeting({ template_id: made.body.id });
  for (const [person, code, name] of [[host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus']]) {
    await person.page.goto(`${server.origin}/m/${code}`);
    await by(person, 'name').fill(name);
    await until(() => by(person, 'join').isEnabled(), 'the join button');
    await by(person, 'join').click();
    await by(person, 'leave').waitFor();
  }
  const height = async () => (await inbound(guest.page)).video[0]?.height ?? 0;
  await until(async () => (await height()) > 0, 'a picture');
  await until(async () => (await height()) === 90 || (await height()) === 180, 'a small picture');
  const small = await height();
  await guest.page.setViewportSize({ width: 1280, height: 900 });
  // A small window may begin with the smallest size, and have the one of 180 lines later.
  await until(async () => (await height()) > 180, 'a larger picture');
  const large = await height();
  await guest.page.setViewportSize({ width: 320, height: 480 });
  await until(async () => (await height()) < large, 'a small picture again');
  // Nobody watches the best size any more: it is not sent, until somebody does.
  const best = async () => (await host.page.evaluate(async () => {
    for (const connection of window.testConnections)
      for (const stat of (await connection.getStats()).values())
        if (stat.type === 'outbound-rtp' && stat.rid === 'f') return stat.bytesSent;
    return null;
  }));
  await until(async () => {
    const before = await best();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return before !== null && (await best()) === before;
  }, 'the best size to be paused');
  const grown = performance.now();
  await guest.page.setViewportSize({ width: 1280, height: 900 });
  await until(async () => (await height()) > 180, 'a larger picture again', PATIENCE_MS, 20);
  console.log(`# figure a larger picture from a paused size after ${Math.round(performance.now() - grown)} ms`);
  console.log(`# figure lines in a small window, and in a large one: ${small}, ${large}`);
  const sent = await host.page.evaluate(async () => {
    const rids = new Set();
    for (const connection of window.testConnections)
      for (const stat of (await connection.getStats()).values())
        if (stat.type === 'outbound-rtp' && stat.kind === 'video') rids.add(stat.rid);
    return [...rids].sort();
  });
  assert.deepEqual(sent, ['f', 'h', 'q']);
});
