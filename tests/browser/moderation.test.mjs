// Our own web client: what a host does to others, what they are asked, and the waiting room.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './lib/axe.mjs';
import { openPerson } from './lib/chromium.mjs';
import { openDevicesLate } from './lib/hooks.mjs';
import { startServer, until } from './lib/server.mjs';

const pictures = process.env.PARLOR_PICTURES; // a folder: keep a screenshot of each screen

let server, host, guest, knocker, codes;
const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);
const row = (person, name) =>
  person.page.locator(`[data-testid="person"][data-peer-name="${name}"]`);

async function picture(person, name) {
  if (pictures) await person.page.screenshot({ path: `${pictures}/${name}.png` });
}

async function enter(person, role, name) {
  await person.page.goto(`${server.origin}/m/${codes[role]}`);
  await by(person, 'name').fill(name);
  await until(() => by(person, 'join').isEnabled(), 'the join button');
  await by(person, 'join').click();
}

async function menu(person, name, item) {
  await row(person, name).locator('[data-testid="person-menu"]').click();
  await by(person, item).first().click();
}

before(async () => {
  server = await startServer();
  const viewer = { publishParams: { allowed: [] } };
  const template = (await server.call('POST', '/v2/templates', {
    name: 'moderated',
    roles: {
      host: { permissions: { endRoom: true, removeOthers: true, mute: true, unmute: true, changeRole: true } },
      guest: { priority: 2 },
      lobby: { ...viewer, priority: 3, waitingRoom: true },
    },
  })).body;
  const room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const made = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  codes = Object.fromEntries(made.map((one) => [one.role, one.code]));
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  knocker = await openPerson({ origins });
  await enter(host, 'host', 'Hana');
  await enter(guest, 'guest', 'Gus');
  await until(async () => (await by(host, 'tile').count()) === 2, 'two tiles');
  await by(host, 'people').click();
});

after(async () => {
  for (const person of [host, guest, knocker]) await person?.close();
  await server?.stop();
});

test('a raised hand is seen by the others and can be lowered by the host', async () => {
  await by(guest, 'hand').click();
  await until(async () => (await by(guest, 'hand').getAttribute('aria-pressed')) === 'true', 'own hand');
  await row(host, 'Gus').locator('[data-testid="person-hand-raised"]').waitFor();
  await picture(host, 'hand');
  await menu(host, 'Gus', 'person-hand');
  await until(async () => (await by(guest, 'hand').getAttribute('aria-pressed')) === 'false', 'it down');
});

test('the host mutes, and only asks to unmute', async () => {
  const pressed = () => by(guest, 'mic').getAttribute('aria-pressed');
  await menu(host, 'Gus', 'person-mic');
  await until(async () => (await pressed()) === 'false', 'the microphone off');
  await until(async () => (await row(host, 'Gus').innerText()).includes('microphone off'), 'seen by the host');
  await menu(host, 'Gus', 'person-mic');
  await by(guest, 'unmute-request-mic').waitFor();
  assert.equal(await pressed(), 'false');
  await picture(guest, 'unmute-request');
  await accessible(guest, 'asked to unmute');
  await by(guest, 'unmute-request-mic').locator('[data-testid="accept"]').click();
  await until(async () => (await pressed()) === 'true', 'the microphone on');
});

test('a guest is offered nothing that it may not do', async () => {
  await by(guest, 'people').click();
  await row(guest, 'Hana').waitFor();
  assert.equal(await by(guest, 'person-menu').count(), 0);
  assert.equal(await by(guest, 'leave-menu').count(), 0);
  await by(guest, 'people').click();
});

test('a change of role is asked, declined, asked again and accepted', async () => {
  const ask = async () => {
    await menu(host, 'Gus', 'person-role');
    await by(guest, 'role-request').waitFor();
  };
  const groups = () => host.page.locator('.people-group').evaluateAll(
    (all) => all.map((one) => one.getAttribute('aria-label')));
  await ask();
  await picture(guest, 'role-request');
  await by(guest, 'role-request').locator('[data-testid="decline"]').click();
  await by(guest, 'role-request').waitFor({ state: 'detached' });
  assert.deepEqual((await groups()).sort(), ['guest', 'host']);
  await ask();
  await by(guest, 'role-request').locator('[data-testid="accept"]').click();
  await until(async () => (await groups()).join() === 'host', 'two hosts');
});

test('who knocks waits, sees nothing, and is admitted', async () => {
  await knocker.page.addInitScript(openDevicesLate, 1500);
  await enter(knocker, 'lobby', 'Kim');
  await by(knocker, 'held').waitFor();
  await picture(knocker, 'held');
  await accessible(knocker, 'the waiting room');
  assert.equal(await by(knocker, 'tile').count(), 0);
  await host.page.getByText('Kim is waiting to be let in').waitFor();
  await by(host, 'knocking').waitFor();
  await picture(host, 'knocking');
  await accessible(host, 'somebody knocks');
  assert.equal(await by(host, 'tile').count(), 2);
  await by(host, 'admit').click();
  await until(async () => (await by(knocker, 'tile').count()) === 3, 'three tiles');
  await until(async () => (await by(host, 'tile').count()) === 3, 'three tiles at the host');
  // Somebody who waits is asked for no camera. Now there is one to switch on, which the browser
  // may still be opening.
  await by(knocker, 'cam').click();
  await until(() => host.page.evaluate(() =>
    !!document.querySelector('[data-testid="tile"][data-peer-name="Kim"] video')), "Kim's picture");
  await until(() => knocker.page.evaluate(() =>
    document.querySelectorAll('[data-testid="tile"] video').length === 3), 'three pictures');
});

test('a person is removed and told so', async () => {
  await menu(host, 'Kim', 'person-remove');
  await by(knocker, 'error').waitFor();
  assert.match(await by(knocker, 'error').innerText(), /removed from the meeting/);
  await until(async () => (await by(host, 'tile').count()) === 2, 'two tiles');
});

test('who knocks can be refused', async () => {
  await enter(knocker, 'lobby', 'Kim');
  await by(host, 'refuse').click();
  await by(knocker, 'error').waitFor();
  await until(async () => (await by(host, 'knocking').count()) === 0, 'nobody waiting');
});

test('the host ends the meeting for everybody, after a question', async () => {
  await by(host, 'leave-menu').click();
  await by(host, 'end-for-all').click();
  await picture(host, 'end-question');
  await accessible(host, 'the question');
  await by(host, 'end-confirm').click();
  await by(guest, 'error').waitFor();
  assert.match(await by(guest, 'error').innerText(), /ended the meeting/);
  await until(async () => (await by(host, 'leave').count()) === 0, 'the host gone too');
});

test('nothing but our own origin was asked, and no page failed', () => {
  assert.deepEqual([...host.problems, ...guest.problems, ...knocker.problems], []);
});
