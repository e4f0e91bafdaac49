// Chromium with fake devices, one fresh profile for each person, and no way to any host but ours.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { keepConnections } from './hooks.mjs';
import { PATIENCE_MS, until } from './server.mjs';

const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-dev-shm-usage', '--use-fake-device-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--autoplay-policy=no-user-gesture-required',
  '--auto-select-desktop-capture-source=Entire screen',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1 , EXCLUDE ::1',
];

// One person's browser. `problems` collects page errors, CSP violations, and requests to hosts
// that are not `origins`; tests assert that it is empty.
// `executablePath` is another than Chromium's own where something is to be around it.
export async function openPerson({ origins, viewport, permissions = true, extraFlags = [],
  executablePath = '/usr/bin/chromium' }) {
  const profile = mkdtempSync(join(tmpdir(), 'parlor-person-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...flags, ...(permissions ? ['--use-fake-ui-for-media-stream'] : []), ...extraFlags],
    viewport: viewport ?? { width: 1280, height: 800 },
    ignoreHTTPSErrors: true,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = context.pages()[0] ?? (await context.newPage());
  const problems = [];
  const console_ = [];
  await page.addInitScript(keepConnections);
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    console_.push(`${message.type()}: ${message.text()}`);
    if (/Content Security Policy/.test(message.text())) problems.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(http|ws)/.test(url.protocol) && !origins.includes(url.origin)) {
      problems.push(`request to another host: ${request.url()}`);
    }
  });
  return {
    page, context, problems, console: console_,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

// Sums over all inbound streams of a page: what really arrived and was decoded.
export function inbound(page) {
  return page.evaluate(async () => {
    const sum = { framesDecoded: 0, audioEnergy: 0, audioPackets: 0, keyFrames: 0, bytes: 0,
      video: [], nackCount: 0, repaired: 0 };
    for (const connection of window.testConnections) {
      if (connection.connectionState === 'closed') continue;
      for (const stat of (await connection.getStats()).values()) {
        if (stat.type !== 'inbound-rtp') continue;
        sum.bytes += stat.bytesReceived;
        if (stat.kind === 'video') {
          sum.framesDecoded += stat.framesDecoded ?? 0;
          sum.keyFrames += stat.keyFramesDecoded ?? 0;
          sum.nackCount += stat.nackCount ?? 0;
          sum.repaired += stat.retransmittedPacketsReceived ?? 0;
          sum.video.push({ track: stat.trackIdentifier, frames: stat.framesDecoded ?? 0,
            width: stat.frameWidth, height: stat.frameHeight, mid: stat.mid });
        } else {
          sum.audioEnergy += stat.totalAudioEnergy ?? 0;
          sum.audioPackets += stat.packetsReceived ?? 0;
        }
      }
    }
    return sum;
  });
}

// Waits until `frames` more frames, and packets of sound, have come in than there were. Returns
// what was counted first and last.
export async function untilMedia(page, frames, what, limitMs) {
  const first = await inbound(page);
  return until(async () => {
    const now = await inbound(page);
    return now.framesDecoded > first.framesDecoded + frames &&
      now.audioPackets > first.audioPackets + frames && { first, now };
  }, what, limitMs);
}
