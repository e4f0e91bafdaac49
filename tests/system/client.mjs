// Somebody in a meeting who has no media. It comes back as the SDK does: with the same id and token,
// and no second join.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { top } from '../browser/lib/server.mjs';

const WebSocket = createRequire(join(top, 'tests/browser/package.json'))('ws');

export class Client {
  // With a room code, as `user`.
  static async of(server, code, user) {
    const answer = await fetch(`${server.origin}/v2/token`,
      { method: 'POST', body: JSON.stringify({ code, user_id: user }) });
    return new Client(server, (await answer.json()).token);
  }

  constructor(server, token) {
    Object.assign(this, { server, token, id: randomUUID(), told: [], waiting: new Map(), open: false });
  }

  connect() {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(
        `${this.server.origin.replace('http', 'ws')}/ws?peer=${this.id}&token=${this.token}${this.query ?? ''}`);
      this.socket = socket;
      socket.on('error', reject);
      socket.on('close', () => {
        if (this.socket !== socket) return;
        this.open = false;
        for (const { reject: fail } of this.waiting.values()) fail(new Error('lost'));
        this.waiting.clear();
      });
      socket.on('message', (text) => {
        const message = JSON.parse(text);
        if (message.id) {
          this.waiting.get(message.id)?.resolve(message);
          this.waiting.delete(message.id);
          return;
        }
        this.told.push(message);
        if (message.method === 'on-policy-change') {
          this.open = true;
          resolve();
        }
      });
    });
  }

  request(method, params) {
    if (!this.open) return Promise.reject(new Error('lost'));
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      this.waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  said(method, from = 0) {
    return this.told.slice(from).filter((message) => message.method === method);
  }
}
