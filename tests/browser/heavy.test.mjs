// The unmodified SDK in a room of 22 peers whose metadata is as heavy as it may be: it gets in, knows all of
// it, and does again when its socket was lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../system/client.mjs';
import { openPerson } from './lib/chromium.mjs';
import { join, openSdk, startSdkPage, untilState } from './lib/sdk.mjs';
import { startServer, until } from './lib/server.mjs';

const heavy = '\u0001'.repeat(8192); // 48 KiB as JSON
const changed = '\u0002'.repeat(8192);
let server, sdkPage, meeting, host, crowd;

before(async () => {
  server = await startServer();
  sdkPage = await startSdkPage();
  meeting = await server.meeting({ name: 'heavy' });
  host = await openPerson({ origins: [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')] });
  await openSdk(host.page, sdkPage);
  const { token } = await Client.of(server, meeting.guest, 'mallory');
  crowd = await Promise.all(Array.from({ length: 22 }, async () => {
    const client = new Client(server, token);
    await client.connect();
    await client.request('join', { name: 'heavy', data: heavy });
    return client;
  }));
});

after(async () => {
  for (const client of crowd ?? []) client.socket.terminate();
  await host?.close();
  await sdkPage?.stop();
  await server?.stop();
});

const metadata = (s) => s.peers.filter((peer) => !peer.isLocal).map((peer) => peer.metadata);

test('it joins and comes to know all metadata', async () => {
  await join(host.page, server, meeting.host, 'Hana');
  await untilState(host.page, (s) => s.connected && s.peers.length === 23 &&
    metadata(s).every((data) => data === heavy), 'all peers with all metadata');
});

test('after a lost socket it has lost nobody, and learns what was changed meanwhile', async () => {
  await host.page.evaluate(() => window.testSockets.at(-1).close(4000));
  await untilState(host.page, (s) => s.roomState === 'Reconnecting', 'Reconnecting');
  const change = crowd[0].request('peer-update', { data: changed });
  await untilState(host.page, (s) => s.roomState === 'Connected', 'Connected');
  assert.ok((await change).result);
  await untilState(host.page, (s) => s.peers.length === 23 &&
    metadata(s).filter((data) => data === heavy).length === 21 &&
    metadata(s).filter((data) => data === changed).length === 1, 'all peers as they are now');
  await until(() => crowd.every((client) => client.open), 'the others to be there still');
});
