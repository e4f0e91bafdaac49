// Our own web client: what people read when things do not go as they should, and whether they can
// read and reach it, on a phone too.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { accessible } from './lib/axe.mjs';
import { openPerson } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { startServer, until } from './lib/server.mjs';

const pictures = process.env.PARLOR_PICTURES; // a folder: keep a screenshot of each screen

let server, template, codes, room;
const open = [];
const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);

async function picture(person, name) {
  if (pictures) await person.page.screenshot({ path: `${pictures}/${name}.png` });
}

async function person(options = {}) {
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  const one = await openPerson({ origins, ...options });
  await one.context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone'],
    { origin: server.origin });
  open.push(one);
  return one;
}

async function prejoin(one, role, name) {
  await one.page.goto(`${server.origin}/m/${codes[role]}`);
  await by(one, 'name').fill(name);
  await until(() => by(one, 'join').isEnabled(), 'the join button');
}

async function enter(one, role, name) {
  await prejoin(one, role, name);
  await by(one, 'join').click();
}

const focused = (one) => one.page.evaluate(() => document.activeElement?.textContent ?? '');

async function invited(one) {
  await one.page.locator('.invite').first().click();
  return one.page.evaluate(() => navigator.clipboard.readText());
}

async function changeRole(name, role) {
  const { body } = await server.call('GET', `/v2/active-rooms/${room}/peers`);
  const peer = Object.values(body.peers).find((one) => one.name === name);
  const answer = await server.call('POST', `/v2/active-rooms/${room}/peers/${peer.id}`, { role });
  assert.equal(answer.status, 200);
}

before(async () => {
  server = await startServer(['--public-ip', '127.0.0.1']);
  const nothing = { publishParams: { allowed: [] } };
  template = (await server.call('POST', '/v2/templates', {
    name: 'reading',
    roles: {
      host: { permissions: { endRoom: true, removeOthers: true, mute: true, unmute: true, changeRole: true } },
      guest: { priority: 2 },
      viewer: { ...nothing, priority: 3 },
      lobby: { ...nothing, priority: 4, waitingRoom: true },
    },
  })).body;
});

// A meeting of its own for each test: people whose browser is gone stay for a while.
beforeEach(async () => {
  room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body.id;
  const made = (await server.call('POST', `/v2/room-codes/room/${room}`)).body.data;
  codes = Object.fromEntries(made.map((one) => [one.role, one.code]));
});

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
after(() => server?.stop());

test('an address that leads nowhere is a page with the way home, and a slash behind a code does no harm', async () => {
  const ann = await person();
  const answer = await ann.page.goto(`${server.origin}/nothing/here`);
  assert.equal(answer.status(), 404);
  await by(ann, 'error').waitFor();
  assert.match(await by(ann, 'error').innerText(), /There is no page here/);
  await picture(ann, 'missing');
  await accessible(ann, 'a page that is not there');
  await by(ann, 'error').locator('button').first().click();
  await by(ann, 'create-meeting').waitFor();
  await ann.page.goto(`${server.origin}/m/${codes.guest}/`);
  await by(ann, 'name').waitFor();
  const program = await fetch(`${server.origin}/nothing/here`);
  assert.equal((await program.json()).code, 404);
});

test('a link handed out is one for guests, whatever became of the role of whoever hands it out', async () => {
  const hana = await person(), gus = await person();
  await enter(hana, 'host', 'Hana');
  await enter(gus, 'guest', 'Gus');
  const guestLink = `${server.origin}/m/${codes.guest}`;
  await until(async () => (await by(hana, 'tile').count()) === 2, 'two tiles');
  assert.equal(await invited(hana), guestLink); // she came by the host's link, and made no meeting here
  assert.equal(await invited(gus), guestLink);
  await changeRole('Hana', 'guest');
  await changeRole('Gus', 'host');
  await by(gus, 'leave-menu').waitFor();
  await by(hana, 'leave-menu').waitFor({ state: 'detached' });
  assert.equal(await invited(hana), guestLink);
  assert.equal(await invited(gus), guestLink);
});

test('a host who ends the meeting reads so, and the others who did it', async () => {
  const hana = await person(), gus = await person();
  await enter(hana, 'host', 'Hana');
  await enter(gus, 'guest', 'Gus');
  await until(async () => (await by(hana, 'tile').count()) === 2, 'two tiles');
  await by(hana, 'leave-menu').click();
  await by(hana, 'end-for-all').click();
  await by(hana, 'end-confirm').click();
  await by(hana, 'left').waitFor();
  assert.match(await by(hana, 'left').innerText(), /You ended the meeting/);
  assert.match(await focused(hana), /You ended the meeting/);
  await picture(hana, 'ended-by-me');
  await by(gus, 'error').waitFor();
  assert.match(await by(gus, 'error').innerText(), /The host ended the meeting/);
});

test('whoever is refused in the waiting room reads that', async () => {
  const hana = await person(), kim = await person();
  await enter(hana, 'host', 'Hana');
  await by(hana, 'people').click();
  await enter(kim, 'lobby', 'Kim');
  await by(kim, 'held').waitFor();
  await by(hana, 'refuse').click();
  await by(kim, 'error').waitFor();
  assert.match(await by(kim, 'error').innerText(), /You were not let in/);
  assert.doesNotMatch(await by(kim, 'error').innerText(), /ended/);
  await picture(kim, 'refused');
});

test('a network that lets no media through is named within seconds', async () => {
  const relay = await startRelay(server.mediaPort);
  relay.lossToServer = relay.lossToClient = 1;
  const ann = await person();
  await ann.page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port]);
  await enter(ann, 'guest', 'Ann');
  await by(ann, 'connecting').waitFor({ timeout: 5000 });
  await picture(ann, 'connecting');
  const error = ann.page.locator('[data-testid="error"][data-code="4005"]');
  await error.waitFor({ timeout: 12000 });
  assert.match(await error.innerText(), /UDP/);
  await picture(ann, 'blocked');
  relay.lossToServer = relay.lossToClient = 0;
  await error.waitFor({ state: 'detached', timeout: 60000 });
  relay.stop();
});

test('a busy camera does not cost the microphone', async () => {
  const ann = await person();
  await ann.page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wanted) => wanted?.video
      ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError'))
      : original(wanted);
  });
  await prejoin(ann, 'guest', 'Ann');
  await until(async () => (await by(ann, 'mic').getAttribute('aria-pressed')) === 'true', 'the microphone');
  assert.equal(await by(ann, 'cam').getAttribute('aria-pressed'), 'false');
  await ann.page.locator('[data-testid="error"][data-code="3003"]').waitFor();
  await picture(ann, 'busy-camera');
  await by(ann, 'join').click();
  await by(ann, 'leave').waitFor();
  assert.equal(await by(ann, 'mic').getAttribute('aria-pressed'), 'true');
});

test('listeners take no tile and are offered nothing to share', async () => {
  const gus = await person(), vera = await person();
  await enter(gus, 'guest', 'Gus');
  await enter(vera, 'viewer', 'Vera');
  await until(async () => (await by(vera, 'tile').count()) === 1, "the guest's tile");
  assert.equal(await by(vera, 'share').count(), 0);
  assert.equal(await by(vera, 'mic').count(), 0);
  await by(gus, 'people').click();
  await until(async () => (await by(gus, 'person').count()) === 2, 'two people');
  assert.equal(await by(gus, 'tile').count(), 1);
  assert.ok(await by(gus, 'share').isVisible());
});

test('the focus is in the meeting after joining, and on what was left after leaving', async () => {
  const ann = await person();
  await enter(ann, 'guest', 'Ann');
  await by(ann, 'leave').waitFor();
  await until(async () => ann.page.evaluate(() => document.activeElement?.closest('.meet') !== null),
    'the focus in the meeting');
  await by(ann, 'leave').click();
  await by(ann, 'left').waitFor();
  assert.match(await focused(ann), /You left the meeting/);
});

// Whether what is in the middle of an element is that element, so that a finger meets it.
async function reachable(one, locator, what) {
  const box = await until(() => locator.boundingBox(), what);
  const { width, height } = one.page.viewportSize();
  assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= height,
    `${what} at ${JSON.stringify(box)}`);
  const hit = await locator.evaluate((element) => {
    const { left, top, width: w, height: h } = element.getBoundingClientRect();
    const found = document.elementFromPoint(left + w / 2, top + h / 2);
    return element.contains(found) || found?.contains(element);
  });
  assert.ok(hit, `${what} is covered`);
  return box;
}

test('on the smallest phone all controls stand in one row, and questions can be answered over a panel', async () => {
  const hana = await person({ viewport: { width: 320, height: 640 } });
  const gus = await person({ viewport: { width: 320, height: 640 } });
  await enter(hana, 'host', 'Hana');
  await enter(gus, 'guest', 'Gus with a name that is rather long');
  await until(async () => (await by(hana, 'tile').count()) === 2, 'two tiles');
  const tops = new Set();
  for (const control of ['mic', 'cam', 'hand', 'chat', 'people', 'more', 'leave']) {
    const box = await reachable(hana, by(hana, control), control);
    assert.ok(box.width >= 40 && box.height >= 44, `${control} at ${JSON.stringify(box)}`);
    tops.add(box.y);
  }
  assert.equal(tops.size, 1);
  await picture(hana, 'phone-bar');
  await by(hana, 'more').click();
  await reachable(hana, by(hana, 'end-for-all'), 'the end');
  await picture(hana, 'phone-more');
  await hana.page.keyboard.press('Escape');

  // Asked to unmute while the chat covers the stage.
  await by(gus, 'mic').click();
  await by(gus, 'chat').click();
  await by(hana, 'people').click();
  const row = hana.page.locator('[data-testid="person"]', { hasText: 'Gus' });
  await until(async () => (await row.innerText()).includes('microphone off'), 'the microphone off');
  await row.locator('[data-testid="person-menu"]').click();
  await by(hana, 'person-mic').click();
  const request = by(gus, 'unmute-request-mic');
  await request.waitFor();
  await picture(gus, 'phone-request');
  for (const answer of ['accept', 'decline']) await reachable(gus, request.locator(`[data-testid="${answer}"]`), answer);
  await reachable(gus, gus.page.locator('.panel-close'), 'the way out of the panel');
  await request.locator('[data-testid="decline"]').click();

  // The connection is lost meanwhile.
  await gus.context.setOffline(true);
  await gus.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await by(gus, 'reconnecting').waitFor({ timeout: 15000 });
  await picture(gus, 'phone-reconnecting');
  await reachable(gus, by(gus, 'reconnecting'), 'the banner');
  await gus.context.setOffline(false);
});

test('no page failed and nothing but our own origin was asked', async () => {
  const ann = await person();
  await enter(ann, 'guest', 'Ann');
  await by(ann, 'leave').waitFor();
  assert.deepEqual(ann.problems, []);
});
