// The other ways in: TLS with a certificate of our own, IPv6, and a page that wants a key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';

const by = (person, id) => person.page.locator(`[data-testid="${id}"]`);

async function meet(server, what) {
  const origins = [server.origin, server.origin.replace('http', 'ws')];
  const people = [await openPerson({ origins }), await openPerson({ origins })];
  try {
    await people[0].page.goto(server.origin);
    await by(people[0], 'create-meeting').click();
    const codes = [];
    for (const id of ['host-code', 'guest-code']) {
      codes.push((await by(people[0], id).innerText()).match(/[a-z]{3}-[a-z]{4}-[a-z]{3}/)[0]);
    }
    for (const [i, person] of people.entries()) {
      await person.page.goto(`${server.origin}/m/${codes[i]}`);
      await by(person, 'name').fill(['Hana', 'Gus'][i]);
      await until(() => by(person, 'join').isEnabled(), 'the join button');
      await by(person, 'join').click();
    }
    for (const person of people) {
      await until(async () => {
        const now = await inbound(person.page);
        return now.framesDecoded > 20 && now.audioEnergy > 0;
      }, `media ${what}`);
    }
    assert.deepEqual(people.flatMap((person) => person.problems), []);
    return await people[0].page.evaluate(async () => {
      const pairs = [];
      for (const connection of window.testConnections) {
        const stats = await connection.getStats();
        for (const stat of stats.values()) {
          if (stat.type === 'transport' && stat.selectedCandidatePairId) {
            pairs.push(stats.get(stats.get(stat.selectedCandidatePairId).remoteCandidateId)?.address);
          }
        }
      }
      return pairs;
    });
  } finally {
    for (const person of people) await person.close();
  }
}

test('a meeting over TLS with a certificate made by the server', async () => {
  const server = await startServer(['--tls', 'self-signed']);
  try {
    await meet(server, 'over TLS');
  } finally {
    await server.stop();
  }
});

test('a meeting over IPv6, media included', async () => {
  const server = await startServer(['--public-ip', '::1'], '[::1]');
  try {
    const addresses = await meet(server, 'over IPv6');
    assert.ok(addresses.length > 0 && addresses.every((address) => address === '::1'),
      JSON.stringify(addresses));
  } finally {
    await server.stop();
  }
});

test('where meetings need a key, the page asks for it and takes it', async () => {
  const server = await startServer(['--meetings', 'key']);
  const person = await openPerson({ origins: [server.origin] });
  try {
    await person.page.goto(server.origin);
    await by(person, 'create-meeting').click();
    await by(person, 'management-token').fill('wrong');
    await by(person, 'create-meeting').click();
    await by(person, 'error').waitFor();
    const keys = JSON.parse(readFileSync(`${server.folder}/keys.json`, 'utf8'));
    await by(person, 'management-token').fill(keys.meetings_key);
    await by(person, 'create-meeting').click();
    await by(person, 'host-code').waitFor();
    assert.deepEqual(person.problems, []);
  } finally {
    await person.close();
    await server.stop();
  }
});
