// Sixty people behind one address who load the page and trade the code at once, and then join in the same second: six
// of them in real Chromium, each in a context that has never been here, and in ./dev nightly all of them. What is tested
// is what the server allows one address, and not how fast a machine starts sixty pages: nobody joins before all of them
// are ready to, nobody has a camera, and a page waits by a timer, since it draws nothing while others have the processor.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { offerOfNobody, Visitor } from '../system/visitor.mjs';
import { nightly, startServer } from './lib/server.mjs';

const PEOPLE = 60, CHROMIUMS = nightly ? PEOPLE : 6;
const LIMIT_MS = nightly ? 300000 : 60000;
let server, browser, code, room;

before(async () => {
  server = await startServer(['--rate-limit', 'on']);
  // Pupils who listen.
  const template = (await server.call('POST', '/v2/templates', { name: 'class', roles: {
    teacher: {}, pupil: { priority: 2, publishParams: { allowed: [] } },
  } })).body;
  room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const codes = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  code = codes.find(({ role }) => role === 'pupil').code;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox',
    '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--mute-audio',
    '--allow-loopback-in-peer-connection'] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// In the page: waits until something of this name is there and may be used; then it is given a text, or clicked.
async function whenReady(page, name, { text, click } = {}) {
  const done = await page.evaluate(async ([id, value, clicks, limit]) => {
    const end = Date.now() + limit;
    const find = () => document.querySelector(`[data-testid="${id}"]:not(:disabled):not([aria-disabled="true"])`);
    while (!find() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
    const found = find();
    if (found && value) {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(found, value);
      found.dispatchEvent(new Event('input', { bubbles: true }));
    }
    if (found && clicks) found.click();
    return found !== null || document.body.innerText;
  }, [name, text, click, LIMIT_MS]);
  assert.equal(done, true, `no ${name}`);
}

class Pupil {
  constructor(page, name) {
    Object.assign(this, { page, name, refused: [] });
    page.on('response', (response) => {
      if (response.status() >= 400) this.refused.push(`${response.status()} ${response.url()}`);
    });
  }

  async prepare() {
    await this.page.goto(`${server.origin}/m/${code}`, { waitUntil: 'commit', timeout: LIMIT_MS });
    await whenReady(this.page, 'name', { text: this.name });
    await whenReady(this.page, 'join');
  }

  async join() {
    await whenReady(this.page, 'join', { click: true });
    await whenReady(this.page, 'leave');
    assert.deepEqual(this.refused, []);
  }
}

class LightPupil {
  constructor(sdp) {
    Object.assign(this, { sdp, visitor: new Visitor(server) });
  }

  async prepare() {
    await this.visitor.load();
    await this.visitor.login(code);
  }

  join() {
    return this.visitor.join(this.sdp);
  }
}

test(`60 people of one address come at once and join in the same second, ${CHROMIUMS} of them in Chromium`, async () => {
  const sdp = await offerOfNobody();
  const pages = await Promise.all(Array.from({ length: CHROMIUMS }, async () =>
    (await browser.newContext({ viewport: { width: 400, height: 300 } })).newPage()));
  const light = Array.from({ length: PEOPLE - CHROMIUMS }, () => new LightPupil(sdp));
  const pupils = [...pages.map((page, i) => new Pupil(page, `Pupil ${i}`)), ...light];
  try {
    await Promise.all(pupils.map((pupil) => pupil.prepare()));
    await Promise.all(pupils.map((pupil) => pupil.join()));
    const { peers } = (await server.call('GET', `/v2/active-rooms/${room.id}`)).body.session;
    assert.equal(peers.length, PEOPLE);
    const { body } = await server.call('GET', `/v2/active-rooms/${room.id}/peers`);
    const joined = Object.values(body.peers).map((peer) => Date.parse(peer.joined_at)).sort((a, b) => a - b);
    console.log(`# figure ${PEOPLE} people joined within ${joined.at(-1) - joined[0]} ms`);
  } finally {
    for (const { visitor } of light) visitor.end();
  }
});
