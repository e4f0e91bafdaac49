// What a peer may send once it is connected: any octets, authentic as far as SRTP goes, over the sockets of a peer
// whose stack is werift.
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';

export const below = (bound) => Math.floor(Math.random() * bound);
export const octets = (count) => Buffer.from(Array.from({ length: count }, () => below(256)));

// Whoever attacks and whoever watches are one process: what comes while it computes has to wait somewhere. To be
// called before anybody joins.
export function holdMore() {
  const { createSocket } = dgram;
  dgram.createSocket = (...given) => {
    const socket = createSocket(...given);
    socket.once('listening', () => socket.setRecvBufferSize(4 * 1024 * 1024));
    return socket;
  };
}

// Datagrams that the system dropped, as their sockets were full.
export function lostOnTheWay() {
  const lines = readFileSync('/proc/net/udp', 'utf8').trim().split('\n').slice(1);
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/).at(-1)), 0);
}

// A header extension block as RFC 8285 has it, of whatever it is given.
export function block(profile, elements, words = Math.ceil(elements.length / 4)) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(profile);
  head.writeUInt16BE(words, 2);
  return Buffer.concat([head, elements, Buffer.alloc((4 - elements.length % 4) % 4)]);
}

export const oneByte = (...elements) => block(0xbede,
  Buffer.concat(elements.map(([id, value]) => Buffer.concat([Buffer.from([id << 4 | (value.length - 1)]), value]))));

const u16 = (value) => Buffer.from([value >> 8 & 255, value & 255]);
const u32 = (value) => Buffer.from([value >>> 24, value >> 16 & 255, value >> 8 & 255, value & 255]);

// One packet of RTCP; `words` may lie.
export function report(type, count, body, words = body.length / 4) {
  return Buffer.concat([Buffer.from([0x80 | count, type]), u16(words), body]);
}

export const rtcp = {
  nack: (ssrc, items) => report(205, 1, Buffer.concat([u32(1), u32(ssrc), ...items.map(([pid, mask]) => Buffer.concat([u16(pid), u16(mask)]))])),
  pli: (ssrc) => report(206, 1, Buffer.concat([u32(1), u32(ssrc)])),
  fir: (ssrc, number) => report(206, 4, Buffer.concat([u32(1), u32(0), u32(ssrc), Buffer.from([number & 255, 0, 0, 0])])),
  remb: (ssrc, exponent, mantissa) => report(206, 15, Buffer.concat([u32(1), u32(0), Buffer.from('REMB'),
    Buffer.from([1, exponent << 2 | mantissa >> 16, mantissa >> 8 & 255, mantissa & 255]), u32(ssrc)])),
  // `lies`: of what it says, all but the SSRC.
  receiver: (ssrc, lies) => report(201, 1, Buffer.concat([u32(1), u32(ssrc), lies])),
  sender: (ssrc, ntp, rtp) => report(200, 0, Buffer.concat([u32(ssrc), ntp, u32(rtp), u32(5), u32(500)])),
  // Runs of [status, count], and the deltas for them.
  wide: (first, count, reference, runs, deltas) => report(205, 15, Buffer.concat([u32(1), u32(2), u16(first), u16(count),
    Buffer.from([reference >> 16 & 255, reference >> 8 & 255, reference & 255, below(256)]),
    ...runs.map(([status, length]) => u16(status << 13 | length)), deltas,
    Buffer.alloc((4 - (2 * runs.length + deltas.length) % 4) % 4)])),
};

// Sends on a connection of werift's.
export class Hostile {
  constructor(pc) {
    [this.dtls] = pc.dtlsTransports;
    const { connection: ice } = pc.iceTransports[0];
    this.ice = ice;
    this.sent = this.got = this.packets = 0;
    ice.onData.subscribe((datagram) => (this.got += datagram.length));
  }

  // The number of an extension of ours; undefined: not offered.
  static extension(pc, name) {
    return Number(pc.localDescription.sdp.match(new RegExp(`a=extmap:(\\d+) \\S*${name}`))?.[1]);
  }

  async datagram(bytes) {
    this.sent += bytes.length;
    this.packets++;
    await this.ice.send(bytes).catch(() => {});
  }

  // `index` is the number that is extended: SRTP counts how often the 16 bits wrapped.
  rtp({ ssrc, index, timestamp = 0, type, marker = false, extension, padding = false, payload }) {
    const head = Buffer.concat([Buffer.from([0x80 | (extension ? 0x10 : 0) | (padding ? 0x20 : 0), type | (marker ? 0x80 : 0)]),
      u16(index & 0xffff), u32(timestamp), u32(ssrc), extension ?? Buffer.alloc(0)]);
    const header = { ssrc, sequenceNumber: index & 0xffff, serializeSize: head.length, serialize: () => head };
    return this.datagram(this.dtls.srtp.localContext.cipher.encryptRtp(header, payload, Math.floor(index / 65536)));
  }

  // A compound, or what is none.
  rtcp(...packets) {
    return this.datagram(this.dtls.srtcp.encrypt(Buffer.concat(packets)));
  }
}

// The processor time of a process, in milliseconds.
export function spent(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export { u16, u32 };
