// A person in a call whose WebRTC stack is werift, so not a browser's: it speaks the signalling
// protocol by hand, sends made-up Opus and VP8, and keeps every packet that comes.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PATIENCE_MS, top, until } from '../browser/lib/server.mjs';

const require = createRequire(join(top, 'tests/browser/package.json'));
const werift = require('werift');
const WebSocket = require('ws');

const video = [
  werift.useVP8({ payloadType: 96,
    rtcpFeedback: [werift.useNACK(), werift.usePLI(), werift.useTWCC()] }),
  new werift.RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90000, payloadType: 97,
    parameters: 'apt=96' }),
];
const audio = [werift.useOPUS({ payloadType: 111, rtcpFeedback: [werift.useTWCC()] })];
const everywhere = [werift.useSdesMid(), werift.useTransportWideCC()];

function connection(options) {
  const pc = new werift.RTCPeerConnection({
    iceServers: [], iceUseIpv6: false, iceAdditionalHostAddresses: ['127.0.0.1'],
    bundlePolicy: 'max-bundle', codecs: { audio, video },
    headerExtensions: { audio: everywhere, video: [...everywhere, werift.useAbsSendTime()] },
    ...options,
  });
  // werift forgets a transceiver whose section has become another's. Its receiver would report
  // for ever, and the test would never end.
  const receivers = new Set();
  pc.onTransceiverAdded.subscribe(({ receiver }) => receivers.add(receiver));
  const close = pc.close.bind(pc);
  pc.close = async () => {
    await close();
    for (const receiver of receivers) receiver.stop();
  };
  return pc;
}

// --- What is sent ---

const KEY_FRAME_START = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];

// Whether a VP8 payload begins a key frame: RFC 7741 sections 4.2 and 4.3.
function beginsKeyFrame(payload) {
  let at = 1;
  if (payload[0] & 0x80) {
    const more = payload[at++];
    if (more & 0x80) at += payload[at] & 0x80 ? 2 : 1;
    if (more & 0x40) at++;
    if (more & 0x30) at++;
  }
  return (payload[0] & 0x17) === 0x10 && (payload[at] & 1) === 0;
}

class Source {
  constructor(peer, kind, transceiver, stream) {
    Object.assign(this, { peer, kind, transceiver, stream });
    this.id = transceiver.sender.trackId;
    this.sequence = Math.floor(Math.random() * 65536);
    this.firstTimestamp = Math.floor(Math.random() * 2 ** 32);
    this.begunAt = performance.now();
    this.picture = 0;
    this.sent = 0; // packets
    this.loseNext = 0;
    this.packetsPerFrame = 2;
    this.plis = 0;
    this.wantsKeyFrame = true;
    transceiver.sender.onPictureLossIndication.subscribe(() => {
      this.plis++;
      this.wantsKeyFrame = true;
    });
    // werift writes the decimals of the second where NTP has a fraction of 2^32.
    Object.defineProperty(transceiver.sender, 'ntpTimestamp',
      { get: () => BigInt(Math.floor(this.sentAt * 1000)) * 2n ** 32n / 1000000n, set() {} });
    this.timer = setInterval(() => this.tick(), kind === 'video' ? 40 : 20);
  }

  state(mute = false) {
    return { type: this.kind, source: 'regular', description: '', mute, track_id: this.id,
      stream_id: this.stream };
  }

  tick() {
    // Timers are late on a busy machine; the media's clock is not.
    const passed = performance.now() - this.begunAt;
    this.sentAt = performance.timeOrigin + performance.now() - Date.UTC(1900, 0, 1);
    this.timestamp = Math.floor(this.firstTimestamp + passed * (this.kind === 'video' ? 90 : 48)) >>> 0;
    if (this.kind === 'audio') {
      this.send(Buffer.alloc(60, 0xfc), true);
      return;
    }
    const key = this.wantsKeyFrame;
    this.wantsKeyFrame = false;
    this.picture = (this.picture + 1) & 0x7fff;
    const count = key ? 5 : this.packetsPerFrame;
    for (let i = 0; i < count; i++) {
      const head = [i === 0 ? 0x90 : 0x80, 0x80, 0x80 | this.picture >> 8, this.picture & 0xff];
      const start = i > 0 ? [] : key ? KEY_FRAME_START : [0x11];
      this.send(Buffer.concat([Buffer.from([...head, ...start]),
        Buffer.alloc(300 + Math.floor(Math.random() * 600), i)]), i === count - 1);
    }
  }

  send(payload, marker) {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.sent++;
    // Lost on its way: kept for repair, as every packet is, but not sent.
    const { sender } = this.transceiver;
    const dtls = sender.dtlsTransport;
    const lost = this.loseNext > 0 && !marker;
    if (lost) {
      this.loseNext--;
      dtls.sendRtp = async () => 0;
    }
    sender.sendRtp(new werift.RtpPacket(
      new werift.RtpHeader({ sequenceNumber: this.sequence, timestamp: this.timestamp, marker,
        payloadType: 0, ssrc: 0 }), payload)).catch(() => {});
    if (lost) delete dtls.sendRtp;
  }
}

// --- What comes ---

// A track of somebody else as it is offered to us, and its packets by their numbers.
class Sink {
  constructor(section) {
    Object.assign(this, section);
    this.packets = new Map(); // extended number -> {at, key, payload, repaired}
    this.repeated = 0;
    this.lose = () => false;
  }

  take(packet, at, repaired) {
    const { sequenceNumber, timestamp, marker } = packet.header;
    this.base ??= 65536 + sequenceNumber;
    const near = (sequenceNumber - this.base) << 16 >> 16;
    const number = this.base + near;
    if (number > this.base) this.base = number;
    if (this.packets.has(number)) {
      this.repeated++;
      return;
    }
    if (!repaired && this.lose(number)) return;
    this.packets.set(number, { at, timestamp, marker, payload: packet.payload, repaired,
      key: this.kind === 'video' && beginsKeyFrame(packet.payload) });
  }

  // Waits until nothing came while its source sent 20 packets: what was under way is over. Gives how many
  // there are.
  async stops(source) {
    await until(async () => {
      const { size } = this.packets;
      const { sent } = source;
      await until(() => source.sent >= sent + 20, 'the source to go on');
      return this.packets.size === size;
    }, `packets of ${this.track} to stop`);
    return this.packets.size;
  }

  get numbers() { return [...this.packets.keys()].sort((a, b) => a - b); }
  get first() { return this.packets.get(this.numbers[0]); }

  // The numbers that are missing between the first and the last.
  get missing() {
    const { numbers } = this;
    const missing = [];
    for (let n = numbers[0]; n < numbers.at(-1); n++) if (!this.packets.has(n)) missing.push(n);
    return missing;
  }
}

// The sections of an offer that carry somebody's track.
function readSections(sdp) {
  return sdp.split(/\r\nm=/).slice(1).map((text) => {
    const line = (pattern) => text.match(pattern);
    const [, stream, track] = line(/^a=msid:(\S+) (\S+)/m) ?? [];
    const [, ssrc, rtx] = line(/^a=ssrc-group:FID (\d+) (\d+)/m) ?? line(/^a=ssrc:(\d+)/m) ?? [];
    return { kind: text.match(/^\w+/)[0], mid: line(/^a=mid:(\S+)/m)[1], stream, track,
      ssrc: Number(ssrc), rtx: Number(rtx), sending: /^a=sendonly/m.test(text) };
  });
}

function readRtx(packet) {
  const original = packet.payload.readUInt16BE(0);
  const header = new werift.RtpHeader({ ...packet.header, sequenceNumber: original });
  return new werift.RtpPacket(header, packet.payload.subarray(2));
}

// --- The person ---

export class Peer {
  // Does what the SDK does until its join is answered.
  static async join(server, code, options = {}) {
    const peer = new Peer(server, options);
    try {
      await peer.login(code);
      await peer.connect();
      await peer.enter();
    } catch (error) {
      await peer.end();
      throw error;
    }
    return peer;
  }

  // `dtlsServer`: answers offers as the DTLS server, as Pion does.
  // `id`: its peer id; one of its own when there is none.
  constructor(server, { name, id = randomUUID(), ...options }) {
    this.server = server;
    this.options = options;
    this.id = id;
    this.name = name;
    this.told = []; // what the server said unasked
    this.waiting = new Map(); // requests by id
    this.sources = new Map();
    this.sinks = new Map(); // by track
    this.rtcp = { publish: [], subscribe: [] };
    this.offers = [];
    this.work = Promise.resolve();
    this.next = 0;
    this.outstanding = this.mostOutstanding = 0;
    this.publish = connection(options.rtc);
    this.subscribe = connection(options.rtc);
    this.publish.createDataChannel('ion-sfu', { protocol: 'SCTP' });
    this.subscribe.onDataChannel.subscribe((channel) => {
      this.channel = channel;
      channel.onMessage.subscribe((text) => this.hear(JSON.parse(text.toString())));
    });
  }

  async login(code) {
    const login = await fetch(`${this.server.origin}/v2/token`,
      { method: 'POST', body: JSON.stringify({ code, user_id: this.name }) });
    this.token = (await login.json()).token;
    const init = await fetch(
      `${this.server.origin}/init?peer_id=${this.id}&user_agent_v2=os:node,sdk:werift`,
      { headers: { authorization: `Bearer ${this.token}` } });
    this.endpoint = (await init.json()).endpoint;
  }

  // Opens a socket, the first or a later one, and waits for the policy.
  async connect() {
    const socket = new WebSocket(`${this.endpoint}?peer=${this.id}&token=${this.token}` +
      '&user_agent_v2=os:node&protocol_version=2.5&protocol_spec=20250115');
    this.socket = socket;
    const before = this.said('on-policy-change').length;
    socket.on('message', (text) => socket === this.socket && this.hear(JSON.parse(text)));
    socket.on('error', (error) => (this.failed = error));
    await until(() => this.said('on-policy-change').length > before, 'the policy');
  }

  async enter() {
    await this.publish.setLocalDescription(await this.publish.createOffer());
    const { sdp } = await this.request('join', { name: this.name, data: '',
      disableVidAutoSub: true, offer: { type: 'offer', sdp: this.publish.localDescription.sdp } });
    await this.publish.setRemoteDescription({ type: 'answer', sdp });
    await until(() => this.offers.length > 0 && this.channel?.readyState === 'open' &&
      this.publish.connectionState === 'connected', `${this.name} to be connected`);
    this.watch(this.publish, this.rtcp.publish);
  }

  // Keeps what comes on a connection, once.
  watch(pc, reports) {
    const [dtls] = pc.dtlsTransports;
    if (!dtls || dtls.watched) return;
    dtls.watched = true;
    dtls.onRtcp.subscribe((packet) => reports.push({ at: performance.now(), packet }));
    dtls.onRtp.subscribe((packet) => this.take(packet, performance.now()));
  }

  take(packet, at) {
    for (const sink of this.sinks.values()) {
      if (packet.header.ssrc === sink.ssrc) sink.take(packet, at, false);
      else if (packet.header.ssrc === sink.rtx && packet.payload.length > 2) {
        sink.take(readRtx(packet), at, true);
      }
    }
  }

  // --- Messages ---

  hear(message) {
    if (!message.method) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
      return;
    }
    this.told.push(message);
    if (message.method === 'offer') {
      this.outstanding++;
      this.mostOutstanding = Math.max(this.mostOutstanding, this.outstanding);
      this.work = this.work.then(() => this.answer(message.params)).catch((error) => {
        this.failed = error;
      });
    }
  }

  said(method) { return this.told.filter((message) => message.method === method); }

  notify(method, params) { this.socket.send(JSON.stringify({ method, params })); }

  // By the socket, or by the data channel; gives the result.
  request(method, params, door = this.socket) {
    const id = `${this.id}-${++this.next}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), PATIENCE_MS);
      timer.unref(); // what nobody waits for does not keep its file from ending
      this.waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        if (error) reject(new Error(`${method}: ${error.code} ${error.message}`));
        else resolve(result);
      });
      door.send(JSON.stringify({ id, jsonrpc: '2.0', method, params }));
    });
  }

  // --- Media ---

  async answer({ type, sdp }) {
    for (const section of readSections(sdp)) {
      if (section.sending && !this.sinks.has(section.track)) {
        this.sinks.set(section.track, new Sink(section));
      }
    }
    await this.subscribe.setRemoteDescription({ type, sdp });
    this.watch(this.subscribe, this.rtcp.subscribe);
    const answer = await this.subscribe.createAnswer();
    const role = this.options.dtlsServer ? 'passive' : 'active';
    await this.subscribe.setLocalDescription({ type: 'answer',
      sdp: answer.sdp.replaceAll('a=setup:active', `a=setup:${role}`) });
    this.offers.push(sdp);
    this.outstanding--;
    this.notify('answer', { desc: { type: 'answer', sdp: this.subscribe.localDescription.sdp } });
  }

  // One offer for one more track, as the SDK makes it.
  async send(kind) {
    this.stream ??= randomUUID();
    const transceiver = this.publish.addTransceiver(kind,
      { direction: 'sendonly', streams: [new werift.MediaStream({ id: this.stream })] });
    const source = new Source(this, kind, transceiver, this.stream);
    this.sources.set(kind, source);
    await this.offer();
    return source;
  }

  async offer(options) {
    await this.publish.setLocalDescription(await this.publish.createOffer(options));
    const tracks = Object.fromEntries(
      [...this.sources.values()].map((source) => [source.id, source.state()]));
    const { sdp } = await this.request('offer',
      { desc: { type: 'offer', sdp: this.publish.localDescription.sdp }, tracks });
    await this.publish.setRemoteDescription({ type: 'answer', sdp });
    // After a restart werift would wait for checks of the other side, and a lite agent makes none.
    if (options?.iceRestart) await this.publish.iceTransports[0].start();
  }

  // The sink of a track of somebody else, when it is offered.
  sink(track) {
    return until(() => this.sinks.get(track), `${this.name} to be offered ${track}`);
  }

  prefer(track, layer) {
    return this.request('prefer-video-track-state',
      { track_id: track, max_spatial_layer: layer }, this.channel);
  }

  // Asks once for packets of a sink to be repeated.
  nack(sink, numbers) {
    return this.subscribe.dtlsTransports[0].sendRtcp([new werift.RtcpTransportLayerFeedback({
      feedback: new werift.GenericNack({ senderSsrc: 1, mediaSourceSsrc: sink.ssrc,
        lost: numbers.map((number) => number & 0xffff) }) })]);
  }

  // --- The end ---

  async leave() {
    this.notify('leave', { client_reason: 'user request' });
    await this.end();
  }

  async end() {
    for (const source of this.sources.values()) clearInterval(source.timer);
    this.socket?.close(1000);
    await Promise.all([this.publish.close(), this.subscribe.close()]);
  }
}

export { werift, connection, Source, Sink, readSections, readRtx };
