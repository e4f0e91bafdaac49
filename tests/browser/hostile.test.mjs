// A call goes on while strangers throw everything at its media port; and its log keeps secrets.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { join, openSdk, startSdkPage } from './lib/sdk.mjs';
import { startServer, until } from './lib/server.mjs';

let server, sdkPage, codes;
const people = [];

before(async () => {
  server = await startServer(['--log-level', 'debug']);
  sdkPage = await startSdkPage();
  codes = await server.meeting();
  const origins = [server.origin, server.origin.replace('http', 'ws'), sdkPage.origin];
  for (const [code, name] of [[codes.host, 'Hana'], [codes.guest, 'Gus']]) {
    const person = await openPerson({ origins });
    people.push(person);
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
});
after(async () => {
  for (const person of people) await person.close();
  await sdkPage?.stop();
  await server?.stop();
});

async function bothGoOn(what) {
  for (const { page } of people) {
    const first = await inbound(page);
    await until(async () => {
      const now = await inbound(page);
      return now.framesDecoded > first.framesDecoded + 15 && now.audioPackets > first.audioPackets + 15;
    }, `frames and sound ${what}`);
  }
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc = (octets) => (octets.reduce((c, o) => crcTable[(c ^ o) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

const attribute = (type, value) => {
  const padded = Buffer.alloc(4 + value.length + (4 - value.length % 4) % 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
};

// A binding request; `pwd` null leaves the integrity out, `break_` spoils what it names.
function check(username, pwd, break_ = '') {
  const head = (length) => {
    const octets = Buffer.alloc(8);
    octets.writeUInt16BE(1, 0);
    octets.writeUInt16BE(length, 2);
    octets.writeUInt32BE(0x2112a442, 4);
    return octets;
  };
  const id = randomBytes(12);
  let body = Buffer.concat([attribute(0x0006, Buffer.from(username)), attribute(0x0024, randomBytes(4)), attribute(0x802a, randomBytes(8))]);
  if (pwd !== null) {
    const mac = createHmac('sha1', pwd).update(Buffer.concat([head(body.length + 24), id, body])).digest();
    if (break_ === 'integrity') mac[0] ^= 1;
    body = Buffer.concat([body, attribute(0x0008, mac)]);
  }
  if (break_ !== 'no fingerprint') {
    const print = Buffer.alloc(4);
    print.writeUInt32BE((crc(Buffer.concat([head(body.length + 8), id, body])) ^ 0x5354554e ^ (break_ === 'fingerprint' ? 1 : 0)) >>> 0);
    body = Buffer.concat([body, attribute(0x8028, print)]);
  }
  return Buffer.concat([head(body.length), id, body]);
}

// RFC 6347 section 4.2: epoch 0, message 0, in one piece.
function clientHello() {
  const body = Buffer.concat([Buffer.from('fefd', 'hex'), randomBytes(32), Buffer.from('00' + '00' + '0004c02bc02f' + '0100' + '0000', 'hex')]);
  const length = Buffer.from([0, body.length >> 8, body.length & 255]);
  const handshake = Buffer.concat([Buffer.from([1]), length, Buffer.from([0, 0, 0, 0, 0]), length, body]);
  return Buffer.concat([Buffer.from('16feff0000000000000000', 'hex'), Buffer.from([handshake.length >> 8, handshake.length & 255]), handshake]);
}

test('media goes both ways', () => bothGoOn('at first'));

test('strangers at the media port get no answer, and the call goes on', async (t) => {
  const remote = await people[0].page.evaluate(() =>
    window.testConnections.filter((c) => c.connectionState === 'connected').map((c) => ({ local: c.localDescription.sdp, remote: c.remoteDescription.sdp })));
  const of = (sdp, name) => sdp.match(new RegExp(`a=${name}:(\\S+)`))[1];
  const [ufrag, pwd, theirs] = [of(remote[0].remote, 'ice-ufrag'), of(remote[0].remote, 'ice-pwd'), of(remote[0].local, 'ice-ufrag')];
  assert.ok(ufrag.length >= 8 && pwd.length >= 24);
  const username = `${ufrag}:${theirs}`;
  const ssrc = Buffer.alloc(4);
  ssrc.writeUInt32BE(Number(remote[0].local.match(/a=ssrc:(\d+)/)?.[1] ?? 1));

  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const answers = [];
  socket.on('message', (message) => answers.push(message));
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const send = (octets) => new Promise((resolve) => socket.send(octets, server.mediaPort, '127.0.0.1', resolve));
  const quiet = async (name) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(answers.length, 0, name);
  };

  const bad = {
    'wrong integrity': check(username, pwd, 'integrity'), 'wrong password': check(username, `${pwd}x`), 'no integrity': check(username, null),
    'wrong fingerprint': check(username, pwd, 'fingerprint'), 'no fingerprint': check(username, pwd, 'no fingerprint'),
    'unknown ufrag': check(`${'A'.repeat(ufrag.length)}:${theirs}`, pwd), 'empty username': check('', pwd), 'no colon': check(ufrag, pwd),
  };
  for (const [name, octets] of Object.entries(bad)) {
    await send(octets);
    await quiet(name);
  }
  // A ClientHello, and other records, from an address that passed no check.
  await send(clientHello());
  for (const type of [20, 21, 22, 23, 63]) await send(Buffer.concat([Buffer.from([type, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40]), randomBytes(40)]));
  // SRTP and SRTCP with the numbers of a real sender, and lengths that lie.
  for (let i = 0; i < 300; i++) {
    const number = Buffer.from([i >> 8, i & 255]);
    await send(Buffer.concat([Buffer.from([0x80, 96]), number, randomBytes(4), ssrc, randomBytes(200)]));
    await send(Buffer.concat([Buffer.from([0x8f, 0xff]), number, randomBytes(4), ssrc, randomBytes(i % 40)]));
    await send(Buffer.concat([Buffer.from([0xbf, 200 + i % 8]), number, ssrc, randomBytes(60)]));
    await send(Buffer.concat([Buffer.from([0x80, 200 + i % 8, 0xff, 0xff]), ssrc]));
  }
  for (const size of [0, 1, 2, 2048, 2049, 9000, 60000]) await send(Buffer.alloc(size, 0x80));
  await quiet('garbage');
  await bothGoOn('under garbage');

  // Good checks are answered, and asked back from an address that has proven nothing, but not all of a flood from one
  // address; and nobody gets more than three times what was sent.
  const octets = check(username, pwd);
  for (let i = 0; i < 300; i++) await send(octets);
  await until(() => answers.length > 0, 'an answer to a good check');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const count = (type) => answers.filter((answer) => answer.readUInt16BE(0) === type).length;
  const [answered, asked] = [count(0x0101), count(0x0001)];
  assert.ok(answered >= 20 && answered <= 110, `${answered} answers`);
  assert.ok(asked <= 10 && asked + answered === answers.length, `${asked} checks of ${answers.length} datagrams`);
  assert.ok(answers.reduce((sum, answer) => sum + answer.length, 0) <= 3 * octets.length * answered);
  await send(randomBytes(40).fill(22, 0, 1));
  await bothGoOn('after a flood of checks');
});

test('the log of the whole call holds no secret', async () => {
  const log = server.log();
  const sdps = await people[0].page.evaluate(() => window.testConnections.map((c) => `${c.localDescription?.sdp}${c.remoteDescription?.sdp}`).join('\n'));
  const passwords = [...sdps.matchAll(/a=ice-pwd:(\S+)/g)].map((m) => m[1]);
  assert.ok(passwords.length > 0);
  const keys = JSON.parse(JSON.stringify(server.keys));
  for (const [name, secret] of Object.entries({ code: codes.host, 'guest code': codes.guest, secret: keys.app_secret, token: server.token, 'any token': 'eyJ' })) {
    assert.ok(!log.includes(secret), name);
  }
  for (const password of passwords) assert.ok(!log.includes(password), 'ICE password');
});
