// Octets on a socket, as a hostile client sends them: no library in between that would be polite.
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';

// Sends `octets` and returns all that came back until the server closed, or until nothing more came for `quietMs`.
// The first octet may take `firstMs`: a machine may have other things to do.
export function exchange(port, octets, quietMs = 1500, firstMs = 15000) {
  return new Promise((resolve) => {
    const chunks = [];
    // Writing nothing to a connection that was refused is an error to Debian's Node, which then does not read why.
    const socket = connect(port, '127.0.0.1', () => { if (octets.length) socket.write(octets); });
    let closed = false;
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString('latin1'), closed });
    };
    let timer = setTimeout(done, firstMs);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(done, quietMs);
    });
    socket.on('error', () => { closed = true; done(); });
    socket.on('close', () => { closed = true; done(); });
  });
}

export const statusOf = (text) => Number(text.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0);

export function frame(opcode, payload, { fin = true, rsv = 0, mask = true } = {}) {
  const body = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode];
  const bit = mask ? 0x80 : 0;
  if (body.length < 126) head.push(bit | body.length);
  else if (body.length < 65536) head.push(bit | 126, body.length >> 8, body.length & 255);
  else {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(body.length));
    head.push(bit | 127, ...size);
  }
  if (!mask) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, body.map((octet, i) => octet ^ key[i % 4])]);
}

export function upgradeRequest(path, more = {}) {
  const headers = { Host: '127.0.0.1', Upgrade: 'websocket', Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13', ...more };
  return `GET ${path} HTTP/1.1\r\n${Object.entries(headers).filter(([, v]) => v !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

// A WebSocket without manners. `next()` gives the next frame {opcode, payload}, or null at the end.
export class RawSocket {
  static async open(port, path) {
    const raw = new RawSocket();
    raw.buffer = Buffer.alloc(0);
    raw.frames = [];
    raw.waiting = [];
    raw.ended = false;
    raw.socket = connect(port, '127.0.0.1');
    raw.socket.on('error', () => {});
    raw.socket.on('data', (chunk) => raw.take(chunk));
    raw.socket.on('close', () => {
      raw.ended = true;
      raw.wake();
    });
    raw.socket.write(upgradeRequest(path));
    await new Promise((resolve, reject) => {
      raw.upgraded = resolve;
      raw.socket.once('close', () => reject(new Error('no upgrade')));
    });
    return raw;
  }

  take(chunk) {
    this.buffer = Buffer.concat([this.buffer, chunk]);
    if (this.upgraded) {
      const end = this.buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.buffer.subarray(0, end).toString();
      this.buffer = this.buffer.subarray(end + 4);
      const { upgraded } = this;
      this.upgraded = null;
      upgraded();
    }
    for (;;) {
      if (this.buffer.length < 2) break;
      let size = this.buffer[1] & 127, at = 2;
      if (size === 126) { if (this.buffer.length < 4) break; size = this.buffer.readUInt16BE(2); at = 4; }
      else if (size === 127) { if (this.buffer.length < 10) break; size = Number(this.buffer.readBigUInt64BE(2)); at = 10; }
      if (this.buffer.length < at + size) break;
      this.frames.push({ opcode: this.buffer[0] & 15, payload: this.buffer.subarray(at, at + size) });
      this.buffer = this.buffer.subarray(at + size);
    }
    this.wake();
  }

  wake() {
    while (this.waiting.length && (this.frames.length || this.ended)) {
      this.waiting.shift()(this.frames.shift() ?? null);
    }
  }

  next(limitMs = 3000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no frame came')), limitMs);
      this.waiting.push((got) => {
        clearTimeout(timer);
        resolve(got);
      });
      this.wake();
    });
  }

  send(octets) { this.socket.write(octets); }
  text(message) { this.send(frame(1, typeof message === 'string' ? message : JSON.stringify(message))); }

  // The next text message that `check` accepts; others are passed over.
  async message(check = () => true) {
    for (;;) {
      const got = await this.next();
      if (!got) throw new Error('the socket ended');
      if (got.opcode !== 1) continue;
      const message = JSON.parse(got.payload.toString());
      if (check(message)) return message;
    }
  }

  // The code with which the server closes; 0 when it just cut the connection.
  async closeCode() {
    for (;;) {
      const got = await this.next(5000);
      if (!got) return 0;
      if (got.opcode === 8) return got.payload.length >= 2 ? got.payload.readUInt16BE(0) : 1005;
    }
  }

  end() { this.socket.destroy(); }
}
