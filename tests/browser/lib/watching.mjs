// What somebody sees and hears, by the browser's own statistics.

// Runs in the page: looks four times a second from now on.
export function startWatching() {
  window.looks = [];
  clearInterval(window.looking);
  window.looking = setInterval(async () => {
    const look = { at: performance.now(), streams: [] };
    for (const connection of window.testConnections) {
      if (connection.connectionState === 'closed') continue;
      for (const s of (await connection.getStats()).values()) {
        if (s.type !== 'inbound-rtp') continue;
        look.streams.push({ kind: s.kind, track: s.trackIdentifier, mid: s.mid, frames: s.framesDecoded, height: s.frameHeight,
          freezes: s.freezeCount, frozen: s.totalFreezesDuration, lost: s.packetsLost, packets: s.packetsReceived,
          concealed: s.concealedSamples, samples: s.totalSamplesReceived, bytes: s.bytesReceived,
          held: s.jitterBufferDelay, emitted: s.jitterBufferEmittedCount });
      }
    }
    window.looks.push(look);
  }, 250);
}

// What was seen since then. `sound`: per cent concealed, of the stream that is worst. For each video by the id of its
// track: pictures a second, the longest time without a new one, heights from the first to the last.
export async function watched(person, sinceMs = 0) {
  const looks = await person.page.evaluate(() => window.looks);
  const from = looks[0].at + sinceMs;
  const seen = looks.filter((look) => look.at >= from);
  const [first, last] = [seen[0], seen.at(-1)];
  const seconds = (last.at - first.at) / 1000;
  const sound = [];
  const videos = new Map();
  for (const now of last.streams) {
    const before = first.streams.find(({ track }) => track === now.track) ?? {};
    if (now.kind === 'audio') {
      const samples = now.samples - (before.samples ?? 0);
      sound.push(samples ? 100 * (now.concealed - (before.concealed ?? 0)) / samples : 100);
      continue;
    }
    const points = seen.map((look) => [look.at, look.streams.find(({ track }) => track === now.track)]).filter(([, s]) => s);
    let [shownAt, frames] = [points[0][0], points[0][1].frames];
    let longest = 0;
    for (const [at, s] of points) {
      if (s.frames > frames) [shownAt, frames] = [at, s.frames];
      longest = Math.max(longest, at - shownAt);
    }
    videos.set(now.track, {
      rate: (now.frames - (before.frames ?? 0)) / seconds, longest, lost: now.lost - (before.lost ?? 0),
      kbps: (now.bytes - (before.bytes ?? 0)) * 8 / 1000 / seconds, freezes: now.freezes - (before.freezes ?? 0),
      heights: points.map(([at, s]) => [at - looks[0].at, s.height ?? 0]),
      heldMs: 1000 * (now.held - (before.held ?? 0)) / Math.max(1, now.emitted - (before.emitted ?? 0)),
    });
  }
  return { sound: sound.length ? Math.max(...sound) : 100, sounds: sound.length, videos };
}
