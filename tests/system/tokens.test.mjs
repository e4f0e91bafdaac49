// How many come in with one token: --peers-per-token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';
import { ask, appToken, roomOf, WhipClient } from './whip_client.mjs';

// Opens a socket and joins. Who may not come in is told so before.
async function enter(server, token) {
  const client = new Client(server, token);
  client.connect().catch(() => {});
  await until(() => client.open || client.said('on-error').length > 0, 'a word');
  const [refusal] = client.said('on-error');
  return { client, answer: refusal ? { error: refusal.params } : await client.request('join', { name: 'n', data: '' }) };
}

async function withServer(options, meet) {
  const server = await startServer(options);
  const ends = [];
  try {
    await meet(server, (end) => ends.push(end));
  } finally {
    for (const end of ends) await end();
    await server.stop();
  }
}

test('with a limit of one a second socket is refused, the first stays, and its return is not counted', async () => {
  await withServer(['--peers-per-token', '1'], async (server, atEnd) => {
    const { guest } = await server.meeting();
    const token = await appToken(server, guest, 'alice');
    const first = await enter(server, token);
    atEnd(() => first.client.socket.terminate());
    assert.ok(first.answer.result);
    const second = await enter(server, token);
    assert.equal(second.answer.error.code, 403);
    assert.match(second.answer.error.message, /too many peers have this token/);
    second.client.socket.terminate();
    assert.ok((await first.client.request('broadcast', { info: { message: 'm', type: 'chat' } })).result);

    first.client.socket.terminate();
    await until(() => !first.client.open, 'the socket to be gone');
    await first.client.connect(); // the same peer
    await until(() => first.client.said('peer-list').length === 2, 'the list once more');
    const anew = await first.client.request('join', { name: 'n', data: '' });
    assert.ok(anew.result, JSON.stringify(anew.error));

    // Another token of the same code is another's; and who has left makes room.
    const other = await enter(server, await appToken(server, guest, 'bob'));
    atEnd(() => other.client.socket.terminate());
    assert.ok(other.answer.result);
    await first.client.request('leave', {});
    const third = await enter(server, token);
    atEnd(() => third.client.socket.terminate());
    assert.ok(third.answer.result, JSON.stringify(third.answer.error));
  });
});

test('with a limit of one WHIP is refused beside a socket, and a socket beside WHIP', async () => {
  await withServer(['--peers-per-token', '1'], async (server, atEnd) => {
    const { host } = await server.meeting();
    const token = await appToken(server, host, 'encoder');
    const whip = await WhipClient.publish(server, token, ['audio']);
    atEnd(() => whip.end());
    await assert.rejects(WhipClient.publish(server, token, ['audio']), /^Error: 403/);
    const socket = await enter(server, token);
    assert.equal(socket.answer.error.code, 403);
    socket.client.socket.terminate();
    assert.equal((await ask(server, token, 'DELETE', whip.location)).status, 200);
    const after = await enter(server, token);
    atEnd(() => after.client.socket.terminate());
    assert.ok(after.answer.result, JSON.stringify(after.answer.error));
    await assert.rejects(WhipClient.publish(server, token, ['audio']), /^Error: 403/);
    const peers = (await server.call('GET', `/v2/active-rooms/${roomOf(token)}`)).body.session.peers;
    assert.equal(peers.length, 1);
  });
});

test('0 is no limit', async () => {
  await withServer(['--peers-per-token', '0'], async (server, atEnd) => {
    const { guest } = await server.meeting();
    const token = await appToken(server, guest, 'alice');
    for (let i = 0; i < 10; i++) {
      const { client, answer } = await enter(server, token);
      atEnd(() => client.socket.terminate());
      assert.ok(answer.result, JSON.stringify(answer.error));
    }
  });
});
