// A call over a network that loses packets, and one that is gone for a while.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson, untilMedia } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state } from './lib/sdk.mjs';
import { startWatching, watched } from './lib/watching.mjs';

// Nobody answers there: that the page was told is what is shown.
const iceServers = [{ urls: ['turn:127.0.0.1:9'], username: 'u', credential: 'c' }];

let server, sdkPage, relay, host, guest;

before(async () => {
  server = await startServer(['--public-ip', '127.0.0.1', '--ice-servers', JSON.stringify(iceServers)]);
  relay = await startRelay(server.mediaPort);
  sdkPage = await startSdkPage();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  const meeting = await server.meeting();
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  for (const [person, code, name] of [[host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus']]) {
    await person.page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port]);
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  relay?.stop();
  await server?.stop();
});

test('6: the configured ICE servers reach both peer connections', async () => {
  const told = await host.page.evaluate(() =>
    window.testConnections.map((connection) => connection.getConfiguration().iceServers));
  assert.equal(told.length, 2);
  for (const servers of told) {
    assert.deepEqual(servers.map(({ urls, username, credential }) => ({ urls, username, credential })),
      iceServers);
  }
});

test('what a network of 5 % loss each way drops is asked for and comes again', async () => {
  for (const person of [host, guest]) await untilMedia(person.page, 10, 'media through the relay');
  relay.lossToServer = relay.lossToClient = 0.05;
  const before_ = relay.dropped;
  for (const person of [host, guest]) {
    const { first } = await untilMedia(person.page, 100, '100 frames over a lossy network', 30000);
    await until(async () => (await inbound(person.page)).nackCount > first.nackCount, 'something to be asked for');
    await until(async () => (await inbound(person.page)).repaired > first.repaired, 'something to come again');
  }
  assert.ok(relay.dropped > before_ + 20);
  relay.lossToServer = relay.lossToClient = 0;
});

test('of 15 % lost on the way to a client a third at most has to be invented: sound comes twice', async () => {
  const page = guest.page;
  relay.lossToClient = 0.15;
  await new Promise((resolve) => setTimeout(resolve, 4000)); // it is reported, and met
  await page.evaluate(startWatching);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const { sound } = await watched(guest);
  const [first, last] = (await page.evaluate(() => window.looks)).filter((_, i, all) => i === 0 || i === all.length - 1)
    .map((look) => look.streams.find(({ kind }) => kind === 'audio'));
  relay.lossToClient = 0;
  await page.evaluate(() => clearInterval(window.looking));
  const came = last.packets - first.packets;
  const lost = 100 * (1 - came / (came + last.lost - first.lost));
  console.log(`# sound: ${lost.toFixed(1)} % lost, ${sound.toFixed(1)} % concealed`);
  assert.ok(lost > 5, 'nothing was lost');
  assert.ok(sound < lost / 3, `${sound} % concealed of ${lost} % lost`);
});

// What each side of the connection on which we offer calls itself in ICE: who restarts it takes another name.
const names = (page) => page.evaluate(() => window.testConnections
  .filter(({ connectionState, remoteDescription }) => connectionState !== 'closed' && remoteDescription.type === 'offer')
  .flatMap(({ localDescription, remoteDescription }) =>
    [localDescription, remoteDescription].map(({ sdp }) => sdp.match(/a=ice-ufrag:(\S+)/)[1])));

test('29: a network that is gone for 12 s comes back by itself, on both connections', async () => {
  const left = async () => {
    for (const person of [host, guest]) assert.equal((await state(person.page)).peers.length, 2);
  };
  const before_ = await Promise.all([host, guest].map(({ page }) => names(page)));
  relay.lossToServer = relay.lossToClient = 1;
  await new Promise((resolve) => setTimeout(resolve, 12000));
  await left();
  relay.lossToServer = relay.lossToClient = 0;
  for (const person of [host, guest]) await untilMedia(person.page, 20, 'media again', 20000);
  await left();
  // The server restarted ICE, as nothing was heard.
  for (const [i, { page }] of [host, guest].entries()) {
    const now = await names(page);
    assert.equal(now.length, 2);
    assert.ok(now.every((name, at) => name !== before_[i][at]), `${now} after ${before_[i]}`);
  }
});
