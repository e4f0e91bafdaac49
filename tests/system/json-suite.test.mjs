// JSONTestSuite (tests/vectors) as bodies of real requests: what is no JSON is a bad request, what is
// JSON is never our fault. Routes of different shapes: objects and an array, with and without a token.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, top } from '../browser/lib/server.mjs';

const folder = join(top, 'tests/vectors/json-test-suite/test_parsing');
const files = readdirSync(folder).map((name) => ({ name, body: readFileSync(join(folder, name)) }));
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
let server, routes;

before(async () => {
  // Every wrong code of the suite counts as one, and they are not what is tested here.
  server = await startServer(['--wrong-codes', '10000', '--wrong-codes-all', '10000', '--public-body-max', '1048576']);
  const { room } = await server.meeting();
  const template = server.keys.template_id;
  routes = ['/v2/rooms', `/v2/rooms/${room.id}`, '/v2/room-codes/code', '/v2/token', '/v2/templates',
    `/v2/templates/${template}/settings`, `/v2/templates/${template}/roles/guest`, `/v2/templates/${template}/recordings`,
    `/v2/external-streams/room/${room.id}/start`, '/api/meetings'];
});
after(() => {
  agent.destroy();
  return server?.stop();
});

function post(path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(server.origin + path, { method: 'POST', agent,
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', 'content-length': body.length } },
    (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, type: answer.headers['content-type'],
        body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// No body at all, or white space, is a call without parameters (Go and Dart clients send that).
const isBlank = (body) => /^[ \t\r\n]*$/.test(body.toString('latin1'));

const refusals = new Set(['body is not valid JSON', 'body is not a JSON object', 'body is not a JSON array',
  'body is too deep, has too many members or too long a text']);

test('what is no JSON is 400 on every route, and says so', async () => {
  const bad = files.filter(({ name, body }) => name.startsWith('n_') && !isBlank(body));
  assert.ok(bad.length >= 185, `${bad.length} files`);
  await Promise.all(routes.flatMap((route) => bad.map(async ({ name, body }) => {
    const answer = await post(route, body);
    assert.equal(answer.status, 400, `${route} ${name}: ${answer.status} ${answer.body.slice(0, 200)}`);
    assert.equal(answer.type, 'application/json');
    const said = JSON.parse(answer.body);
    assert.equal(said.code, 400);
    assert.equal(said.message, 'Invalid body param');
    assert.ok(refusals.has(said.details[0]), `${route} ${name}: ${said.details}`);
  })));
});

test('what is JSON, or may be, is taken or refused but never our fault', async () => {
  const rest = files.filter(({ name, body }) => !name.startsWith('n_') || isBlank(body));
  assert.ok(rest.length >= 130, `${rest.length} files`);
  const seen = new Map();
  await Promise.all(routes.flatMap((route) => rest.map(async ({ name, body }) => {
    const answer = await post(route, body);
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    const fine = answer.status === 200 || (answer.status >= 400 && answer.status < 500)
      || (answer.status === 501 && route.includes('streams'));
    assert.ok(fine, `${route} ${name}: ${answer.status} ${answer.body.slice(0, 200)}`);
    assert.equal(typeof JSON.parse(answer.body), 'object');
  })));
  assert.ok(seen.get(200) > 50 && seen.get(400) > 100, JSON.stringify([...seen]));
});

test('objects of the suite that are JSON make rooms, whatever is in their other fields', async () => {
  // U+0000 is refused in any text: what it ends in one reader it does not end in another.
  const taken = files.filter(({ name }) => /^y_object_/.test(name) && !name.includes('null'));
  assert.ok(taken.length >= 10);
  for (const { name, body } of taken) {
    assert.equal((await post('/v2/rooms', body)).status, 200, name);
  }
});

test('the server still does what it should', async () => {
  const { host } = await server.meeting();
  assert.equal((await post('/v2/token', Buffer.from(JSON.stringify({ code: host })))).status, 200);
  const { body } = await server.call('GET', `/v2/templates/${server.keys.template_id}`);
  assert.deepEqual(Object.keys(body.roles), ['host', 'guest']);
});
