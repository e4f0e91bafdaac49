// Our own web client among people who call themselves, and say, whatever the protocol takes: what others
// chose moves nothing off the screen, hides nothing and turns nothing around.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../system/client.mjs';
import { accessible } from './lib/axe.mjs';
import { openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';

const pictures = process.env.PARLOR_PICTURES; // a folder: keep a screenshot of each screen
const sizes = [[320, 568], [390, 844], [1280, 800]];
const wide = 'W'.repeat(256);
const wideRole = 'speaker'.repeat(30);
const piled = `Z${'\u0337\u0322\u031b\u0320'.repeat(12)}`.repeat(2);
const unseen = ['', '   ', '\u200b\u3164'];
const names = [wide, '\u202e\u202eevil <b>x</b>\u0007\n\n', piled, 'שרה 12', ...unseen];

let server, room, codes, host, kim;
const crowd = [];
const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);

const person = () => openPerson({ origins: [server.origin, server.origin.replace('http', 'ws')] });

async function prejoin(one, code, name) {
  await one.page.goto(`${server.origin}/m/${code}`);
  await by(one, 'name').fill(name);
  await until(() => by(one, 'join').isEnabled(), 'the join button');
}

async function enter(one, code, name) {
  await prejoin(one, code, name);
  await by(one, 'join').click();
}

async function stranger(code, name) {
  const client = await Client.of(server, code, `user ${crowd.length}`);
  await client.connect();
  crowd.push(client);
  await client.request('join', { name, data: '{"isHandRaised":' });
  return client;
}

const say = (client, message) => client.request('broadcast', { info: { message, type: 'chat' } });

const peerNamed = async (name) => {
  const { body } = await server.call('GET', `/v2/active-rooms/${room.id}/peers`);
  return Object.values(body.peers).find((one) => one.name === name).id;
};

// What reaches over an edge of the screen, and which controls a finger would not meet.
function misplaced() {
  const visible = (element) => element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest('svg, option') && getComputedStyle(element).clipPath === 'none'; // else only read out
  const shown = [...document.body.querySelectorAll('*')].filter(visible);
  const over = shown.filter((element) => {
    const { left, right, width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && (left < -1 || right > innerWidth + 1);
  });
  // What lies further down in a list, or under a panel that covers the stage, comes to the finger otherwise.
  const controls = shown.filter((element) => element.matches('button, a, input, select, textarea'));
  const within = document.querySelector('.panel')?.contains.bind(document.querySelector('.panel'));
  const lost = controls.filter((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    if (element.closest('.panel-body, .page') || (innerWidth < 820 && within && !within(element))) return false;
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return !element.contains(found) && !found?.contains(element);
  });
  const thin = controls.filter((element) => element.getBoundingClientRect().width < 24);
  const told = (elements, what) => elements.slice(0, 5).map((element) =>
    `${what}: ${element.tagName}.${element.className} ${element.getAttribute('aria-label') ?? ''}`.slice(0, 120));
  return [...told(over, 'over the edge'), ...told(lost, 'out of reach'), ...told(thin, 'too thin'),
    ...(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])];
}

// Every text on the page, with those that are only read out, and its title.
function texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [document.title];
  while (walker.nextNode()) found.push(walker.currentNode.data);
  for (const element of document.querySelectorAll('[aria-label]')) found.push(element.getAttribute('aria-label'));
  return found;
}

// Isolates are ours, and each is closed in its own text.
function isHarmless(text) {
  const rest = text.replace(/\u2068[^\u2068\u2069]*\u2069/g, '');
  return !/[\u202a-\u202e\u2066-\u2069]|[^\n\t\P{Cc}]/u.test(rest);
}

async function inOrder(one, what) {
  for (const [width, height] of sizes) {
    await one.page.setViewportSize({ width, height });
    await one.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    if (pictures) await one.page.screenshot({ path: `${pictures}/${what}-${width}.png` });
    assert.deepEqual(await one.page.evaluate(misplaced), [], `${what} at ${width}`);
  }
  assert.deepEqual((await one.page.evaluate(texts)).filter((text) => !isHarmless(text)), [], what);
}

before(async () => {
  server = await startServer(['--public-ip', '127.0.0.1']);
  const nothing = { publishParams: { allowed: [] } };
  const all = { endRoom: true, removeOthers: true, mute: true, unmute: true, changeRole: true };
  const template = (await server.call('POST', '/v2/templates', {
    name: 'strange',
    roles: {
      host: { permissions: all },
      guest: { priority: 2 },
      [wideRole]: { priority: 3 },
      lobby: { ...nothing, priority: 4, waitingRoom: true },
    },
  })).body;
  room = (await server.call('POST', '/v2/rooms', { template_id: template.id, name: 'A'.repeat(200) })).body;
  const made = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  codes = Object.fromEntries(made.map((one) => [one.role, one.code]));
  host = await person();
});
after(async () => {
  for (const client of crowd) client.socket.terminate();
  await host?.close();
  await kim?.close();
  await server?.stop();
});

test('before joining, the longest name of a room and of a role fit, and a name must show something', async () => {
  await prejoin(host, codes[wideRole], '\u200b \u3164');
  await inOrder(host, 'before joining');
  await by(host, 'join').click();
  await host.page.locator('#name-missing').waitFor();
});

test('a name as long as one may type is one to join with, in any script', async () => {
  await by(host, 'name').fill('漢'.repeat(200));
  await by(host, 'join').click();
  await by(host, 'tile').waitFor();
  await by(host, 'leave').click();
  await by(host, 'left').waitFor();
});

test('whoever shows no name is told of as somebody', async () => {
  await enter(host, codes.host, 'Hana');
  await by(host, 'tile').waitFor();
  const lines = host.page.locator('.announcer p');
  await stranger(codes.guest, '\u200b');
  await until(async () => (await lines.allInnerTexts()).includes('Guest joined'), 'that somebody joined');
  for (const name of names) await stranger(codes.guest, name);
  await until(async () => (await by(host, 'tile').count()) === names.length + 2, 'all tiles');
  for (const text of await host.page.locator('.tile-name-text').allInnerTexts()) assert.match(text, /\S/);
  const shown = await host.page.locator('.tile-name-text').allInnerTexts();
  assert.equal(shown.filter((text) => text === 'Guest').length, unseen.length + 1);
  assert.ok(shown.includes('evil <b>x</b>'), shown.join());
  await inOrder(host, 'stage');
});

test('everybody in the list of people can be seen and named, whatever their role is called', async () => {
  await stranger(codes[wideRole], wide);
  await stranger(codes[wideRole], 'Gus');
  await by(host, 'people').click();
  await until(async () => (await by(host, 'person').count()) === names.length + 4, 'all people');
  await inOrder(host, 'people');
  await accessible(host, 'people with strange names');
  await by(host, 'person-menu').first().click();
  await by(host, 'person-remove').waitFor();
  await inOrder(host, 'the menu of a person');
  await host.page.keyboard.press('Escape');
});

test('in the waiting room the name of the room fits, and whoever knocks can be let in', async () => {
  kim = await person();
  await enter(kim, codes.lobby, 'Kim');
  await by(kim, 'held').waitFor();
  await inOrder(kim, 'waiting room');
  await stranger(codes.lobby, wide);
  await until(async () => (await by(host, 'knocking').count()) === 2, 'two who knock');
  await inOrder(host, 'who knocks');
  await host.page.locator('.panel-close').click();
});

test('chat can be written and closed whoever is in the room and whatever was said', async () => {
  await by(host, 'chat').click();
  await inOrder(host, 'empty chat');
  const [evil] = crowd.slice(2);
  for (const client of crowd.slice(0, 4)) await say(client, 'hi');
  await say(crowd[1], 'M'.repeat(16000));
  await say(evil, `שלום \u202ehttps://evil.example/${'a'.repeat(300)} javascript:alert(1)\u0007`);
  await say(crowd[3], piled.repeat(20));
  await until(async () => (await by(host, 'chat-message').count()) === 7, 'all messages');
  await inOrder(host, 'chat');
  const link = host.page.locator('.message-text a');
  assert.match(await link.getAttribute('href'), /^https:\/\/evil\.example\/a{300}$/);
  // An address is read from the left in every message: RFC 3987 section 4.1.
  assert.deepEqual(await link.evaluate((a) => [getComputedStyle(a).direction, getComputedStyle(a).unicodeBidi]),
    ['ltr', 'isolate']);
});

test('a question of somebody with a long name leaves the answers and the banner of a lost connection in reach', async () => {
  const asker = await stranger(codes.host, wide);
  for (const control of ['mic', 'cam']) await by(host, control).click(); // nobody is asked for what is on
  await asker.request('role-change-request', { requested_for: await peerNamed('Hana'), role: wideRole, force: false });
  await by(host, 'role-request').waitFor();
  await inOrder(host, 'a question');
  await host.page.setViewportSize({ width: 320, height: 568 });
  await asker.request('change-track-mute-state-request', { value: false });
  for (const kind of ['mic', 'cam']) {
    await by(host, `unmute-request-${kind}`).locator('[data-testid="decline"]').click();
  }
  await host.context.setOffline(true);
  await host.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await by(host, 'reconnecting').waitFor({ timeout: 15000 });
  await inOrder(host, 'away');
  await host.context.setOffline(false);
  await by(host, 'reconnecting').waitFor({ state: 'detached', timeout: 30000 });
});

test('the reason of whoever sends somebody away fits, and turns nothing around', async () => {
  const reason = `\u202e${'X'.repeat(400)}\u0007`;
  await server.call('POST', `/v2/active-rooms/${room.id}/remove-peers`, { peer_id: await peerNamed('Hana'), reason });
  await by(host, 'error').waitFor();
  await inOrder(host, 'removed');
  assert.match(await by(host, 'error').innerText(), /X{400}/);
});

test('no page failed', () => {
  for (const one of [host, kim]) assert.deepEqual(one.problems, []);
});
