// Clients that have less than a whole call: cameras on demand, and roles without any media, with
// the unmodified official SDK. Names begin with the numbers of the conformance checklist.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, codes, host, guest, viewer;
let people = [];

async function open(role, name, prepare = () => {}) {
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  const person = await openPerson({ origins });
  people.push(person);
  await openSdk(person.page, sdkPage);
  await person.page.evaluate(prepare);
  await join(person.page, server, codes[role], name);
  await untilState(person.page, (s) => s.connected, `${name} in the room`);
  return person;
}

const connections = (person) => person.page.evaluate(() => window.testConnections.length);
const pictures = async (person) => (await inbound(person.page)).video.reduce((sum, one) => sum + one.frames, 0);
// Sections of the subscribe connection that bring video now.
const videoSections = (person) => person.page.evaluate(() => window.testConnections
  .flatMap((connection) => connection.getTransceivers())
  .filter((one) => one.receiver.track.kind === 'video' && /recv/.test(one.currentDirection)).length);

async function begin(...options) {
  server = await startServer(options);
  const { body: template } = await server.call('POST', '/v2/templates', { name: 'less', roles: {
    host: { permissions: { changeRole: true } },
    guest: {},
    viewer: { publishParams: { allowed: [] }, subscribeParams: { subscribeToRoles: [] } },
  } });
  const { body: room } = await server.call('POST', '/v2/rooms', { template_id: template.id });
  const made = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  codes = Object.fromEntries(made.map((one) => [one.role, one.code]));
  host = await open('host', 'Hana');
  await untilState(host.page, (s) => s.tracks.length === 2, 'her own tracks');
}

async function end() {
  for (const person of people) {
    assert.deepEqual(person.problems, []);
    await person.close();
  }
  people = [];
  await server?.stop();
}

before(async () => {
  sdkPage = await startSdkPage();
  await begin('--client-flags', 'onDemandTracks');
});
after(async () => {
  await end();
  await sdkPage?.stop();
});

test('on demand: a tile comes from what is told, and its video when it is looked at', async () => {
  guest = await open('guest', 'Gus', () => window.person.holdVideos());
  const seen = await untilState(guest.page,
    (s) => s.tracks.some((track) => track.type === 'video' && track.peerId !== s.local.id), 'a tile');
  assert.ok(seen.peers.some((peer) => peer.name === 'Hana' && peer.videoTrack));
  await until(async () => (await inbound(guest.page)).audioPackets > 10, 'sound without asking');
  assert.equal(await videoSections(guest), 0);
  await guest.page.evaluate(() => window.person.showVideos());
  await until(async () => (await pictures(guest)) > 10, 'pictures once they are looked at');
  assert.equal(await videoSections(guest), 1);
  assert.ok(await guest.page.evaluate(() => window.person.colours()) > 3);
});

test('on demand: nobody looks, and its section is gone; looked at again, it is back', async () => {
  await guest.page.evaluate(() => window.person.hideVideos());
  await until(async () => (await videoSections(guest)) === 0, 'the section to be gone');
  await guest.page.evaluate(() => window.person.showVideos());
  await until(async () => (await videoSections(guest)) === 1, 'a section again');
  const before = await pictures(guest);
  await until(async () => (await pictures(guest)) > before + 10, 'pictures again');
});

test('19: a role without media joins without an offer, and takes part in the rest', async () => {
  await end();
  await begin(); // as it is without options
  viewer = await open('viewer', 'Vera');
  assert.equal(await connections(viewer), 0);
  await untilState(host.page, (s) => s.peers.some((peer) => peer.name === 'Vera'), 'Vera to be seen');
  await viewer.page.evaluate(() => window.person.actions.sendBroadcastMessage('I only read'));
  await untilState(host.page, (s) => s.messages.some((one) => one.message === 'I only read'), 'her message');
  await viewer.page.evaluate(() => window.person.actions.raiseLocalPeerHand());
  await untilState(host.page, (s) => s.peers.some((peer) => peer.name === 'Vera' && peer.isHandRaised),
    'her hand');
});

test('19: given a role with media she is seen and sees', async () => {
  const { local } = await state(viewer.page);
  await host.page.evaluate((id) => window.person.actions.changeRoleOfPeer(id, 'guest', true), local.id);
  await untilState(viewer.page, (s) => s.local.roleName === 'guest' && s.local.videoTrack, 'her camera');
  await until(async () => (await pictures(viewer)) > 10, 'what she sees');
  await until(async () => (await inbound(host.page)).video
    .some((one) => one.frames > 10), 'what the host sees of her');
});
