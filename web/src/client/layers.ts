// Sizes of the camera that nobody watches are not sent. The server says how much of a track anybody has use
// for, to those who ask for that on their web socket (docs/signalling.md, "Layers that nobody watches"); the
// SDK knows nothing of it. So the page reads along, and pauses encodings of the sender.

import { openConnections } from './media';

export type Level = 'low' | 'medium' | 'high';

const LEVELS: readonly string[] = ['low', 'medium', 'high'];
const METHOD = 'on-track-layers-wanted';
const ASKS = 'layer_demand';

// Tracks of which less than everything is sent.
const paused = new Set<string>();

// From now on web sockets to the server ask, and what they say is obeyed. Once, before there is any.
export function watchLayers(): void {
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(asking(url), protocols);
      this.addEventListener('message', ({ data }) => {
        for (const { id, most } of wantedIn(data)) void obey(id, most);
      });
      // Nobody would say any more that it is wanted.
      this.addEventListener('close', () => {
        for (const id of paused) void obey(id, 'high');
      });
    }
  };
}

export function asking(url: string | URL): string | URL {
  const text = String(url);
  if (!/^[^?#]*\/ws(\?|$)/.test(text)) return url;
  return `${text}${text.includes('?') ? '&' : '?'}${ASKS}=1`;
}

interface Wanted {
  id: string;
  most: Level;
}

// What a message of the server says of it: nothing, mostly.
export function wantedIn(data: unknown): Wanted[] {
  if (typeof data !== 'string' || !data.includes(METHOD)) return [];
  const message = read(data);
  const tracks =
    message['method'] === METHOD ? objectOf(objectOf(message['params'])['tracks']) : {};
  return Object.entries(tracks).flatMap(([id, track]) => {
    const most = objectOf(track)['max_layer'];
    return isLevel(most) ? [{ id, most }] : [];
  });
}

function read(text: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isLevel(value: unknown): value is Level {
  return typeof value === 'string' && LEVELS.includes(value);
}

// Which encodings are sent: the least in any case, of two the other one is the high one.
export function activeOf(scales: readonly number[], most: Level): boolean[] {
  const rising = [...scales].sort((a, b) => b - a); // the least picture first
  return scales.map((scale) => {
    const place = rising.indexOf(scale);
    const level = place === 0 ? 0 : place === rising.length - 1 ? 2 : 1;
    return level <= LEVELS.indexOf(most);
  });
}

// The name under which a section of our own description publishes its track: that of the first track that
// its sender had, which may have another one by now.
export function publishedId(sdp: string, mid: string): string | null {
  const section = sdp
    .split(/^m=/m)
    .find((part) => part.split(/\r?\n/).includes(`a=mid:${mid}`));
  return section?.match(/^a=msid:\S+ (\S+)/m)?.[1] ?? null;
}

async function obey(id: string, most: Level): Promise<void> {
  if (most === 'high') paused.delete(id);
  else paused.add(id);
  for (const connection of openConnections()) {
    const sdp = connection.localDescription?.sdp ?? '';
    const found = connection
      .getTransceivers()
      .find(({ mid }) => mid !== null && publishedId(sdp, mid) === id);
    if (found) await pauseOthers(found.sender, most);
  }
}

async function pauseOthers(sender: RTCRtpSender, most: Level): Promise<void> {
  const parameters = sender.getParameters();
  const { encodings } = parameters;
  if (encodings.length < 2) return;
  const active = activeOf(
    encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy ?? 1),
    most,
  );
  if (encodings.every((encoding, i) => encoding.active === active[i])) return;
  encodings.forEach((encoding, i) => (encoding.active = active[i] ?? true));
  await sender.setParameters(parameters).catch(() => undefined); // the call goes on as it was
}
