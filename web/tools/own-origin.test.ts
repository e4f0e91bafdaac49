import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { keepOwnOrigin } from './own-origin';

test('telemetry stays at home', () => {
  expect(keepOwnOrigin('"https://event.100ms.live/v2/client/report"')).toBe(
    '"/v2/client/report"',
  );
});

test('the code login stays at home', () => {
  expect(keepOwnOrigin('"https://auth.100ms.live/v2/token"')).toBe('"/v2/token"');
});

// When the SDK is updated and brings a new address, this is the test which says so first.
test('no address of the vendor is left in the SDK', () => {
  for (const name of ['react-sdk', 'hms-video-store']) {
    const file = new URL(`../node_modules/@100mslive/${name}/dist/index.js`, import.meta.url);
    const code = keepOwnOrigin(readFileSync(file, 'utf8'));
    const documentation = /https:\/\/www\.100ms\.live\/docs\//g;
    expect(code.replace(documentation, '')).not.toContain('100ms.live');
  }
});
