// Meetings that anybody made and nobody uses are forgotten (--meetings-ttl); rooms of a back end never are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

let server;
before(async () => {
  server = await startServer(['--meetings', 'anyone', '--meetings-ttl', '2']);
});
after(() => server?.stop());

const login = async (code) => (await fetch(`${server.origin}/v2/token`, { method: 'POST', body: JSON.stringify({ code }) })).status;
const roomOf = async (id) => (await server.call('GET', `/v2/rooms/${id}`)).status;

async function makeMeeting(name) {
  const answer = await fetch(`${server.origin}/api/meetings`, { method: 'POST', body: JSON.stringify({ name }),
    headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 200);
  return answer.json();
}

test('after --meetings-ttl days without anybody a meeting goes, with its codes; what is used or a back end\'s stays', async () => {
  const unused = await makeMeeting('unused');
  const used = await makeMeeting('used');
  const { room, host } = await server.meeting({ name: 'a-back-ends' });
  const peer = await Peer.join(server, used.Host_Code, { name: 'ann' });
  await peer.leave();
  await until(async () => (await server.call('GET', `/v2/sessions?room_id=${used.Room_Id}&active=false`)).body.data.length === 1, 'the session');
  await server.restart('SIGTERM', () => server.ageRooms(1));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual([await roomOf(unused.Room_Id), await roomOf(used.Room_Id), await roomOf(room.id)], [200, 200, 200], 'not yet');

  await server.restart('SIGTERM', () => server.ageRooms(2));
  const fresh = await makeMeeting('fresh');
  await until(async () => await roomOf(unused.Room_Id) === 404, 'the meeting to be forgotten');
  assert.equal(await login(unused.Host_Code), 404);
  assert.deepEqual([await roomOf(used.Room_Id), await roomOf(room.id), await roomOf(fresh.Room_Id)], [200, 200, 200]);
  assert.deepEqual([await login(used.Guest_Code), await login(host), await login(fresh.Host_Code)], [200, 200, 200]);
  // Its name is free again.
  assert.notEqual((await makeMeeting('unused')).Room_Id, unused.Room_Id);
});

test('a meeting that is going on is not forgotten', async () => {
  const live = await makeMeeting('live');
  const peer = await Peer.join(server, live.Host_Code, { name: 'bob' });
  try {
    await server.restart('SIGKILL', () => server.ageRooms(3));
    await peer.connect();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(await roomOf(live.Room_Id), 200);
    const refused = await server.call('DELETE', `/v2/rooms/${live.Room_Id}`);
    assert.deepEqual([refused.status, refused.body.message], [409, 'room is in use']);
  } finally {
    await peer.end();
  }
});
