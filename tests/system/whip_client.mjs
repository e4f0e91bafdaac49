// Peers without a web socket, whose WebRTC stack is werift: what they publish is posted (WHIP),
// what they watch too (WHEP).
import { until } from '../browser/lib/server.mjs';
import { connection, readRtx, readSections, Sink, Source, werift } from './peer.mjs';

// An app token, as a room code gives it.
export async function appToken(server, code, user) {
  const login = await fetch(`${server.origin}/v2/token`,
    { method: 'POST', body: JSON.stringify({ code, user_id: user }) });
  return (await login.json()).token;
}

export const roomOf = (token) =>
  JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).room_id;

// One request with a token; `options` may replace anything.
export function ask(server, token, method, path, body, headers = {}) {
  return fetch(server.origin + path, { method, body,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers } });
}

const credentials = (sdp) => [/^a=ice-ufrag:(\S+)/m, /^a=ice-pwd:(\S+)/m].map((line) => sdp.match(line)[1]);

export class WhipClient {
  // `options` are werift's.
  constructor(server, token, root, options) {
    Object.assign(this, { server, token, root });
    this.pc = connection(options);
    this.sources = {};
    this.sinks = [];
  }

  // Sends one track of each kind.
  static async publish(server, token, kinds, query = '') {
    const client = new WhipClient(server, token, 'whip');
    const stream = new werift.MediaStream({ id: 'encoder' });
    client.transceivers = kinds.map((kind) =>
      client.pc.addTransceiver(kind, { direction: 'sendonly', streams: [stream] }));
    await client.offer(query);
    return client;
  }

  // Starts to send made-up media.
  play() {
    for (const transceiver of this.transceivers) {
      this.sources[transceiver.kind] = new Source(this, transceiver.kind, transceiver, 'encoder');
    }
  }

  // Has these sections to receive with.
  static async watch(server, token, kinds, query = '', options) {
    const client = new WhipClient(server, token, 'whep', options);
    for (const kind of kinds) client.pc.addTransceiver(kind, { direction: 'recvonly' });
    await client.offer(query);
    return client;
  }

  async offer(query) {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    const posted = await ask(this.server, this.token, 'POST', `/${this.root}/${roomOf(this.token)}${query}`,
      this.pc.localDescription.sdp, { 'content-type': 'application/sdp' });
    this.answer = await posted.text();
    if (posted.status !== 201) {
      await this.pc.close();
      throw new Error(`${posted.status}: ${this.answer}`);
    }
    this.headers = posted.headers;
    this.location = posted.headers.get('location');
    this.etag = posted.headers.get('etag');
    await this.pc.setRemoteDescription({ type: 'answer', sdp: this.answer });
    if (this.root === 'whep') {
      this.sinks = readSections(this.answer).filter(({ sending }) => sending).map((s) => new Sink(s));
    }
    const [dtls] = this.pc.dtlsTransports;
    this.rtcp = [];
    dtls.onRtcp.subscribe((packet) => this.rtcp.push(packet));
    dtls.onRtp.subscribe((packet) => this.take(packet, performance.now()));
    await until(() => this.pc.connectionState === 'connected', `${this.root} to be connected`);
  }

  take(packet, at) {
    this.onPacket?.(packet);
    for (const sink of this.sinks) {
      if (packet.header.ssrc === sink.ssrc) sink.take(packet, at, false);
      else if (packet.header.ssrc === sink.rtx && packet.payload.length > 2) {
        sink.take(readRtx(packet), at, true);
      }
    }
  }

  sink(kind, at = 0) { return this.sinks.filter((sink) => sink.kind === kind)[at]; }

  patch(fragment, headers = {}) {
    return ask(this.server, this.token, 'PATCH', this.location, fragment,
      { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': this.etag, ...headers });
  }

  // RFC 9725 section 4.3.3.
  async restartIce() {
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
    const [ufrag, pwd] = credentials(this.pc.localDescription.sdp);
    const patched = await this.patch(`a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\n`, { 'if-match': '*' });
    const fragment = await patched.text();
    if (patched.status !== 200) throw new Error(`${patched.status}: ${fragment}`);
    const before = credentials(this.answer);
    const now = credentials(fragment);
    this.answer = this.answer.replaceAll(before[0], now[0]).replaceAll(before[1], now[1]);
    await this.pc.setRemoteDescription({ type: 'answer', sdp: this.answer });
    // werift would wait for checks of the other side, and a lite agent makes none.
    await this.pc.iceTransports[0].start();
    this.etag = patched.headers.get('etag');
    return patched;
  }

  delete() { return ask(this.server, this.token, 'DELETE', this.location); }

  // Without a word to the server.
  async end() {
    for (const source of Object.values(this.sources)) clearInterval(source.timer);
    await this.pc.close();
  }
}
