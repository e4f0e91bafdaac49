// The dashboard's way in, against the real server: links, sessions, rights, the audit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, startServer, until } from '../browser/lib/server.mjs';

const PASSWORD = 'correct horse';

// What a browser does with a page of this server's.
class Browser {
  constructor(server, headers = {}) {
    Object.assign(this, { server, headers, cookie: null, csrf: null });
  }

  // A busy machine may take too long over a password: who is told so comes again.
  async ask(method, path, body, headers = {}) {
    for (;;) {
      const answer = await this.askOnce(method, path, body, headers);
      if (answer.status !== 503 || !/password|session|accounts|link/.test(path)) return answer;
    }
  }

  async askOnce(method, path, body, headers = {}) {
    const answer = await fetch(this.server.origin + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(method === 'GET' ? {} : { origin: this.server.origin }),
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(this.csrf ? { 'parlor-csrf': this.csrf } : {}),
        ...this.headers,
        ...headers,
      },
      body: body === undefined || method === 'GET' ? undefined : JSON.stringify(body),
    });
    const [cookie] = answer.headers.getSetCookie();
    if (cookie) this.cookie = cookie.split(';')[0];
    const text = await answer.text();
    const json = text ? JSON.parse(text) : null;
    if (json?.csrf) this.csrf = json.csrf;
    return { status: answer.status, headers: answer.headers, body: json, setCookie: cookie, detail: json?.details?.[0] };
  }

  rest(method, path, body) {
    return this.ask(method, path.replace('/v2/', '/v2/admin/rest/'), body);
  }

  async signIn(name, password = PASSWORD) {
    const answer = await this.ask('POST', '/v2/admin/session', { name, password });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return this;
  }
}

const linkOf = (server) => JSON.parse(execFileSync(binary,
  ['admin', 'link', ...server.store, '--json', '--server', server.origin], { encoding: 'utf8' }));
const tokenOf = (server) => linkOf(server).url.split('#link=')[1];

const use = (server, token, name = 'ann', password = PASSWORD) =>
  new Browser(server).ask('POST', '/v2/admin/link', { token, name, password });

let server, owner, receiver;
const received = [];
const accounts = {}, browsers = {};
before(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: JSON.parse(text) });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  server = await startServer(['--webhook-url', `http://127.0.0.1:${receiver.address().port}/hook`,
    '--webhook-headers', '{"X-Secret":"hidden from all"}', '--webhook-allow', '127.0.0.1', '--frame-ancestors', 'https://portal.example']);
});
after(async () => {
  await server?.stop();
  receiver?.close();
});

test('of two first links that are used at once one makes an owner, and a restart brings neither back', async () => {
  const link = linkOf(server);
  assert.equal(link.first, true);
  assert.equal(link.url.split('#')[0], `${server.origin}/admin/`);
  const tokens = [tokenOf(server), tokenOf(server)];
  const answers = await Promise.all([use(server, tokens[0]), use(server, tokens[1], 'bob'), use(server, tokens[0])]);
  const good = answers.filter(({ status }) => status === 200);
  assert.equal(good.length, 1, JSON.stringify(answers.map(({ body }) => body)));
  assert.equal(good[0].body.account.role, 'owner');
  const name = good[0].body.account.name;
  assert.equal(linkOf(server).first, false);
  await server.restart();
  assert.equal((await use(server, tokens[name === 'bob' ? 1 : 0], name)).status, 410);
  const late = tokenOf(server).split('.');
  late[1] = String(Number(late[1]) - 600);
  assert.equal((await use(server, late.join('.'), name)).status, 401);
  owner = await new Browser(server).signIn(name);
});

test('a link can be made before the first start, and for nobody once there is an account', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-link-'));
  const link = (...more) => execFileSync(binary, ['admin', 'link', '--if-none', ...more],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.match(link('--data', folder), /\/admin\/#link=/);
  assert.ok(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')).app_secret);
  rmSync(folder, { recursive: true });
  assert.equal(link(...server.store), '');
});

test('no page frames the dashboard', async () => {
  for (const [path, ancestors] of [['/', 'https://portal.example'], ['/admin', '\'none\''], ['/admin/', '\'none\''],
    ['/admin/rooms/x', '\'none\'']]) {
    const answer = await fetch(server.origin + path, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } });
    assert.ok(answer.headers.get('content-security-policy')?.endsWith(`frame-ancestors ${ancestors}`),
      `${path}: ${answer.headers.get('content-security-policy')}`);
  }
});

test('a session outlives a restart', async () => {
  await server.restart();
  const { status, body } = await owner.ask('GET', '/v2/admin/session');
  assert.equal(status, 200);
  assert.equal(body.account.role, 'owner');
});

// What has a test of its own, as it changes what the others need.
const endsSomething = (method, path) =>
  (method === 'DELETE' && path.endsWith('/session')) || (method !== 'GET' && path.includes('/keys'));

test('each route lets in who may, and nobody else', async () => {
  const routes = [];
  const description = await (await fetch(`${server.origin}/openapi.json`)).json();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of ['get', 'post', 'patch', 'delete']) {
      const scopes = (item[method]?.security ?? description.security).flatMap((one) => Object.keys(one));
      if (item[method]) routes.push({ method: method.toUpperCase(), path, scopes });
    }
  }
  assert.ok(routes.length > 80);
  for (const role of ['viewer', 'developer', 'admin', 'owner']) {
    const made = await owner.ask('POST', '/v2/admin/accounts', { name: role, role, password: PASSWORD });
    assert.equal(made.status, 200);
    accounts[role] = made.body;
  }
  for (const role of ['viewer', 'developer', 'admin', 'owner']) {
    const browser = browsers[role] = await new Browser(server).signIn(role);
    for (const { method, path, scopes } of routes) {
      const named = path.replace(/\{\w+\}/g, 'x');
      const shows = method === 'GET' && /room-codes|stream-keys/.test(path);
      const changes = method !== 'GET' || shows;
      if (scopes.includes('management') && path.startsWith('/v2/')) {
        const allowed = role !== 'viewer' || !changes;
        const { status, detail } = await browser.rest(method, named, {});
        assert.notEqual(status, 401, `${role} ${method} ${path}`);
        assert.equal(detail !== 'the account\'s role does not allow it', allowed, `${role} ${method} ${path}: ${status}`);
      } else if (path.startsWith('/v2/') && !path.startsWith('/v2/admin/')) {
        assert.ok([404, 405].includes((await browser.rest(method, named, {})).status), `${method} ${path}`);
      } else if (scopes.includes('account') && !endsSomething(method, path)) {
        const managers = /accounts|keys|webhook/.test(path);
        const allowed = !managers || role === 'admin' || role === 'owner';
        const { status, detail } = await browser.ask(method, named, {});
        assert.notEqual(status, 401, `${role} ${method} ${path}`);
        assert.equal(detail !== 'the account\'s role does not allow it', allowed, `${role} ${method} ${path}: ${status}`);
      }
    }
  }
});

test('keys are changed by admins and owners only', async () => {
  for (const role of ['viewer', 'developer']) {
    for (const [method, path] of [['POST', '/v2/admin/keys'], ['DELETE', '/v2/admin/keys/previous']]) {
      assert.equal((await browsers[role].ask(method, path)).status, 403);
    }
  }
  assert.equal((await browsers.admin.ask('DELETE', '/v2/admin/keys/previous')).status, 409);
});

test('what a viewer tried changed nothing and is in the audit', async () => {
  const { viewer } = browsers;
  assert.equal((await viewer.rest('POST', '/v2/rooms', { name: 'not-made' })).status, 403);
  const { body } = await owner.ask('GET', '/v2/admin/audit?account=viewer&refused=true&limit=1');
  assert.deepEqual([body.data[0].method, body.data[0].path, body.data[0].status], ['POST', '/v2/rooms', 403]);
  assert.equal((await server.call('GET', '/v2/rooms?name=not-made')).body.data.length, 0);
});

test('a token opens nothing of the dashboard\'s, and its cookie nothing else', async () => {
  assert.equal((await server.call('GET', '/v2/admin/session')).status, 401);
  assert.equal((await server.call('GET', '/v2/admin/rest/rooms')).status, 401);
  assert.equal((await owner.ask('GET', '/v2/rooms')).status, 401);
  assert.equal((await owner.ask('POST', '/v2/rooms', {})).status, 401);
});

test('a change from another page, or without the token, is none', async () => {
  for (const origin of ['https://evil.example', 'null', `${server.origin}1`]) {
    assert.equal((await owner.ask('POST', '/v2/admin/rest/rooms', {}, { origin })).status, 403);
  }
  assert.equal((await owner.ask('POST', '/v2/admin/rest/rooms', {}, { 'parlor-csrf': 'x' })).status, 403);
  assert.equal((await owner.ask('POST', '/v2/admin/rest/rooms', {}, { 'sec-fetch-site': 'cross-site' })).status, 403);
  const other = browsers.developer;
  assert.equal((await owner.ask('POST', '/v2/admin/rest/rooms', {}, { 'parlor-csrf': other.csrf })).status, 403);
  assert.equal((await owner.ask('POST', '/v2/admin/rest/rooms', {})).status, 200);
  const form = await owner.ask('POST', '/v2/admin/session', { name: 'ann', password: PASSWORD }, { 'content-type': 'text/plain' });
  assert.equal(form.status, 415);
});

test('a session that was planted is not the one that signs in', async () => {
  const planted = browsers.admin;
  const victim = new Browser(server);
  victim.cookie = planted.cookie;
  await victim.signIn('admin');
  assert.notEqual(victim.cookie, planted.cookie);
  assert.equal((await planted.ask('GET', '/v2/admin/session')).status, 401);
});

test('signing out ends this session, or all of them', async () => {
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => new Browser(server).signIn('admin')));
  assert.equal((await a.ask('DELETE', '/v2/admin/session')).status, 200);
  assert.equal((await b.ask('GET', '/v2/admin/session')).status, 200);
  const old = c.cookie;
  const { setCookie } = await c.ask('DELETE', '/v2/admin/session?everywhere=true');
  assert.match(setCookie, /^parlor-admin=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/);
  c.cookie = old;
  for (const one of [b, c]) assert.equal((await one.ask('GET', '/v2/admin/session')).status, 401);
});

test('an account that may do less, or is gone, is so at once', async () => {
  const { developer } = browsers;
  const { id } = accounts.developer;
  assert.equal((await owner.ask('POST', `/v2/admin/accounts/${id}`, { role: 'viewer' })).status, 200);
  assert.equal((await developer.rest('POST', '/v2/rooms', {})).status, 401);
  const { viewer } = browsers; // who is still in
  assert.equal((await viewer.rest('POST', '/v2/rooms', {})).status, 403);
  assert.equal((await owner.ask('DELETE', `/v2/admin/accounts/${accounts.viewer.id}`)).status, 200);
  assert.equal((await viewer.ask('GET', '/v2/admin/session')).status, 401);
});

test('a secret is shown once, signs at once, and the old one goes when it is revoked', async () => {
  const before = (await owner.ask('GET', '/v2/admin/keys')).body.data;
  assert.deepEqual(before.map((key) => [key.access_key, key.secrets, key.app_secret]),
    [[server.keys.access_key, 1, undefined]]);
  assert.equal((await owner.ask('DELETE', '/v2/admin/keys/previous')).status, 409);
  const made = await owner.ask('POST', '/v2/admin/keys');
  assert.equal(made.status, 200);
  assert.equal(made.body.secrets, 2);
  const shown = JSON.parse(execFileSync(binary, ['key', 'show', '--data', server.folder], { encoding: 'utf8' }));
  assert.equal(made.body.app_secret, shown.app_secret);
  assert.notEqual(made.body.app_secret, server.keys.app_secret);
  const token = execFileSync(binary, ['token', 'management', '--data', server.folder], { encoding: 'utf8' }).trim();
  const status = async (bearer) =>
    (await fetch(`${server.origin}/v2/rooms`, { headers: { authorization: `Bearer ${bearer}` } })).status;
  assert.equal(await status(token), 200);
  assert.equal(await status(server.token), 200);
  assert.equal((await owner.ask('POST', '/v2/admin/keys')).status, 409);
  assert.equal((await owner.ask('DELETE', '/v2/admin/keys/previous')).status, 200);
  assert.equal(await status(server.token), 401);
  assert.equal(await status(token), 200);
  const { body } = await owner.ask('GET', '/v2/admin/audit?search=keys&limit=100');
  assert.ok(body.data.some((row) => row.method === 'POST' && row.target === server.keys.access_key && row.status === 200));
  assert.ok(!JSON.stringify(body).includes(made.body.app_secret));
});

test('the webhook is shown without its secrets, a test event arrives, and is sent again', async () => {
  const { body } = await owner.ask('GET', '/v2/admin/webhook');
  assert.match(body.url, /\/hook$/);
  assert.deepEqual(body.headers, { 'X-Secret': '***' });
  assert.equal(body.has_secret, true);
  const sent = await owner.ask('POST', '/v2/admin/webhook/test');
  assert.equal(sent.status, 200);
  const arrived = () => received.filter((one) => one.body.id === sent.body.event_id);
  await until(() => arrived().length === 1, 'the test event');
  assert.equal(arrived()[0].body.type, 'webhook.test');
  assert.equal(arrived()[0].headers['x-secret'], 'hidden from all');
  const log = async () => (await owner.rest('GET', '/v2/analytics/webhooks')).body.events
    .find((one) => one.event_id === sent.body.event_id);
  await until(async () => (await log())?.event_name === 'reporter.webhook.delivery.success', 'the log');
  assert.equal((await owner.ask('POST', `/v2/admin/webhook/events/${sent.body.event_id}/send`)).status, 200);
  await until(() => arrived().length === 2, 'it to come again');
  assert.equal((await owner.ask('POST', '/v2/admin/webhook/events/unknown/send')).status, 404);
});

test('of passwords that are tried at once ten are looked at, and right ones go on elsewhere', async () => {
  const wrong = await Promise.all(Array.from({ length: 14 }, (_, i) =>
    new Browser(server).askOnce('POST', '/v2/admin/session', { name: 'admin', password: `wrong ${i}` })));
  const counts = (status) => wrong.filter((one) => one.status === status).length;
  assert.ok(counts(401) <= 10 && counts(401) > 0, JSON.stringify(wrong.map(({ status }) => status)));
  assert.equal(counts(401) + counts(429) + counts(503), 14);
  const last = await new Browser(server).ask('POST', '/v2/admin/session', { name: 'admin', password: PASSWORD });
  assert.equal(last.status, 429);
  assert.ok(Number(last.headers.get('retry-after')) > 0);
  assert.equal((await owner.ask('GET', '/v2/admin/session')).status, 200);
});
