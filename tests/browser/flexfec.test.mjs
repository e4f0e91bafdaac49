// Chromium protects its pictures by FlexFEC where it is told to: what its way to the server loses is rebuilt there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson } from './lib/chromium.mjs';
import { startRelay, takeRelayForServer } from './lib/relay.mjs';
import { nightly, startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage } from './lib/sdk.mjs';

const skip = !nightly && 'in ./dev nightly';
const trials = '--force-fieldtrials=WebRTC-FlexFEC-03-Advertised/Enabled/WebRTC-FlexFEC-03/Enabled/';
let server, sdkPage, relay, meeting, origins;
const people = [];

before(async () => {
  if (skip) return;
  server = await startServer(['--public-ip', '127.0.0.1']);
  sdkPage = await startSdkPage();
  relay = await startRelay(server.mediaPort);
  relay.delayMs = 25; // Chromium sends none where asking for a packet again takes less than 20 ms
  meeting = await server.meeting();
  origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
});

after(async () => {
  for (const person of people) await person.close();
  await sdkPage?.stop();
  relay?.stop();
  await server?.stop();
});

async function enter(name, extraFlags) {
  const person = await openPerson({ origins, extraFlags });
  people.push(person);
  await person.page.addInitScript(takeRelayForServer, [server.mediaPort, relay.port]);
  await openSdk(person.page, sdkPage);
  await join(person.page, server, meeting.host, name);
  return person;
}

// What the server knows of somebody's pictures, when they come.
async function pictures(name) {
  const { data } = (await server.call('GET', `/v2/active-rooms/${meeting.room.id}/media`)).body;
  const tracks = data.find((one) => one.name === name)?.publish?.tracks ?? [];
  return tracks.find(({ type }) => type === 'video')?.layers[0];
}

const descriptions = ({ page }) => page.evaluate(() => window.testConnections
  .filter(({ localDescription }) => localDescription?.type === 'offer' && /m=video/.test(localDescription.sdp))
  .map(({ localDescription, remoteDescription }) => [localDescription.sdp, remoteDescription.sdp])[0]);

test('what is lost of pictures that are protected is rebuilt', { skip }, async () => {
  const hana = await enter('Hana', [trials]);
  await until(async () => (await pictures('Hana'))?.packets_received > 30, 'pictures');
  const [offer, answer] = await descriptions(hana);
  assert.match(offer, /a=ssrc-group:FEC-FR /);
  assert.match(answer, / flexfec-03\/90000/);
  relay.lossToServer = 0.1;
  const seen = await until(async () => {
    const now = await pictures('Hana');
    return now.packets_rebuilt >= 5 && now;
  }, 'packets to be rebuilt', 30000);
  relay.lossToServer = 0;
  console.log(`# of ${seen.packets_lost} lost, ${seen.packets_rebuilt} rebuilt by ${seen.fec_packets_received}; ` +
    `${seen.nacks_sent} were asked for`);
  assert.ok(seen.packets_rebuilt <= seen.packets_lost + 3, 'more was rebuilt than was lost');
});

test('who does not offer it is not answered it', { skip }, async () => {
  const gus = await enter('Gus', []);
  await until(async () => (await pictures('Gus'))?.packets_received > 10, 'pictures');
  const [offer, answer] = await descriptions(gus);
  assert.doesNotMatch(offer, /FEC-FR/);
  assert.doesNotMatch(answer, /flexfec/);
  assert.equal((await pictures('Gus')).fec_packets_received, undefined);
});
