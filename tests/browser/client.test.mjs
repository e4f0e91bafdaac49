// Our own web client in two Chromium pages, as a stranger would use it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './lib/axe.mjs';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';

const pictures = process.env.PARLOR_PICTURES; // a folder: keep a screenshot of each screen

let server, host, guest, codes;
const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
});

after(async () => {
  await host?.close();
  await guest?.close();
  await server?.stop();
});

async function picture(person, name) {
  if (pictures) await person.page.screenshot({ path: `${pictures}/${name}.png` });
}

async function enter(person, code, name) {
  await person.page.goto(`${server.origin}/m/${code}`);
  await by(person, 'name').fill(name);
  await until(() => by(person, 'join').isEnabled(), 'the join button');
}

test('create a meeting, hand out both codes, meet', async () => {
  await host.page.goto(server.origin);
  await by(host, 'create-meeting').waitFor();
  await picture(host, 'landing');
  await by(host, 'create-meeting').click();
  await by(host, 'host-code').waitFor();
  codes = {
    host: (await by(host, 'host-code').innerText()).match(/[a-z]{3}-[a-z]{4}-[a-z]{3}/)[0],
    guest: (await by(host, 'guest-code').innerText()).match(/[a-z]{3}-[a-z]{4}-[a-z]{3}/)[0],
  };
  assert.notEqual(codes.host, codes.guest);
  await picture(host, 'codes');

  await enter(host, codes.host, 'Hana');
  await picture(host, 'prejoin');
  await by(host, 'join').click();
  await by(host, 'leave').waitFor();
  await enter(guest, codes.guest, 'Gus');
  await by(guest, 'join').click();

  for (const person of [host, guest]) {
    await until(async () => (await by(person, 'tile').count()) === 2, 'two tiles');
    const first = await inbound(person.page);
    await until(async () => {
      const now = await inbound(person.page);
      return now.framesDecoded > first.framesDecoded + 20 && now.audioEnergy > 0;
    }, 'frames and sound');
    const playing = () => person.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid="tile"] video')]
        .map((video) => video.getVideoPlaybackQuality().totalVideoFrames));
    const before_ = await playing();
    assert.equal(before_.length, 2);
    await until(async () => (await playing()).every((n, i) => n > before_[i]), 'both videos advance');
  }
  await picture(host, 'meeting');
});

test('the names and ids on tiles are those of the people', async () => {
  const names = await by(host, 'tile').evaluateAll((tiles) => tiles.map((t) => t.dataset.peerName).sort());
  assert.deepEqual(names, ['Gus', 'Hana']);
  const local = await by(host, 'tile').evaluateAll(
    (tiles) => tiles.filter((t) => t.dataset.local === 'true').map((t) => t.dataset.peerName));
  assert.deepEqual(local, ['Hana']);
});

test('microphone and camera toggles keep their name and are seen by the other', async () => {
  for (const control of ['mic', 'cam']) {
    const button = by(guest, control);
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    const name = await button.getAttribute('aria-label');
    await button.click();
    await until(async () => (await button.getAttribute('aria-pressed')) === 'false', `${control} off`);
    assert.equal(await button.getAttribute('aria-label'), name);
  }
  const videoOfGuest = () => host.page.evaluate(() =>
    !!document.querySelector('[data-testid="tile"][data-peer-name="Gus"] video'));
  await until(async () => !(await videoOfGuest()), 'the avatar', 4000);
  await picture(host, 'camera-off');
  for (const control of ['mic', 'cam']) await by(guest, control).click();
  await until(videoOfGuest, 'the video again');
});

test('chat goes both ways and markup stays text', async () => {
  const say = async (person, text) => {
    if (!(await by(person, 'chat-input').isVisible())) await by(person, 'chat').click();
    await by(person, 'chat-input').fill(text);
    await by(person, 'chat-input').press('Enter');
  };
  await say(host, 'hello <img src=x onerror=alert(1)> 🙂');
  await by(guest, 'chat').click();
  await until(async () => (await by(guest, 'chat-message').allInnerTexts())
    .some((text) => text.includes('<img src=x onerror=alert(1)> 🙂')), 'the message');
  await say(guest, 'hi Hana');
  await until(async () => (await by(host, 'chat-message').allInnerTexts())
    .some((text) => text.includes('hi Hana')), 'the reply');
  assert.equal(await by(host, 'chat-message').count(), 2);
  await picture(host, 'chat');
});

test('people lists both', async () => {
  await by(host, 'people').click();
  await until(async () => (await by(host, 'person').count()) === 2, 'two people');
  const text = (await by(host, 'person').allInnerTexts()).join(' ');
  assert.match(text, /Hana/);
  assert.match(text, /Gus/);
  await picture(host, 'people');
  await accessible(host, 'meeting with people');
});

test('a dropped socket shows a banner and comes back', async () => {
  // The network goes away for the page only.
  await guest.context.setOffline(true);
  await guest.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await by(guest, 'reconnecting').waitFor({ timeout: 15000 });
  await picture(guest, 'reconnecting');
  await guest.context.setOffline(false);
  await by(guest, 'reconnecting').waitFor({ state: 'detached', timeout: 30000 });
  assert.equal(await by(host, 'tile').count(), 2);
  const first = await inbound(guest.page);
  await until(async () => (await inbound(guest.page)).framesDecoded > first.framesDecoded + 10,
    'media after it');
});

test('the page stays in the call when the server is killed and started again', async () => {
  // The last change has to be in the snapshot.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await server.restart('SIGKILL');
  for (const person of [host, guest]) {
    await by(person, 'reconnecting').waitFor({ state: 'detached', timeout: 30000 });
    const first = await inbound(person.page);
    await until(async () => (await inbound(person.page)).framesDecoded > first.framesDecoded + 10,
      'media after it', 30000);
    assert.equal(await by(person, 'tile').count(), 2);
  }
});

test('a shared screen is shown to the other and can be stopped', async () => {
  await by(host, 'share').click();
  await until(() => guest.page.evaluate(() => document.querySelectorAll('video').length >= 3),
    'the shared screen');
  await until(async () => (await inbound(guest.page)).video.filter((v) => v.frames > 5).length >= 2,
    'frames of it');
  await picture(guest, 'screen-share');
  await by(host, 'share').click();
  await until(() => guest.page.evaluate(() => document.querySelectorAll('video').length === 2),
    'its end');
});

// As when the SDK's retries for a lost server overlap: a description is refused, the SDK ends the visit with 4004, and
// the meeting goes on. Here the guest refuses the offer of a screen, until the page is another.
test('a page whose connections broke in the SDK begins afresh and joins by itself', async () => {
  await by(guest, 'mic').click();
  await until(async () => (await by(guest, 'mic').getAttribute('aria-pressed')) === 'false', 'the microphone off');
  const began = await guest.page.evaluate(() => {
    const take = window.RTCPeerConnection.prototype.setRemoteDescription;
    window.RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      return description.type === 'offer'
        ? Promise.reject(new DOMException('Called in wrong state: stable', 'InvalidStateError'))
        : take.call(this, description);
    };
    return performance.timeOrigin;
  });
  await by(host, 'share').click();
  await until(() => guest.page.evaluate((before_) => performance.timeOrigin !== before_, began).catch(() => false),
    'a fresh page');
  await by(guest, 'leave').waitFor();
  await until(() => guest.page.evaluate(() => document.querySelectorAll('video').length >= 3), 'the shared screen');
  assert.equal(await by(guest, 'error').count(), 0);
  assert.equal(await by(guest, 'mic').getAttribute('aria-pressed'), 'false');
  await until(async () => (await by(guest, 'cam').getAttribute('aria-pressed')) === 'true', 'the camera on');
  await until(async () => (await by(host, 'tile').evaluateAll((tiles) => tiles.map((tile) => tile.dataset.peerName)))
    .filter((name) => name === 'Gus').length === 1, 'one Gus');
  await by(host, 'share').click();
});

test('leaving shows the leave screen and empties the tile', async () => {
  await by(guest, 'leave').click();
  const confirm = guest.page.locator('[data-testid="leave-confirm"]');
  if (await confirm.count()) await confirm.click();
  await until(async () => (await by(host, 'tile').count()) === 1, 'one tile');
  await until(async () => (await by(guest, 'leave').count()) === 0, 'the leave screen');
  await picture(guest, 'left');
});

test('a wrong code and a disabled meeting say what to do, once', async () => {
  await guest.page.goto(`${server.origin}/m/aaa-bbbb-ccc`);
  await by(guest, 'error').waitFor();
  assert.equal(await by(guest, 'error').count(), 1);
  assert.equal(await by(guest, 'error').getAttribute('data-code'), '404');
  assert.match(await by(guest, 'error').innerText(), /does not match a meeting/);
  await picture(guest, 'wrong-code');

  const closed = await server.meeting();
  await server.call('POST', `/v2/rooms/${closed.room.id}`, { enabled: false });
  await guest.page.goto(`${server.origin}/m/${closed.guest}`);
  await until(async () => (await by(guest, 'error').getAttribute('data-code').catch(() => null)) === '403',
    'the text for a disabled meeting');
  assert.match(await by(guest, 'error').innerText(), /turned off/);
});

test('every screen is accessible', async () => {
  await guest.page.goto(server.origin);
  await by(guest, 'create-meeting').waitFor();
  await accessible(guest, 'landing');
  await enter(guest, codes.guest, 'Gus');
  await accessible(guest, 'pre-join');
});

test('every control is there on a phone', async () => {
  await guest.page.setViewportSize({ width: 320, height: 640 });
  await by(guest, 'join').click();
  for (const control of ['mic', 'cam', 'hand', 'chat', 'people', 'leave']) {
    const box = await until(() => by(guest, control).boundingBox(), control);
    assert.ok(box.x >= 0 && box.x + box.width <= 320 && box.y + box.height <= 640,
      `${control} at ${JSON.stringify(box)}`);
    assert.ok(box.width >= 24 && box.height >= 24);
  }
  await picture(guest, 'phone');
});

test('nothing but our own origin was asked, and no page failed', () => {
  assert.deepEqual([...host.problems, ...guest.problems], []);
});
