// A poll that a back end made, answered by the unmodified SDK in real browsers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPerson } from './lib/chromium.mjs';
import { startServer, until } from './lib/server.mjs';
import { join, openSdk, startSdkPage, untilState } from './lib/sdk.mjs';

let server, sdkPage, poll, host, guest;

before(async () => {
  server = await startServer();
  await server.makePicturesSmall();
  sdkPage = await startSdkPage();
  poll = (await server.call('POST', '/v2/polls', { title: 'Rivers', type: 'quiz', questions: [
    { text: 'The longest?', type: 'single-choice', weight: 5, answer: { options: [2] },
      options: [{ text: 'Rhine' }, { text: 'Danube' }] },
    { text: 'Why?', type: 'short-answer' }] })).body;
  const meeting = await server.meeting({ polls: [poll.id] });
  const origins = [sdkPage.origin, server.origin, server.origin.replace('http', 'ws')];
  host = await openPerson({ origins });
  guest = await openPerson({ origins });
  for (const [person, code, name] of [[host, meeting.host, 'Hana'], [guest, meeting.guest, 'Gus']]) {
    await openSdk(person.page, sdkPage);
    await join(person.page, server, code, name);
  }
});

after(async () => {
  await host?.close();
  await guest?.close();
  await sdkPage?.stop();
  await server?.stop();
});

const vote = (person, responses) => person.page.evaluate(
  ([id, list]) => window.person.actions.interactivityCenter.addResponsesToPoll(id, list), [poll.id, responses]);

test('it starts with the session, and late joiners find it', async () => {
  const shown = await untilState(host.page, (s) => s.polls.some(({ state }) => state === 'started'), 'the poll');
  assert.deepEqual([shown.polls[0].id, shown.polls[0].title, shown.polls[0].type], [poll.id, 'Rivers', 'quiz']);
  await guest.page.evaluate(() => window.person.actions.interactivityCenter.getPolls());
  await untilState(guest.page, (s) => s.polls.some(({ id }) => id === poll.id), 'the poll of the late joiner');
});

test('what is answered is read over REST, and is worth what the leaderboard says', async () => {
  await vote(host, [{ questionIndex: 1, option: 2, duration: 3 }, { questionIndex: 2, text: 'long' }]);
  await vote(guest, [{ questionIndex: 1, option: 1 }]);
  const { responses } = await until(async () => {
    const { body } = await server.call('GET', `/v2/polls/${poll.id}/responses`);
    return body.responses.length === 3 && body;
  }, 'the answers');
  assert.deepEqual(responses.map(({ user_id: user, question, options, text }) => [user, question, options, text]).sort(),
    [['user-Gus', 1, [1], ''], ['user-Hana', 1, [2], ''], ['user-Hana', 2, [], 'long']]);
  await host.page.evaluate((id) => window.person.actions.interactivityCenter.stopPoll(id), poll.id);
  await untilState(guest.page, (s) => s.polls.some(({ state }) => state === 'stopped'), 'the end');
  const { results } = (await server.call('GET', `/v2/polls/${poll.id}/results`)).body;
  assert.deepEqual(Object.fromEntries(results.map((one) => [one.user_id, one.score])),
    { 'user-Hana': 5, 'user-Gus': 0 });
  assert.deepEqual([...host.problems, ...guest.problems], []);
});
