// VP9 and H264 are forwarded as VP8 is: the template's codec decides what publishers send.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join as joinPath } from 'node:path';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage } from './lib/sdk.mjs';

let server, sdkPage, host, guest;

before(async () => {
  server = await startServer();
  sdkPage = await startSdkPage();
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  await server?.stop();
});

// Templates cannot be changed over REST yet: the stored document is changed while nobody reads it.
function setCodec(codec) {
  execFileSync('python3', ['-c', `
import json, sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    for id, text in db.execute("select id, document from templates").fetchall():
        document = json.loads(text)
        for role in document["roles"].values():
            role["publishParams"]["video"]["codec"] = sys.argv[2]
        db.execute("update templates set document = ? where id = ?", (json.dumps(document), id))
`, joinPath(server.folder, 'parlor.db'), codec]);
}

const received = (page) => page.evaluate(async () => {
  const names = new Set();
  for (const connection of window.testConnections) {
    const stats = await connection.getStats();
    for (const stat of stats.values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'video' && stat.framesDecoded > 20) {
        names.add(stats.get(stat.codecId)?.mimeType);
      }
    }
  }
  return [...names];
});

for (const [codec, mimeType] of [['vp9', 'video/VP9'], ['h264', 'video/H264']]) {
  test(`${mimeType} is decoded by the other`, async () => {
    await server.restart('SIGTERM', () => setCodec(codec));
    const meeting = await server.meeting();
    await openSdk(host.page, sdkPage);
    await openSdk(guest.page, sdkPage);
    await join(host.page, server, meeting.host, 'Hana');
    await join(guest.page, server, meeting.guest, 'Gus');
    for (const person of [host, guest]) {
      const names = await until(async () => {
        const now = await received(person.page);
        return now.length > 0 && now;
      }, `frames of ${mimeType}`);
      assert.deepEqual(names, [mimeType]);
      assert.ok((await inbound(person.page)).keyFrames >= 1);
    }
    await host.page.evaluate(() => window.person.actions.leave());
    await guest.page.evaluate(() => window.person.actions.leave());
  });
}
