// Sixty people behind one address who open the page, trade the code and join in the same second: six of them in real
// Chromium, each in a context that has never been here, and in ./dev nightly all of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { offerOfNobody, Visitor } from '../system/visitor.mjs';
import { nightly, startServer, until } from './lib/server.mjs';

const PEOPLE = 60, CHROMIUMS = nightly ? PEOPLE : 6;
let server, browser, code, room;

before(async () => {
  server = await startServer(['--rate-limit', 'on']);
  // Pupils who listen: a machine of two cores has no cameras to encode for sixty.
  const template = (await server.call('POST', '/v2/templates', { name: 'class', roles: {
    teacher: {}, pupil: { priority: 2, publishParams: { allowed: [] } },
  } })).body;
  room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const codes = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  code = codes.find(({ role }) => role === 'pupil').code;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox',
    '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream', '--allow-loopback-in-peer-connection'] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function comeInChromium(page, name) {
  const answers = [];
  page.on('response', (response) => { if (response.status() >= 400) answers.push(`${response.status()} ${response.url()}`); });
  await page.goto(`${server.origin}/m/${code}`);
  await page.locator('[data-testid="name"]').fill(name);
  await until(() => page.locator('[data-testid="join"]').isEnabled(), 'the join button', 60000);
  await page.locator('[data-testid="join"]').click();
  await page.locator('[data-testid="leave"]').waitFor({ timeout: 60000 });
  assert.deepEqual(answers, []);
}

async function comeLight(visitor, sdp) {
  await visitor.load();
  await visitor.login(code);
  await visitor.join(sdp);
}

test(`60 people of one address come in the same second, ${CHROMIUMS} of them in Chromium`, async () => {
  const sdp = await offerOfNobody();
  const pages = await Promise.all(Array.from({ length: CHROMIUMS }, async () => (await browser.newContext()).newPage()));
  const visitors = Array.from({ length: PEOPLE - CHROMIUMS }, () => new Visitor(server));
  try {
    await Promise.all([...pages.map((page, i) => comeInChromium(page, `Pupil ${i}`)),
      ...visitors.map((visitor) => comeLight(visitor, sdp))]);
    const { body } = await server.call('GET', `/v2/active-rooms/${room.id}`);
    assert.equal(body.session.peers.length, PEOPLE);
  } finally {
    for (const visitor of visitors) visitor.end();
  }
});
