// Somebody who opens the page, trades a code and joins, without a browser: the same requests, at the price of some
// sockets.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { connection } from './peer.mjs';
import { RawSocket } from './raw.mjs';

// One offer will do for all of them: no media flows.
export async function offerOfNobody() {
  const publish = connection();
  publish.createDataChannel('ion-sfu', { protocol: 'SCTP' });
  await publish.setLocalDescription(await publish.createOffer());
  const { sdp } = publish.localDescription;
  await publish.close();
  return sdp;
}

// What a browser does that has never been here: up to six connections of its own, kept.
export class Visitor {
  constructor(at) {
    this.at = at;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
  }

  ask(method, path, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.at.origin}${path}`, { method, agent: this.agent, headers }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async load() {
    const page = await this.ask('GET', '/');
    assert.equal(page.status, 200, page.text);
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
    assert.ok(files.length > 1, page.text);
    for (const file of await Promise.all([...files, '/favicon.svg', '/openapi.json'].map((path) => this.ask('GET', path)))) {
      assert.equal(file.status, 200, file.text.slice(0, 200));
    }
  }

  async login(code) {
    const { status, text } = await this.ask('POST', '/v2/token', JSON.stringify({ code }));
    assert.equal(status, 200, text);
    this.token = JSON.parse(text).token;
    const bearer = { authorization: `Bearer ${this.token}` };
    for (const path of [`/init?peer_id=${randomUUID()}`, '/v2/layouts/ui']) {
      const answer = await this.ask('GET', path, undefined, bearer);
      assert.equal(answer.status, 200, answer.text);
    }
  }

  async join(sdp) {
    this.socket = await RawSocket.open(this.at.port, `/ws?peer=${randomUUID()}&token=${this.token}&user_agent_v2=x&protocol_version=2.5&protocol_spec=20250115`);
    this.socket.text({ method: 'join', params: { name: 'pupil', data: '', disableVidAutoSub: true, offer: { type: 'offer', sdp } }, id: 'j', jsonrpc: '2.0' });
    const answer = await this.socket.message((message) => message.id === 'j');
    assert.equal(answer.result?.type, 'answer', JSON.stringify(answer));
  }

  end() {
    this.agent.destroy();
    this.socket?.end();
  }
}
