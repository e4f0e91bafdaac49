// A client's way changes under its call: another address, other ports. Chromium says so by its checks of ICE alone, and
// pictures and sound go on both ways; nothing is negotiated.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBottleneck, whyNoBottleneck } from './lib/bottleneck.mjs';
import { openPerson, untilMedia } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage } from './lib/sdk.mjs';

const skip = whyNoBottleneck();
let server, sdkPage, line, relay, hana, gus;

before(async () => {
  if (skip) return;
  server = await startServer(['--public-ip', '127.0.0.1']);
  sdkPage = await startSdkPage();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  line = await openBottleneck([server.port, Number(new URL(sdkPage.origin).port)], 100_000);
  line.addWay();
  relay = await startRelay(server.mediaPort, line.host);
  hana = await openPerson({ origins });
  gus = await openPerson({ origins, executablePath: line.executable });
  await gus.page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port, line.host]);
  const meeting = await server.meeting();
  for (const [person, code, name] of [[hana, meeting.host, 'Hana'], [gus, meeting.guest, 'Gus']]) {
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
  await goesOn('at first');
});
after(async () => {
  await hana?.close();
  await gus?.close();
  relay?.stop();
  await line?.close();
  await sdkPage?.stop();
  await server?.stop();
});

const goesOn = (when) => Promise.all([hana, gus].map((person) => untilMedia(person.page, 15, `pictures and sound ${when}`, 30000)));

// What Gus and the server said last of each of his connections.
const negotiated = () => gus.page.evaluate(() => window.testConnections.map(({ localDescription, remoteDescription }) =>
  [localDescription, remoteDescription].map(({ sdp }) => [sdp.match(/^o=.*/m)[0], sdp.match(/a=ice-ufrag:(\S+)/)[1]])));

// How many packets each way carries in a second.
async function carries() {
  const [first, begun] = [line.carried(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 500));
  const last = line.carried();
  const seconds = (performance.now() - begun) / 1000;
  return Object.fromEntries(Object.keys(first).map((way) => [way, (last[way] - first[way]) / seconds]));
}

test('a NAT that gives other ports', { skip }, async () => {
  const before_ = await negotiated();
  relay.rebind();
  await goesOn('from other ports');
  assert.deepEqual(await negotiated(), before_);
});

test('from Wi-Fi to mobile', { skip }, async () => {
  const before_ = await negotiated();
  const { way, mobile } = await carries();
  assert.ok(way + mobile > 60, `${way} and ${mobile} packets a second`);
  const [used, other] = way > mobile ? ['way', 'mobile'] : ['mobile', 'way'];
  line.setWay(used, 'down');
  const begun = performance.now();
  await until(async () => (await carries())[other] > 60, 'the other way to carry it', 30000);
  await goesOn('on the other way');
  console.log(`# figure another way carries it, and 15 pictures came, after ${Math.round(performance.now() - begun)} ms`);
  assert.deepEqual(await negotiated(), before_);
});
