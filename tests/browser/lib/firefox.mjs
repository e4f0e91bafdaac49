// Debian's Firefox with fake devices, driven over WebDriver BiDi (its own protocol is gone, and
// playwright-core wants a patched build).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { keepConnections } from './hooks.mjs';

const preferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  // Without these Firefox has no candidate that reaches a server on the same machine.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Nothing may leave the machine: no updates, no telemetry, no start page.
  'network.dns.disabled': false,
  'app.update.disabledForTesting': true,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-manager.url': '',
  'extensions.systemAddon.update.enabled': false,
  'services.settings.server': 'data:,',
};

export async function openFirefox() {
  const profile = mkdtempSync(join(tmpdir(), 'parlor-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: preferences,
    env: { ...process.env, HOME: profile, MOZ_HEADLESS: '1' },
  });
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  await page.evaluateOnNewDocument(keepConnections);
  return {
    page, problems,
    async close() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
