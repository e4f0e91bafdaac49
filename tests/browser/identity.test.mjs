// Honest people notice nothing of what keeps others out: an unmodified official SDK previews,
// joins and comes back with the token that it has, which expires meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { initEndpointOf, join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';
import { nowS, signToken } from './lib/token.mjs';

const LEEWAY_S = 60;
let server, sdkPage, meeting, host, guest, expiresAt, guestId;

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  sdkPage = await startSdkPage();
  meeting = await server.meeting({ name: 'identity' });
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  for (const person of [host, guest]) await openSdk(person.page, sdkPage);
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  await server?.stop();
});

const reconnects = async (page) =>
  (await state(page)).notifications.filter((n) => n.type === 'RECONNECTED').length;

async function comesBack(what, how) {
  const before_ = await reconnects(guest.page);
  await how();
  await until(async () => await reconnects(guest.page) > before_, what, 30000);
  const now = await untilState(guest.page, (s) => s.roomState === 'Connected', what);
  assert.equal(now.local.id, guestId);
  assert.equal(now.local.roleName, 'host', 'the role that it was given');
  assert.equal(now.peers.length, 2);
}

test('a preview becomes a join with the same token, and is given another role', async () => {
  await join(host.page, server, meeting.host, 'Hana');
  expiresAt = nowS() + 12; // until then for all, the leeway included
  const config = { userName: 'Gus', initEndpoint: initEndpointOf(server),
    authToken: signToken(server, { room_id: meeting.room.id, role: 'guest', user_id: 'gus',
      exp: expiresAt - LEEWAY_S }) };
  await guest.page.evaluate((c) => window.person.preview(c), config);
  await untilState(guest.page, (s) => s.roomState === 'Preview', 'the preview');
  guestId = (await state(guest.page)).local.id;
  await guest.page.evaluate((c) => window.person.join(c), config);
  const there = await untilState(guest.page, (s) => s.connected && s.peers.length === 2, 'the join');
  assert.equal(there.local.id, guestId);
  await host.page.evaluate((id) => window.person.actions.changeRoleOfPeer(id, 'host', true), guestId);
  await untilState(guest.page, (s) => s.local.roleName === 'host', 'the other role');
});

test('a dropped socket comes back, before the token expires and after it', async () => {
  const drop = () => guest.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await comesBack('the return', drop);
  await until(() => nowS() > expiresAt, 'the token to expire');
  await comesBack('the return with an expired token', drop);
});

test('and so it does after a restart of the server', async () => {
  await new Promise((resolve) => setTimeout(resolve, 1500)); // snapshots are taken once a second
  await comesBack('the return after the restart', () => server.restart('SIGKILL'));
  const hostNow = await state(host.page);
  assert.deepEqual(hostNow.notifications.filter((n) => n.type === 'PEER_LEFT'), []);
});
