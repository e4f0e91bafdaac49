// The vendor's ready-made meetings, unmodified but for our addresses, used by their buttons: ./dev nightly, as each is
// installed first, with 400 MB of what it depends on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startPrebuilts } from './lib/prebuilts.mjs';
import { nightly, startServer, until } from './lib/server.mjs';

const versions = nightly ? ['0.5.7', '0.6.1'] : [];
const patienceMs = 30000;
// It asks for a font of its own there, whatever it is told; the browser has no way to it.
const itsOwnHost = /fonts\.googleapis\.com/;
let server, pages;

before(async () => {
  if (!versions.length) return;
  server = await startServer();
  pages = await startPrebuilts(versions);
});

after(async () => {
  await pages?.stop();
  await server?.stop();
});

// What a run by day says of this file.
if (!versions.length) test('prebuilts', { skip: 'installing them takes minutes: in ./dev nightly' });

const byId = (person, id) => person.page.locator(`[data-testid="${id}"]`);
const byRole = (person, role, name) => person.page.getByRole(role, { name });
const press = (person, id) => byId(person, id).first().click();
const sees = (locator, state = 'visible') => locator.first().waitFor({ state, timeout: patienceMs });
const picture = (person, name) => person.page.screenshot(
  { path: `${process.env.PARLOR_PICTURES}/${person.version}-${person.name}-${name}.png` });
const look = async (people, name) => {
  if (process.env.PARLOR_PICTURES) for (const person of people) await picture(person, name);
};

// Someone with a code, in a browser of their own. What our server refused meanwhile is kept.
async function open(version, name, code) {
  const origins = [pages.origin, server.origin, server.origin.replace('http', 'ws')];
  const person = { name, version, refused: [], ...await openPerson({ origins }) };
  person.page.on('response', (response) => {
    if (response.status() >= 400 && response.url().startsWith(server.origin)) {
      person.refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    }
  });
  person.page.setDefaultTimeout(patienceMs);
  await person.page.goto(pages.addressOf(version, { server: server.origin, code, name }));
  return person;
}

async function enter(person) {
  await sees(byId(person, 'preview_tile'));
  await byRole(person, 'button', 'Join now').click();
  await sees(byId(person, 'conferencing'));
}

async function seesAndHears(person) {
  const first = await inbound(person.page);
  await until(async () => {
    const now = await inbound(person.page);
    return now.framesDecoded > first.framesDecoded + 10 && now.audioEnergy > first.audioEnergy;
  }, `pictures and sound at ${person.name}`, patienceMs);
}

async function chat(from, to, text) {
  await press(from, 'chat_btn');
  await from.page.locator('textarea').first().fill(text);
  await from.page.keyboard.press('Enter');
  await press(to, 'chat_btn');
  await sees(to.page.getByText(text));
  await look([from, to], 'chat');
  for (const person of [from, to]) await press(person, 'close_chat');
}

// The host makes a poll or a quiz with one question, and the guest answers it. What others answered is hidden from the
// guest: in a quiz while it runs, in a poll where the host asks for it.
async function vote(host, guest, { kind, title }) {
  const quiz = kind === 'Quiz';
  await press(host, 'polls_btn');
  await host.page.getByText(kind, { exact: true }).first().click();
  await host.page.getByPlaceholder('Enter a name to continue').fill(title);
  if (!quiz) await byRole(host, 'switch').first().click(); // Hide Vote Count
  await byRole(host, 'button', `Create ${kind}`).click();
  await host.page.getByPlaceholder('Ask a question').fill('2+2');
  await host.page.getByPlaceholder('Option 1').fill('three');
  await host.page.getByPlaceholder('Option 2').fill('four');
  if (quiz) await byRole(host, 'radio').last().click();
  await byRole(host, 'button', 'Save').click();
  await byRole(host, 'button', `Launch ${kind}`).click();
  await press(guest, 'polls_btn'); // it is there once there is a poll
  await byRole(guest, 'button', /^View$/).first().click(); // the one that runs stands first
  await byRole(guest, 'radio').last().click();
  await byRole(guest, 'button', quiz ? /^Answer$/ : /^Vote$/).last().click();
  await sees(guest.page.getByText(quiz ? 'Answered' : 'Voted'));
  await look([host, guest], kind);
  await byRole(host, 'button', `End ${kind}`).click();
  for (const person of [host, guest]) await press(person, 'polls_btn');
}

// Opens what the host may do with the guest, in the list of people.
async function openMenu(host, role) {
  const group = byId(host, `role_accordion_btn_${role}`);
  const row = byId(host, 'participant_Gus');
  if (!await byId(host, 'close_chat').count()) await press(host, 'participant_list');
  await sees(group);
  if (!await row.count()) await group.click();
  await row.hover();
  await row.locator('[data-testid=participant_more_actions]').click();
}

const roleOf = (person) => person.page.evaluate(() =>
  Object.values(window.prebuilt.current.hmsStore.getState().peers).find((peer) => peer.isLocal)?.roleName);

for (const version of versions) {
  test(`prebuilt ${version}`, async (t) => {
    const codes = await server.meeting();
    const host = await open(version, 'Hana', codes.host);
    const guest = await open(version, 'Gus', codes.guest);
    const people = [host, guest];
    try {
      await t.test('both join by their codes, see and hear each other', async () => {
        await look(people, 'preview');
        for (const person of people) await enter(person);
        for (const person of people) await seesAndHears(person);
        await look(people, 'call');
      });
      await t.test('what the server has no engine for has no button', async () => {
        await press(host, 'more_settings_btn');
        await sees(byId(host, 'device_settings_btn'));
        await look([host], 'menu');
        for (const id of ['start_recording', 'whiteboard_btn', 'caption_btn', 'closed_caption_admin']) {
          assert.equal(await byId(host, id).count(), 0, id);
        }
        await host.page.keyboard.press('Escape');
      });
      await t.test('chat', () => chat(host, guest, 'hello from the host'));
      await t.test('a raised hand', async () => {
        await press(guest, 'hand_raise_btn');
        await sees(byId(host, 'raiseHand_icon_onTile'));
        await press(guest, 'hand_raise_btn');
        await sees(byId(host, 'raiseHand_icon_onTile'), 'hidden');
      });
      await t.test('a shared screen', async () => {
        // The button beside the one that has the other ways to share.
        await host.page.locator('button:has(+ [data-testid=sharing_btn]), div:has(> [data-testid=sharing_btn]) > button').first().click();
        await sees(byId(guest, 'screenshare_tile'));
        await look(people, 'screen');
        await press(host, 'stop_screen_share_btn');
        await sees(byId(guest, 'screenshare_tile'), 'hidden');
      });
      await t.test('a vote is acknowledged in a poll that hides the answers', () => vote(host, guest, { kind: 'Poll', title: 'Sums' }));
      await t.test('an answer is acknowledged in a running quiz', () => vote(host, guest, { kind: 'Quiz', title: 'More sums' }));
      await t.test('a role is changed, and back', async () => {
        for (const [from, to] of [['guest', 'host'], ['host', 'guest']]) {
          await openMenu(host, from);
          await look([host], `row-${from}`);
          await byRole(host, 'menuitem', 'Switch Role').click();
          await press(host, 'open_role_selection_dropdown');
          await press(host, to);
          await press(host, 'change_button');
          await until(async () => await roleOf(guest) === to, `the role ${to}`, patienceMs);
        }
        await seesAndHears(host);
      });
      await t.test('who is removed is out, and comes back when asked in again', async () => {
        await openMenu(host, 'guest');
        await byRole(host, 'menuitem', 'Remove Participant').click();
        await sees(byId(guest, 'conferencing'), 'hidden');
        await look(people, 'removed');
      });
      await t.test('the host ends it for all', async () => {
        await guest.page.reload();
        await enter(guest);
        await sees(byId(host, 'participant_tile_Gus'));
        await press(host, 'leave_end_dropdown_trigger');
        await press(host, 'end_room_btn');
        await look([host], 'end');
        await byRole(host, 'button', 'End Session').last().click();
        for (const person of people) await sees(byId(person, 'conferencing'), 'hidden');
        await look(people, 'ended');
      });
      for (const person of people) {
        assert.deepEqual(person.refused, [], person.name);
        assert.deepEqual(person.problems.filter((problem) => !itsOwnHost.test(problem)), [], person.name);
      }
    } finally {
      await look(people, 'last');
      for (const person of people) await person.close();
    }
  });
}
