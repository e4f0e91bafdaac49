// Polls that a back end makes over REST, in the meetings of the rooms that name them, and what it
// reads of them afterwards: also when the server was killed in between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, until } from '../browser/lib/server.mjs';
import { Client } from './client.mjs';

let server, quiz, draft, secret, meeting, host, guests;
const people = [];

const get = async (path) => (await server.call('GET', path)).body;
const ask = async (client, method, params) => {
  const { result, error } = await client.request(method, params);
  assert.equal(error, undefined, JSON.stringify(error));
  return result;
};

async function come(code, name) {
  const client = await Client.of(server, code, `user-${name}`);
  await client.connect();
  people.push(client);
  await ask(client, 'join', { name, data: '' });
  await ask(client, 'ping', { timestamp: 1 }); // so all that follows the answer is here
  return client;
}

const vote = (client, poll, responses) =>
  ask(client, 'poll-response', { poll_id: poll.id, responses });

before(async () => {
  server = await startServer();
  const make = async (poll) => (await server.call('POST', '/v2/polls', poll)).body;
  quiz = await make({ title: 'Rivers', type: 'quiz', questions: [
    { text: 'The longest?', type: 'single-choice', weight: 5, answer: { options: [2] },
      options: [{ text: 'Rhine' }, { text: 'Danube' }] },
    { text: 'Where does it end?', type: 'short-answer', weight: 3, answer: { text: 'Black Sea', trim: true } }] });
  draft = await make({ title: 'Lunch', start: 'manual', questions: [
    { text: 'What?', type: 'multiple-choice', options: [{ text: 'soup' }, { text: 'bread' }] }] });
  secret = await make({ title: 'Mood', anonymous: true, questions: [
    { text: 'Well?', type: 'short-answer' }] });
  meeting = await server.meeting({ polls: [quiz.id, draft.id, secret.id] });
  host = await come(meeting.host, 'host');
  guests = [await come(meeting.guest, 'ann'), await come(meeting.guest, 'bob')];
});
after(async () => {
  for (const client of people) client.socket?.terminate();
  await server?.stop();
});

test('those that start by themselves run, the others wait for whoever may start them', async () => {
  assert.deepEqual(meeting.room.polls, [quiz.id, draft.id, secret.id]);
  assert.equal(host.said('on-poll-start').length, 2);
  const started = (await ask(guests[0], 'poll-list', { state: 'started' })).polls;
  assert.deepEqual(started.map((poll) => poll.poll_id), [quiz.id, secret.id]);
  assert.equal(started[0].title, 'Rivers');
  const created = (await ask(host, 'poll-list', { state: 'created' })).polls;
  assert.deepEqual(created.map((poll) => poll.poll_id), [draft.id]);
  await ask(host, 'poll-start', { poll_id: draft.id });
  await until(() => guests[1].said('on-poll-start').some(({ params }) =>
    params.polls[0].poll_id === draft.id), 'the poll to start');
});

test('what three people answer is read over REST, with who it was and what it is worth', async () => {
  await vote(host, quiz, [{ question: 1, option: 2, duration: 900 }, { question: 2, text: ' black sea' }]);
  await vote(guests[0], quiz, [{ question: 1, option: 1, duration: 400 }]);
  await vote(guests[1], quiz, [{ question: 1, option: 2, duration: 100 }, { question: 2, skipped: true }]);
  await vote(guests[0], draft, [{ question: 1, options: [1] }]);
  await vote(guests[0], draft, [{ question: 1, options: [1, 2], update: true }]);
  await vote(guests[1], secret, [{ question: 1, text: 'fine' }]);

  const responses = await until(async () => {
    const page = await get(`/v2/polls/${quiz.id}/responses?limit=100`);
    return page.responses.length === 5 && page.responses;
  }, 'the answers');
  const session = (await get(`/v2/sessions?room_id=${meeting.room.id}`)).data[0].id;
  const first = responses.at(-1);
  assert.equal(first.user_id, 'user-host');
  assert.equal(first.peer_id, host.id);
  assert.equal(first.session_id, session);
  assert.deepEqual(first.options, [2]);
  assert.equal(first.duration, 900);
  assert.ok(responses.some((one) => one.skipped && one.user_id === 'user-bob'));
  assert.deepEqual(await get(`/v2/polls/${quiz.id}/responses/${first.id}`), first);
  assert.equal((await get(`/v2/polls/${quiz.id}/responses?question=2`)).responses.length, 2);

  const [run] = (await get(`/v2/polls/${quiz.id}/sessions`)).responses;
  assert.equal(run.session_id, session);
  assert.equal(run.total_responses, 5);
  assert.equal(run.unique_participants, 3);
  assert.equal(run.stopped_at, undefined);

  const [changed] = await until(async () => {
    const page = await get(`/v2/polls/${draft.id}/responses`);
    return page.responses[0]?.update && page.responses;
  }, 'the update');
  const both = (await get(`/v2/polls/${draft.id}/responses?all=true`)).responses;
  assert.deepEqual(both.map((one) => one.id), [changed.id, changed.original_response]);
  assert.equal(changed.update, true);
  assert.equal(changed.retries, 1);
  assert.deepEqual(changed.options, [1, 2]);

  const mood = await until(async () =>
    (await get(`/v2/polls/${secret.id}/responses`)).responses[0], 'the anonymous answer');
  assert.equal(mood.text, 'fine');
  assert.equal(mood.peer_id ?? mood.user_id, undefined);
});

test('results are those of the leaderboard', async () => {
  await ask(host, 'poll-stop', { poll_id: quiz.id });
  const board = await ask(host, 'poll-leaderboard', { poll_id: quiz.id, count: 10, offset: 0 });
  const results = await until(async () => {
    const page = await get(`/v2/polls/${quiz.id}/results`);
    return page.results.length === 3 && page.results;
  }, 'the results');
  assert.deepEqual(
    Object.fromEntries(results.map((one) => [one.user_id, [one.score, one.duration]])),
    Object.fromEntries(board.questions.map((one) => [one.peer.userid, [one.score, one.duration]])));
  assert.equal(results.find((one) => one.user_id === 'user-host').score, 8);
  await until(async () => (await get(`/v2/polls/${quiz.id}/sessions`)).responses[0].stopped_at, 'its end');
});

test('all of it is there after kill -9, and the polls go on', async () => {
  const pages = async () => Promise.all([quiz, draft, secret].flatMap((poll) =>
    ['responses?all=true', 'results', 'sessions'].map((what) => get(`/v2/polls/${poll.id}/${what}`))));
  // The snapshot is written once a second.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const before = await pages();
  await server.restart('SIGKILL');
  assert.deepEqual(await pages(), before);
  for (const client of people) await client.connect();
  const again = await host.request('poll-start', { poll_id: draft.id });
  assert.equal(again.error.code, 400);
  await vote(guests[1], draft, [{ question: 1, options: [2] }]);
  const late = await guests[0].request('poll-response',
    { poll_id: draft.id, responses: [{ question: 1, options: [2] }] });
  assert.equal(late.error.message, 'the answer that was given is final');
  await until(async () => (await get(`/v2/polls/${draft.id}/responses`)).responses.length === 2, 'the answer');
});

test('a kill in the moment of an answer leaves nobody counted twice', async () => {
  const { id } = (await server.call('POST', '/v2/polls', { title: 'Now', questions: [
    { text: 'Yes?', options: [{ text: 'y' }, { text: 'n' }] }] })).body;
  const other = await server.meeting({ polls: [id] });
  const one = await come(other.host, 'one');
  await until(() => one.said('on-poll-start').length === 1, 'the poll to start');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const answer = { poll_id: id, responses: [{ question: 1, option: 1 }] };
  for (const pause of [250, 600, 0, 400]) {
    // Given already, or taken once more because the crash has lost it.
    await one.request('poll-response', answer);
    await new Promise((resolve) => setTimeout(resolve, pause));
    await server.restart('SIGKILL');
    await one.connect();
  }
  await one.request('poll-response', answer);
  const run = await until(async () => {
    const [first] = (await get(`/v2/polls/${id}/sessions`)).responses;
    return first?.total_responses && first;
  }, 'the answer');
  assert.equal(run.total_responses, 1);
  assert.equal(run.unique_participants, 1);
  assert.equal((await get(`/v2/polls/${id}/results`)).results.length, 1);
  for (const client of people.filter(({ open }) => !open)) await client.connect();
});

test('a poll made in the meeting is read over REST when the server has named it', async () => {
  const { poll_id: id } = await ask(host, 'poll-info-set', { title: 'Ours', type: 'poll' });
  await ask(host, 'poll-questions-set', { poll_id: id, questions: [
    { question: { index: 1, text: 'Really?', type: 'long-answer' } }] });
  assert.equal((await server.call('GET', `/v2/polls/${id}`)).status, 404);
  await ask(host, 'poll-start', { poll_id: id });
  await vote(guests[0], { id }, [{ question: 1, text: 'really' }]);
  await until(async () => (await get(`/v2/polls/${id}/responses`))?.responses?.length === 1, 'the answer');
  const poll = await get(`/v2/polls/${id}`);
  assert.equal(poll.title, 'Ours');
  assert.equal(poll.start, 'manual');
  assert.equal(poll.questions[0].type, 'long-answer');
  // A name of another poll does not let a client write into it.
  await ask(host, 'poll-info-set', { poll_id: '0123456789abcdef01234567', title: 'Theirs' });
  assert.equal((await server.call('GET', '/v2/polls/0123456789abcdef01234567')).status, 404);
});

test('the next session of the room has them as they are then, also where somebody looked on', async () => {
  const early = await Client.of(server, meeting.host, 'user-early');
  await early.connect(); // and does not join yet
  people.push(early);
  await server.call('POST', `/v2/active-rooms/${meeting.room.id}/end-room`, {});
  await until(async () => (await get(`/v2/polls/${draft.id}/sessions`)).responses[0].stopped_at, 'the end');
  await server.call('POST', `/v2/polls/${draft.id}`, { title: 'Dinner', questions: [
    { text: 'When?', type: 'short-answer' }] });
  await server.call('POST', `/v2/rooms/${meeting.room.id}`, { polls: [draft.id, quiz.id] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await ask(early, 'join', { name: 'early', data: '' });
  await ask(early, 'ping', { timestamp: 1 });
  assert.deepEqual(early.said('on-poll-start').map(({ params }) => params.polls[0].title), ['Dinner', 'Rivers']);
  await until(async () => (await get(`/v2/polls/${draft.id}/sessions`)).responses.length === 2, 'the run');
});
