// The server is gone for a while, longer than media outlives it, and the pages come back to
// themselves: nobody reloads. Three pages for each gap, four times in `./dev nightly`. (Ten at once see
// ninety pictures, which a machine with two cores does not decode, whether its server was away or not.)
// Two servers are away side by side: the pages of the one whose gap is long have little to do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { keepConnections } from './lib/hooks.mjs';
import { nightly, PATIENCE_MS, startServer, until } from './lib/server.mjs';

const PAGES = 3;
const ROUNDS = nightly ? 4 : 1;
const SIDE_BY_SIDE = [[50], [5, 20]]; // gaps in seconds, of each server

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const by = (page, id) => page.locator(`[data-testid="${id}"]`);

// The pages of one browser, each of them a person in the same meeting.
async function openPages(server) {
  const { guest } = await server.meeting();
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  const browser = await openPerson({ origins, viewport: { width: 640, height: 480 } });
  for (let i = 0; i < PAGES; i++) {
    const page = i === 0 ? browser.page : await browser.context.newPage();
    if (i > 0) await page.addInitScript(keepConnections);
    await page.goto(`${server.origin}/m/${guest}`);
    await by(page, 'name').fill(`Page ${i}`);
    await until(() => by(page, 'join').isEnabled(), 'the join button');
    await by(page, 'join').click();
    await by(page, 'leave').waitFor();
    await until(() => by(page, 'hand').isEnabled(), 'the page to be in');
  }
  return browser;
}

async function pictures(page, what) {
  const first = await inbound(page);
  await until(async () => (await inbound(page)).framesDecoded > first.framesDecoded + 5, what, PATIENCE_MS, 250);
}

async function isBack(page) {
  return (await by(page, 'reconnecting').count()) === 0 && (await by(page, 'hand').isEnabled());
}

async function comeBack(page) {
  const upAt = performance.now();
  try {
    await until(() => isBack(page), 'the page to be back', 30000, 250);
    const after_ = Math.round(performance.now() - upAt);
    await pictures(page, 'pictures after');
    return after_;
  } catch (error) {
    const shown = await page.locator('[data-testid="error"], [data-testid="reconnecting"]').allInnerTexts();
    const states = await page.evaluate(() => window.testConnections.map((one) => one.connectionState).join());
    console.log(`# ${error.message}; shown ${JSON.stringify(shown)}; connections ${states}`);
    return null;
  }
}

async function goAway(server, pages, gap) {
  const back = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const page of pages) await pictures(page, 'pictures before');
    await wait(1500); // what they are is written down
    await server.restart('SIGKILL', () => wait(gap * 1000));
    back.push(...await Promise.all(pages.map(comeBack)));
  }
  console.log(`# figure back after ${gap} s: ${back.join(' ')} ms`);
  assert.equal(back.filter((ms) => ms !== null).length, PAGES * ROUNDS, `of all pages, after ${gap} s`);
}

describe('pages come back to themselves', { concurrency: true }, () => {
  for (const gaps of SIDE_BY_SIDE) {
    it(`when the server was gone for ${gaps.join(' s, and then for ')} s`, async () => {
      const server = await startServer();
      let browser;
      try {
        await server.makePicturesSmall();
        browser = await openPages(server);
        for (const gap of gaps) await goAway(server, browser.context.pages(), gap);
      } finally {
        await browser?.close();
        await server.stop();
      }
    });
  }
});
