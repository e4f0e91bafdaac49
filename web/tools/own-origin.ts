// Keeps the SDK on our own origin.
//
// Some addresses are constants inside the SDK, and no option changes them. The worst one is the
// telemetry address: while signalling is down the SDK posts there with the room token as bearer.
// So they are rewritten when the client is built, in the SDK's files only, and tools/check.mjs
// refuses an output which still names one of them.
import type { Plugin } from 'vite';

// A host which never resolves (RFC 6761 section 6.4), for features we do not serve.
const NOWHERE = 'https://invalid.invalid';

const REWRITES: ReadonlyArray<readonly [from: string, to: string]> = [
  ['https://event-nonprod.100ms.live/v2/client/report', '/v2/client/report'],
  ['https://event.100ms.live/v2/client/report', '/v2/client/report'],
  ['https://event.100ms.live', NOWHERE],
  ['https://auth.100ms.live/v2/token', '/v2/token'],
  ['https://api.100ms.live/v2', '/v2'],
  ['https://100ms.live/test-audio.wav', '/test-audio.wav'],
  ['https://prod-init.100ms.live', NOWHERE],
  ['https://pdf-annotation.100ms.live', NOWHERE],
  ['https://whiteboard-qa.100ms.live', NOWHERE],
  ['https://whiteboard.100ms.live', NOWHERE],
  ['app.100ms.live', 'invalid.invalid'], // only compared with our own host name
];

export function keepOwnOrigin(code: string): string {
  return REWRITES.reduce((text, [from, to]) => text.replaceAll(from, to), code);
}

export function ownOrigin(): Plugin {
  return {
    name: 'own-origin',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('/@100mslive/')) return null;
      const changed = keepOwnOrigin(code);
      return changed === code ? null : { code: changed, map: null };
    },
  };
}
