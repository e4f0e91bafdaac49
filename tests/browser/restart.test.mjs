// A call survives the end of the server: two unmodified official SDK clients, and nobody reloads.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson, untilMedia } from './lib/chromium.mjs';
import { startServer } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, meeting, host, guest;

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  sdkPage = await startSdkPage();
  meeting = await server.meeting({ name: 'long-call', chat_history: 50 });
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

async function untilBothHaveMedia(what) {
  for (const person of [host, guest]) await untilMedia(person.page, 20, what, 30000);
}

const say = (person, text) =>
  person.page.evaluate((message) => window.person.actions.sendBroadcastMessage(message), text);
const set = (person, key, value) =>
  person.page.evaluate(([k, v]) => window.person.actions.sessionStore.set(k, v), [key, value]);
const heard = (person, text) =>
  untilState(person.page, (s) => s.messages.some((m) => m.message === text), `chat ${text}`);
const stored = (person, key, value) =>
  untilState(person.page, (s) => s.session?.[key] === value, `${key} = ${value}`);
const ids = (s) => s.peers.map((peer) => peer.id).sort();

test('38: the session store is shared, in a real call', async () => {
  await join(host.page, server, meeting.host, 'Hana');
  await join(guest.page, server, meeting.guest, 'Gus');
  for (const person of [host, guest]) {
    await untilState(person.page, (s) => s.peers.length === 2, 'two peers');
    await person.page.evaluate(() =>
      window.person.actions.sessionStore.observe(['spotlight', 'pinned']));
  }
  await set(host, 'spotlight', 'Gus');
  for (const person of [host, guest]) await stored(person, 'spotlight', 'Gus');
  await guest.page.evaluate(() => window.person.actions.raiseLocalPeerHand());
  await untilState(host.page, (s) => s.peers.some((peer) => peer.isHandRaised), 'the raised hand');
  await say(host, 'before');
  await heard(guest, 'before');
  await untilBothHaveMedia('media');
});

for (const signal of ['SIGKILL', 'SIGTERM']) {
  test(`43: after ${signal} both come back without a join, and media flows again`, async () => {
    // The last change is in the snapshot within a second.
    await set(guest, 'pinned', `before ${signal}`);
    await stored(host, 'pinned', `before ${signal}`);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = { host: await state(host.page), guest: await state(guest.page) };

    await server.restart(signal);
    for (const person of [host, guest]) {
      await untilState(person.page, (s) =>
        s.notifications.filter((n) => n.type === 'RECONNECTED').length >
        before[person === host ? 'host' : 'guest'].notifications
          .filter((n) => n.type === 'RECONNECTED').length, 'the reconnect', 30000);
    }
    await untilBothHaveMedia(`media after ${signal}`);

    for (const [person, then] of [[host, before.host], [guest, before.guest]]) {
      const now = await untilState(person.page, (s) => s.roomState === 'Connected', 'connected');
      assert.equal(now.room.sessionId, then.room.sessionId);
      assert.deepEqual(ids(now), ids(then));
      assert.equal(now.peerCount, 2);
      const news = now.notifications.slice(then.notifications.length).map((n) => n.type);
      assert.deepEqual(news.filter((type) => /PEER_(JOINED|LEFT)|ERROR/.test(type)), []);
      assert.deepEqual(now.peers.filter((peer) => peer.isHandRaised).map((peer) => peer.name), ['Gus']);
      assert.equal(now.session.spotlight, 'Gus');
      assert.equal(now.session.pinned, `before ${signal}`);
      assert.equal(now.messages.filter((m) => m.message === 'before').length, 1);
    }
    await say(host, `after ${signal}`);
    await heard(guest, `after ${signal}`);
    await say(guest, `also after ${signal}`);
    await heard(host, `also after ${signal}`);
    await set(host, 'pinned', `after ${signal}`);
    for (const person of [host, guest]) await stored(person, 'pinned', `after ${signal}`);
  });
}

test('a late joiner gets the chat of before the restarts', async () => {
  const late = await openPerson({ origins: [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')] });
  await openSdk(late.page, sdkPage);
  await join(late.page, server, meeting.guest, 'Lena');
  const now = await untilState(late.page, (s) => s.messages.length >= 5, 'the history');
  const sent = (await state(host.page)).messages;
  assert.deepEqual(now.messages.map((m) => [m.id, m.message, m.time, m.senderName]),
    sent.map((m) => [m.id, m.message, m.time, m.senderName]));
  await late.close();
});
