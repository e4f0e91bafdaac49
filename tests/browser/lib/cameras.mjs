// Cameras that cost little: Chromium encodes one clip in three sizes once, and Pion sends it as often as wanted, each
// time as another person's simulcast (tests/system/pion-cameras).
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goCache, top } from './server.mjs';

const debian = '/usr/share/gocode';

// A folder with the program and the clips; `page` is one that may use WebCodecs.
export async function makeCameras(page) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-cameras-'));
  const source = join(folder, 'src/cameras');
  cpSync(join(top, 'tests/system/pion-cameras'), source, { recursive: true });
  execFileSync('go', ['build', '-o', join(folder, 'cameras'), '.'], { cwd: source, stdio: 'inherit',
    env: { ...process.env, GO111MODULE: 'off', GOCACHE: goCache, GOFLAGS: '', GOPATH: `${folder}:${debian}` } });
  for (const [name, text] of Object.entries(await page.evaluate(encode))) {
    writeFileSync(join(folder, name), Buffer.from(text, 'base64'));
  }
  return {
    // So many people come into the room; all are in when this is over.
    async enter(server, room, token, count, speaker = 1) {
      const child = spawn(join(folder, 'cameras'), [server.origin, room, token, folder, `${count}`, `${speaker}`],
        { stdio: ['pipe', 'pipe', 'inherit'] });
      const exit = new Promise((resolve) => child.once('exit', resolve));
      await Promise.race([
        new Promise((resolve) => child.stdout.once('data', resolve)),
        exit.then((code) => { throw new Error(`the cameras ended with ${code}`); }),
      ]);
      return { async leave() { child.stdin.end(); await exit; } };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

// Runs in the page. A picture of which a part changes all over, as somebody's who moves, and a sound like a voice's.
// An encoder that has more to tell than its bit rate allows takes more: then the clip is none of that layer.
async function encode() {
  const seconds = 6;
  const files = {};
  const sizes = [['f.vp8', 960, 540, 1200000], ['h.vp8', 480, 270, 400000], ['q.vp8', 240, 135, 130000]];
  const join_ = (list) => {
    let text = '';
    for (const chunk of list) {
      const octets = new Uint8Array(4 + chunk.byteLength);
      new DataView(octets.buffer).setUint32(0, chunk.byteLength);
      chunk.copyTo(octets.subarray(4));
      for (let i = 0; i < octets.length; i += 8192) text += String.fromCharCode(...octets.subarray(i, i + 8192));
    }
    return btoa(text);
  };
  for (const [name, width, height, bitrate] of sizes) {
    const chunks = [];
    const encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: (error) => { throw error; } });
    encoder.configure({ codec: 'vp8', width, height, bitrate, framerate: 30, latencyMode: 'realtime' });
    const canvas = new OffscreenCanvas(width, height);
    const draw = canvas.getContext('2d');
    for (let n = 0; n < seconds * 30; n++) {
      draw.fillStyle = '#456';
      draw.fillRect(0, 0, width, height);
      for (let i = 0; i < 16; i++) {
        draw.fillStyle = `hsl(${(i * 47 + n * 3) % 360} 60% ${30 + i % 40}%)`;
        draw.fillRect((Math.sin(i * 9 + n / 11) + 1) * width * 0.45, (Math.cos(i * 5 + n / 7) + 1) * height * 0.45,
          width / 12, height / 12);
      }
      const frame = new VideoFrame(canvas, { timestamp: n * 1e6 / 30 });
      encoder.encode(frame, { keyFrame: n === 0 });
      frame.close();
      if (encoder.encodeQueueSize > 8) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await encoder.flush();
    const taken = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0) * 8 / seconds;
    if (taken > 1.15 * bitrate) throw new Error(`${name} takes ${Math.round(taken / 1000)} kbit/s of ${bitrate / 1000}`);
    files[name] = join_(chunks);
  }
  const packets = [];
  const encoder = new AudioEncoder({ output: (chunk) => packets.push(chunk), error: (error) => { throw error; } });
  encoder.configure({ codec: 'opus', sampleRate: 48000, numberOfChannels: 1, bitrate: 32000 });
  const samples = new Float32Array(48000 * seconds);
  for (let i = 0; i < samples.length; i++) {
    const syllable = Math.max(0, Math.sin(i / 48000 * 2 * Math.PI * 3));
    samples[i] = 0.3 * syllable * Math.sin(i / 48000 * 2 * Math.PI * (180 + 40 * Math.sin(i / 9000))) + 0.02 * (Math.random() - 0.5);
  }
  for (let i = 0; i + 960 <= samples.length; i += 960) {
    encoder.encode(new AudioData({ format: 'f32', sampleRate: 48000, numberOfFrames: 960, numberOfChannels: 1,
      timestamp: i / 48000 * 1e6, data: samples.subarray(i, i + 960) }));
  }
  await encoder.flush();
  files.opus = join_(packets);
  return files;
}
