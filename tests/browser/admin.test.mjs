// The dashboard: getting in by a link, a room and its links, and what a viewer does not see.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { accessible } from './lib/axe.mjs';
import { openPerson } from './lib/chromium.mjs';
import { binary, startServer } from './lib/server.mjs';

const pictures = process.env.PARLOR_PICTURES; // a folder: keep a screenshot of each screen
const PASSWORD = 'correct horse battery';

let server, person;
const by = (id) => person.page.locator(`[data-testid="${id}"]`);

before(async () => {
  server = await startServer();
  person = await openPerson({ origins: [server.origin, server.origin.replace('http', 'ws')] });
});
after(async () => {
  await person?.close();
  await server?.stop();
});

// In both colours, wide and narrow.
async function look(name) {
  for (const colorScheme of ['light', 'dark']) {
    await person.page.emulateMedia({ colorScheme });
    await accessible(person, `${name}, ${colorScheme}`);
    for (const width of [1280, 390]) {
      await person.page.setViewportSize({ width, height: 800 });
      const sideways = await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(sideways <= 0, `${name} scrolls sideways at ${width}`);
      if (pictures) await person.page.screenshot({ path: `${pictures}/admin-${name}-${colorScheme}-${width}.png` });
    }
  }
  await person.page.setViewportSize({ width: 1280, height: 800 });
}

async function signIn(name, password) {
  await by('admin-name').fill(name);
  await by('admin-password').fill(password);
  await by('admin-sign-in').click();
}

test('a link makes the owner, who makes a room, opens it by its link, and deletes it', async () => {
  const link = execFileSync(binary, ['admin', 'link', ...server.store, '--server', server.origin],
    { encoding: 'utf8' }).match(/http\S+/)[0];
  await person.page.goto(`${server.origin}/admin/`);
  await by('admin-name').waitFor();
  await person.page.goto(link); // in the same page: nothing but what stands behind the # changes
  await person.page.getByText('12 characters').waitFor();
  await look('link');
  assert.equal(await person.page.evaluate(() => location.hash), '');
  await signIn('ada', PASSWORD);
  await by('empty').waitFor();

  await by('room-new').click();
  await by('room-name').fill('no spaces here');
  await by('room-save').click();
  assert.equal(await by('form-error').getAttribute('data-field'), 'name');
  await look('room-new');
  await by('room-name').fill('standup');
  await by('room-save').click();
  await by('room-row').waitFor();
  await look('rooms');

  await by('room-enabled').click();
  await person.page.locator('[data-testid="room-enabled"]:not(:checked):enabled').waitFor();
  await by('room-enabled').click();
  await person.page.locator('[data-testid="room-enabled"]:checked:enabled').waitFor();

  await by('room-codes').click();
  await by('codes-make').click();
  await by('link-guest').waitFor();
  await look('codes');
  const code = await by('code-guest').textContent();
  const opened = person.context.waitForEvent('page');
  await by('link-guest').click();
  const meeting = await opened;
  await meeting.locator('[data-testid="join"]').waitFor();
  assert.ok(meeting.url().endsWith(`/m/${code}`));
  await meeting.close();
  await by('close').click();

  await by('room-delete').click();
  await by('confirm').waitFor();
  assert.match(await person.page.locator('dialog h2').textContent(), /standup/);
  await look('confirm');
  await by('confirm-cancel').click();
  assert.equal(await by('room-row').count(), 1);
  await by('room-delete').click();
  await by('confirm').click();
  await by('empty').waitFor();

  await by('nav-audit').click();
  await by('audit-row').first().waitFor();
  await look('audit');
  assert.deepEqual(person.problems, []);
});

test('a viewer reads the rooms, and finds nothing there to change them', async () => {
  const status = await person.page.evaluate(async (password) => {
    const { csrf } = await (await fetch('/v2/admin/session')).json();
    const headers = { 'Content-Type': 'application/json', 'Parlor-CSRF': csrf };
    const body = JSON.stringify({ name: 'vera', role: 'viewer', password });
    return (await fetch('/v2/admin/accounts', { method: 'POST', headers, body })).status;
  }, PASSWORD);
  assert.equal(status, 200);
  await server.call('POST', '/v2/rooms', { name: 'seen' });
  await by('admin-sign-out').click();
  await by('admin-name').waitFor();
  await signIn('vera', 'not her password');
  assert.equal(await by('form-error').getAttribute('data-field'), 'password');
  await look('sign-in');
  await signIn('vera', PASSWORD);
  await by('nav-rooms').click();
  await by('room-row').waitFor();
  for (const id of ['room-new', 'room-delete', 'room-codes']) assert.equal(await by(id).count(), 0, id);
  assert.ok(await by('room-enabled').isDisabled());
  assert.deepEqual(person.problems, []);
});

test('a link is used by whoever opens it, signed in or not, and an ended session leads to the sign-in', async () => {
  const link = execFileSync(binary, ['admin', 'link', ...server.store, '--server', server.origin],
    { encoding: 'utf8' }).match(/http\S+/)[0];
  await person.page.goto(link);
  await by('admin-name').waitFor();
  await person.page.waitForFunction(() => location.hash === '');
  await signIn('ada', PASSWORD);
  await by('room-row').waitFor();
  assert.match(await person.page.title(), /^Rooms/);
  await person.page.goto(`${server.origin}/admin/nowhere`);
  await person.page.getByRole('heading', { name: 'There is no such page.' }).waitFor();
  assert.equal(await by('room-row').count(), 0);
  await by('nav-rooms').click();
  await by('room-row').waitFor();

  await person.context.clearCookies();
  await by('room-enabled').click();
  await by('admin-name').waitFor();
  person.problems.length = 0; // the answer 401 stands among them
});
