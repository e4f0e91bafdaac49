// What people do to one another in a meeting, by unmodified official SDK clients: roles,
// moderation, hands, the session store, polls, looking people up. Names begin with the numbers of
// the conformance checklist that they show.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inbound, openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, state, untilState } from './lib/sdk.mjs';

let server, sdkPage, codes, host, guest, other;
const people = [];

const act = (person, call, ...values) => person.page.evaluate(
  ([source, list]) => (0, eval)(`(${source})`)(window.person.actions, ...list), [String(call), values]);
const refused = (promise, pattern) => assert.rejects(promise, pattern);
const peer = (s, name) => s.peers.find((one) => one.name === name);
const idOf = async (person) => (await state(person.page)).local.id;
const tracksOf = (s, name, type) =>
  s.tracks.filter((track) => track.peerId === peer(s, name)?.id && track.type === type);

async function open(role, name) {
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  const person = await openPerson({ origins });
  people.push(person);
  await openSdk(person.page, sdkPage);
  await join(person.page, server, codes[role], name);
  await untilState(person.page, (s) => s.connected, `${name} in the room`);
  return person;
}

before(async () => {
  server = await startServer();
  sdkPage = await startSdkPage();
  const template = (await server.call('POST', '/v2/templates', {
    name: 'everything',
    roles: {
      host: { permissions: { endRoom: true, removeOthers: true, mute: true, unmute: true,
        changeRole: true, pollRead: true, pollWrite: true } },
      guest: { priority: 2, permissions: { pollRead: true } },
      speaker: { priority: 2, publishParams: { allowed: ['audio'] } },
      audience: { priority: 3, publishParams: { allowed: [] } },
    },
  })).body;
  const room = (await server.call('POST', '/v2/rooms', { template_id: template.id })).body;
  const made = (await server.call('POST', `/v2/room-codes/room/${room.id}`)).body.data;
  codes = Object.fromEntries(made.map((one) => [one.role, one.code]));
  host = await open('host', 'Hana');
  guest = await open('guest', 'Gus');
  other = await open('guest', 'Ola');
  for (const person of [host, guest, other]) {
    await untilState(person.page, (s) => s.peers.length === 3 &&
      s.tracks.filter((t) => t.type === 'video').length === 3, 'three people with pictures');
  }
});

after(async () => {
  for (const person of people) await person.close();
  await sdkPage?.stop();
  await server?.stop();
});

test('34: a raised hand is seen by all, and lowered by the host', async () => {
  await act(guest, (a) => a.raiseLocalPeerHand());
  for (const person of [host, guest, other]) {
    await untilState(person.page, (s) => peer(s, 'Gus').isHandRaised, 'the hand');
  }
  const id = await idOf(guest);
  await refused(act(other, (a, who) => a.lowerRemotePeerHand(who), id), /changeRole/);
  await act(host, (a, who) => a.lowerRemotePeerHand(who), id);
  for (const person of [host, guest, other]) {
    await untilState(person.page, (s) => !peer(s, 'Gus').isHandRaised, 'the hand down');
  }
});

test('35: a role is offered, declined, offered again and accepted', async () => {
  const id = await idOf(guest);
  const offer = () => act(host, (a, who) => a.changeRoleOfPeer(who, 'speaker', false), id);
  await offer();
  const asked = await untilState(guest.page, (s) => s.roleRequest, 'the question');
  assert.equal(asked.roleRequest.role.name, 'speaker');
  assert.equal(asked.roleRequest.requestedBy.name, 'Hana');
  await act(guest, (a) => a.rejectChangeRole(window.person.state().roleRequest));
  await untilState(guest.page, (s) => !s.roleRequest, 'no question');
  assert.equal((await state(guest.page)).local.roleName, 'guest');
  await offer();
  await untilState(guest.page, (s) => s.roleRequest, 'the question again');
  await act(guest, (a) => a.acceptChangeRole(window.person.state().roleRequest));
  await untilState(guest.page, (s) => s.local.roleName === 'speaker', 'the role');
  // A speaker publishes no picture: it is gone for the others, and the sound goes on.
  for (const person of [host, other]) {
    await untilState(person.page, (s) => peer(s, 'Gus').roleName === 'speaker' &&
      tracksOf(s, 'Gus', 'video').length === 0 && tracksOf(s, 'Gus', 'audio').length === 1,
    'sound alone');
  }
});

test('35: a role is changed by force, and back: tracks follow what is allowed', async () => {
  const id = await idOf(guest);
  await act(host, (a, who) => a.changeRoleOfPeer(who, 'audience', true), id);
  await untilState(guest.page, (s) => s.local.roleName === 'audience', 'the role');
  await untilState(other.page, (s) => tracksOf(s, 'Gus', 'audio').length === 0, 'silence');
  await act(host, (a, who) => a.changeRoleOfPeer(who, 'guest', true), id);
  await untilState(guest.page, (s) => s.local.roleName === 'guest', 'the role back');
  await untilState(other.page, (s) => tracksOf(s, 'Gus', 'audio').length === 1 &&
    tracksOf(s, 'Gus', 'video').length === 1, 'both tracks again');
  const first = await inbound(other.page);
  await until(async () => (await inbound(other.page)).framesDecoded > first.framesDecoded + 20, 'frames');
  await refused(act(guest, (a, who) => a.changeRoleOfPeer(who, 'host', true), id), /changeRole/);
});

test('35: all of a role are changed at once', async () => {
  await act(host, (a) => a.changeRoleOfPeersWithRoles(['guest'], 'speaker'));
  for (const person of [guest, other]) {
    await untilState(person.page, (s) => s.local.roleName === 'speaker', 'the role');
  }
  await act(host, (a) => a.changeRoleOfPeersWithRoles(['speaker'], 'guest'));
  for (const person of [host, guest, other]) {
    await untilState(person.page, (s) => s.tracks.filter((t) => t.type === 'video').length === 3 &&
      s.tracks.filter((t) => t.type === 'audio').length === 3, 'all tracks again');
  }
});

test('32: one track is muted, and its owner asked to unmute', async () => {
  const seen = await state(host.page);
  const [track] = tracksOf(seen, 'Gus', 'audio');
  await act(host, (a, id) => a.setRemoteTrackEnabled(id, false), track.id);
  for (const person of [host, other]) {
    await untilState(person.page, (s) => tracksOf(s, 'Gus', 'audio')[0]?.enabled === false, 'the mute');
  }
  await untilState(guest.page, (s) => tracksOf(s, 'Gus', 'audio')[0]?.enabled === false, 'own mute');
  await act(host, (a, id) => a.setRemoteTrackEnabled(id, true), track.id);
  await untilState(guest.page, (s) => s.notifications.some((n) =>
    n.type === 'CHANGE_TRACK_STATE_REQUEST' && n.enabled), 'the question');
  assert.equal(tracksOf(await state(guest.page), 'Gus', 'audio')[0].enabled, false);
  await act(guest, (a) => a.setLocalAudioEnabled(true));
  await untilState(host.page, (s) => tracksOf(s, 'Gus', 'audio')[0]?.enabled, 'the sound again');
  await refused(act(other, (a, id) => a.setRemoteTrackEnabled(id, false), track.id), /mute/);
});

test('32: many tracks are muted by role, type and source', async () => {
  await act(host, (a) => a.setRemoteTracksEnabled(
    { enabled: false, roles: ['guest'], type: 'audio', source: 'regular' }));
  for (const [person, name] of [[guest, 'Gus'], [other, 'Ola']]) {
    await untilState(person.page, (s) => tracksOf(s, name, 'audio')[0]?.enabled === false, `${name} muted`);
    assert.equal(tracksOf(await state(person.page), name, 'video')[0].enabled, true);
  }
  assert.equal(tracksOf(await state(host.page), 'Hana', 'audio')[0].enabled, true);
  for (const person of [guest, other]) await act(person, (a) => a.setLocalAudioEnabled(true));
});

test('38: the session store tells all who observe a key', async () => {
  for (const person of [host, guest]) {
    await act(person, (a) => a.sessionStore.observe(['spotlight', 'pinned']));
  }
  await act(host, (a) => a.sessionStore.set('spotlight', { peer: 'Gus', list: [1, null] }));
  for (const person of [host, guest]) {
    const s = await untilState(person.page, (now) => now.session?.spotlight, 'the value');
    assert.deepEqual(s.session.spotlight, { peer: 'Gus', list: [1, null] });
  }
  await act(other, (a) => a.sessionStore.observe('spotlight'));
  await untilState(other.page, (now) => now.session?.spotlight?.peer === 'Gus', 'the present value');
  await refused(act(guest, (a) => a.sessionStore.set('big', 'x'.repeat(2000))), /1024/);
});

test('people are looked up by page, by name and one by one', async () => {
  const names = await act(host, async (a) => {
    const iterator = a.getPeerListIterator({ role: 'guest', limit: 1 });
    const found = [];
    found.push(...(await iterator.findPeers()));
    while (iterator.hasNext()) found.push(...(await iterator.next()));
    return found.map((one) => one.name);
  });
  assert.deepEqual(names, ['Gus', 'Ola']);
  const search = await act(host, (a) => a.findPeerByName({ query: 'GU', limit: 5 }));
  assert.deepEqual(search.peers.map((one) => one.name), ['Gus']);
  const one = await act(host, (a, id) => a.getPeer(id), await idOf(other));
  assert.equal(one.name, 'Ola');
});

test('a poll is made, answered, counted and stopped', async () => {
  await act(host, async (a) => {
    await a.interactivityCenter.createPoll({ id: 'tea', title: 'Tea?', type: 'poll' });
    await a.interactivityCenter.addQuestionsToPoll('tea', [
      { text: 'Which?', type: 'single-choice', options: [{ text: 'green' }, { text: 'black' }] },
      { text: 'Why?', type: 'short-answer' },
    ]);
    await a.interactivityCenter.startPoll('tea');
  });
  for (const person of [guest, other]) {
    const s = await untilState(person.page, (now) =>
      now.polls.find((poll) => poll.id === 'tea' && poll.state === 'started'), 'the poll');
    const poll = s.polls.find((one) => one.id === 'tea');
    assert.deepEqual(poll.questions.map((q) => q.text), ['Which?', 'Why?']);
    assert.deepEqual(poll.questions[0].options.map((o) => o.text), ['green', 'black']);
  }
  const answer = (person, option, text) => act(person, (a, o, t) =>
    a.interactivityCenter.addResponsesToPoll('tea',
      [{ questionIndex: 1, option: o }, { questionIndex: 2, text: t }]), option, text);
  await answer(guest, 2, 'strong');
  await answer(other, 2, 'dark');
  await untilState(host.page, (s) => {
    const poll = s.polls.find((one) => one.id === 'tea');
    return poll?.result?.totalResponses === 4 && poll.questions[0].options[1].voteCount === 2;
  }, 'the counts');
  await act(host, (a) => a.interactivityCenter.stopPoll('tea'));
  for (const person of [host, guest, other]) {
    await untilState(person.page, (s) => s.polls.find((one) => one.id === 'tea')?.state === 'stopped' &&
      s.polls.find((one) => one.id === 'tea').questions[0].options[1].voteCount === 2, 'the end');
  }
  await refused(act(guest, (a) => a.interactivityCenter.createPoll(
    { id: 'mine', title: 'x', type: 'poll' })), /pollWrite/);
});

test('a quiz has a leaderboard, and a late joiner finds what runs', async () => {
  await act(host, async (a) => {
    await a.interactivityCenter.createPoll({ id: 'sums', title: 'Sums', type: 'quiz' });
    await a.interactivityCenter.addQuestionsToPoll('sums', [
      { text: '2 + 2', type: 'single-choice', weight: 10,
        options: [{ text: '3' }, { text: '4', isCorrectAnswer: true }] },
    ]);
    await a.interactivityCenter.startPoll('sums');
  });
  const late = await open('guest', 'Lea');
  const found = await act(late, (a) => a.interactivityCenter.getPolls());
  assert.deepEqual(found.map((poll) => poll.id), ['sums']);
  assert.equal(found[0].questions[0].answer, undefined);
  await untilState(guest.page, (s) => s.polls.some((poll) => poll.id === 'sums'), 'the quiz');
  const answer = (person, option) => act(person, (a, o) =>
    a.interactivityCenter.addResponsesToPoll('sums', [{ questionIndex: 1, option: o, duration: 900 }]), option);
  await answer(guest, 2);
  await answer(late, 1);
  await act(host, (a) => a.interactivityCenter.stopPoll('sums'));
  await untilState(guest.page, (s) =>
    s.polls.find((poll) => poll.id === 'sums')?.state === 'stopped', 'the end');
  const board = await act(guest, (a) => a.interactivityCenter.fetchLeaderboard('sums', 0, 10));
  assert.deepEqual(board.entries.map((one) => [one.position, one.score, one.peer.username]),
    [[1, 10, 'Gus'], [2, 0, 'Lea']]);
  await act(late, (a) => a.leave());
});

test('36: a removed peer is told why and gone for all', async () => {
  const id = await idOf(other);
  await refused(act(guest, (a, who) => a.removePeer(who, 'no'), id), /removeOthers/);
  await act(host, (a, who) => a.removePeer(who, 'too loud'), id);
  const told = await untilState(other.page, (s) =>
    s.notifications.find((n) => n.type === 'REMOVED_FROM_ROOM'), 'the removal');
  assert.equal(told.notifications.find((n) => n.type === 'REMOVED_FROM_ROOM').reason, 'too loud');
  for (const person of [host, guest]) {
    await untilState(person.page, (s) => s.peers.length === 2 && s.peerCount === 2, 'two people');
  }
});

test('36: ending with a lock takes all out and lets nobody in', async () => {
  // The SDK itself asks nobody when the role does not allow it.
  await act(guest, (a) => a.endRoom(true, 'mine'));
  assert.ok((await state(host.page)).connected);
  await act(host, (a) => a.endRoom(true, 'that is all'));
  const told = await untilState(guest.page, (s) =>
    s.notifications.find((n) => n.type === 'ROOM_ENDED'), 'the end');
  assert.equal(told.notifications.find((n) => n.type === 'ROOM_ENDED').reason, 'that is all');
  await untilState(host.page, (s) => !s.connected, 'the host gone too');
  await refused(join(guest.page, server, codes.guest, 'Gus'), /./);
});

test('47: no request of it all left our own origins, and no page failed', () => {
  assert.deepEqual(people.flatMap((person) => person.problems), []);
});
