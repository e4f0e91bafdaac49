// Applications that were built years ago and pin their SDK: two pages with one unmodified SDK of each year see and hear
// each other. PARLOR_OLD_SDKS says which: those that nobody else tests otherwise, all of them in ./dev nightly.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startOldPages } from './lib/old-sdks.mjs';
import { startServer, until } from './lib/server.mjs';

const all = [...readdirSync(new URL('old-sdks', import.meta.url)), '0.15.2'];
const wanted = process.env.PARLOR_OLD_SDKS ?? '0.6.2,0.15.2';
const versions = wanted === 'all' ? all : wanted.split(',');
const rooms = new Map(); // by version
let server, pages, people;

before(async () => {
  server = await startServer();
  for (const version of versions) rooms.set(version, (await server.call('POST', '/v2/rooms', { name: `sdk-${version}` })).body);
  const [room] = rooms.values();
  const host = (await server.call('GET', `/v2/templates/${room.template_id}/roles/host`)).body;
  host.publishParams.simulcast = { video: { layers: [
    { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 700, maxFramerate: 30 },
    { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 250, maxFramerate: 30 }] } };
  assert.equal((await server.call('POST', `/v2/templates/${room.template_id}/roles/host`, host)).status, 200);
  await server.kill();
  // As their samples do, they get their tokens from the token endpoint.
  server = await startServer(['--token-endpoint', [...rooms.values()].map(({ id }) => `${id}:host,${id}:guest`).join()], '127.0.0.1', server.folder);
  pages = await startOldPages(versions);
  const origins = [pages.origin, server.origin, server.origin.replace('http', 'ws')];
  people = await Promise.all(['Hana', 'Gus'].map(async (name) => ({ name, ...await openPerson({ origins }) })));
});

after(async () => {
  for (const person of people ?? []) await person.close();
  await pages?.stop();
  await server?.stop();
});

const stateOf = (person) => person.page.evaluate(() => window.person.state());

async function join(person, version, role) {
  const config = await person.page.evaluate(async ([origin, room_id, role_, name]) => {
    const answer = await fetch(`${origin}/hmsapi/sample.app/api/token`, {
      method: 'POST', body: JSON.stringify({ user_id: `user-${name}`, role: role_, room_id, type: 'app' }) });
    const { token } = await answer.json();
    return { authToken: token, userName: name, initEndpoint: `${origin}#https://self-hosted`,
      settings: { isAudioMuted: false, isVideoMuted: false }, rememberDeviceSelection: false };
  }, [server.origin, rooms.get(version).id, role, person.name]);
  await person.page.evaluate((config_) => window.person.join(config_), config);
}

// A guest may not see what others answered while a quiz runs, but that its own answer is there.
async function quiz(host, guest, version) {
  const pollAt = (person) => person.page.evaluate(() => window.person.poll());
  await host.page.evaluate(() => window.person.startQuiz());
  await until(async () => (await pollAt(guest))?.state === 'started', `${version}: the quiz to begin`);
  await guest.page.evaluate(() => window.person.vote());
  await until(async () => (await pollAt(guest)).answers.includes(2), `${version}: the answer to be acknowledged`, 5000);
}

// How many encodings of its camera a page sends.
const encodings = (person) => person.page.evaluate(async () => {
  const rids = new Set();
  for (const connection of window.testConnections) {
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type === 'outbound-rtp' && stat.kind === 'video') rids.add(stat.rid ?? '');
    }
  }
  return [...rids].sort();
});

for (const version of versions) {
  test(`SDK ${version}: two pages see and hear each other, and talk`, async () => {
    const [host, guest] = people;
    for (const person of people) {
      await person.page.goto(pages.addressOf(version));
      await person.page.waitForFunction('window.personReady');
    }
    await join(host, version, 'host');
    await until(async () => (await stateOf(host)).connected, `${version}: the first to be in`);
    await join(guest, version, 'guest');
    for (const person of people) {
      await until(async () => (await stateOf(person)).peers.filter((peer) => peer.video && peer.audio).length === 2,
        `${version}: two peers with sound and picture`);
      const first = await inbound(person.page);
      await until(async () => {
        const now = await inbound(person.page);
        return now.framesDecoded > first.framesDecoded + 10 && now.audioPackets > first.audioPackets + 10 && now.audioEnergy > 0;
      }, `${version}: pictures and sound at ${person.name}`);
    }
    // Newer ones send layers only where /init switches simulcast on.
    const byPolicy = Number(version.split('.')[1]) < 8;
    if (byPolicy) assert.deepEqual(await encodings(host), ['f', 'h'], 'the layers of its role');
    assert.deepEqual(await encodings(guest), byPolicy ? ['f', 'h', 'q'] : [''], 'the layers of the ready-made role');
    await host.page.evaluate(() => window.person.say('hello from before'));
    await until(async () => (await stateOf(guest)).messages.includes('hello from before'), `${version}: chat`);
    if (await host.page.evaluate(() => window.person.hasPolls)) await quiz(host, guest, version);
    const other = (await stateOf(guest)).peers.find((peer) => !peer.isLocal);
    assert.equal(other.name, 'Hana');
    assert.equal(other.role, 'host');
    await guest.page.evaluate(() => window.person.leave());
    await until(async () => (await stateOf(host)).peers.length === 1, `${version}: the leave to be seen`);
    await host.page.evaluate(() => window.person.leave());
  });
}
