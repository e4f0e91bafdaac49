// A real server for one test file: its own data folder, its own ports, ended by its id.
import { spawn, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newDatabase, sql } from './postgres.mjs';

export const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');
// What go has compiled once, of its own library too, which takes it most of a minute: where it keeps that for everybody.
export const goCache = process.env.GOCACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'go-build');
export const binary = process.env.PARLOR_BINARY ?? join(top, 'build/parlor');

// Ports below those that the system gives to whoever asks for any: nobody's outgoing connection takes a
// server's port while it restarts, and tests that run side by side do not find the same one.
const portAtRandom = () => randomInt(10000, 32768);

function isFree(port) {
  const listens = new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  const binds = new Promise((resolve) => {
    const probe = createSocket('udp4');
    probe.once('error', () => resolve(false));
    probe.bind(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  return Promise.all([listens, binds]).then((both) => both.every(Boolean));
}

export async function freePort() {
  for (;;) {
    const port = portAtRandom();
    if (await isFree(port)) return port;
  }
}

// How much slower than the release binary the server under test may be (sanitizers are).
export const patience = Number(process.env.PARLOR_PATIENCE ?? 1);

// Whether tests run at their full length (./dev nightly), else in the short form that says the same.
export const nightly = process.env.PARLOR_NIGHTLY === '1';

// For what has to come, however busy the machine is: it costs nothing where it comes soon. A limit that is given
// instead is a promise of the server's or the client's.
export const PATIENCE_MS = 60000;

// Waits for `check` to give something truthy; the one place where tests wait for the world.
export async function until(check, what, limitMs = PATIENCE_MS, pauseMs = 50) {
  const end = Date.now() + limitMs * patience;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up after ${limitMs} ms waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

// Also over TLS with a certificate that nobody signed, which fetch() would refuse. No connection is kept: newer Node
// would, Debian's would not, and tests count connections.
function ready(origin) {
  const { get } = origin.startsWith('https') ? https : http;
  return new Promise((resolve) => {
    get(`${origin}/ready`, { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).once('error', () => resolve(false));
  });
}

async function start(folder, host, port, mediaPort, options) {
  const startedAt = performance.now();
  const child = spawn(
    binary,
    ['serve', '--listen', `${host}:${port}`, '--data', folder, '--media-port', `${mediaPort}`,
      '--workers', '1', '--rate-limit', 'off', ...options],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PARLOR_ALLOW_ROOT: '1' } });
  let log = '';
  child.stdout.on('data', (chunk) => (log += chunk));
  child.stderr.on('data', (chunk) => (log += chunk));
  let exited;
  const exit = new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve((exited = { code, signal }))));
  const scheme = options.some((option) => /^--tls/.test(option)) ? 'https' : 'http';
  const origin = `${scheme}://${host}:${port}`;
  try {
    await until(async () => {
      if (exited) throw new Error(`server ended at start: ${JSON.stringify(exited)}`);
      return ready(origin);
    }, 'the server to be ready', PATIENCE_MS, 5);
  } catch (error) {
    child.kill('SIGKILL'); // else the test's process would wait for it
    throw new Error(`${error.message}\n${log}`);
  }
  return { child, exit, origin, readyMs: performance.now() - startedAt, log: () => log };
}

function changeRows(folder, database, text) {
  if (database) sql(database.url, text);
  else execFileSync('python3', ['-c', 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); '
    + 'db.execute(sys.argv[2]); db.commit()', join(folder, 'parlor.db'), text]);
}

// What is switched on in clients by default, and the same but for simulcast: a page that encodes its camera in three sizes
// takes more of a small machine than the rest of most tests.
export const ALL_SIZES = 'nonWebRTCDisableOffer,publishStats,simulcast,subscribeDegradation,subscribeStats';
const ONE_SIZE = ALL_SIZES.replace('simulcast,', '');

// Options go to `parlor serve`; `host` is the address that it listens on, `folder` one with data, if
// there is any. Where PARLOR_TEST_POSTGRES names a PostgreSQL, everything is stored there.
export async function startServer(given = [], host = '127.0.0.1',
  folder = mkdtempSync(join(tmpdir(), 'parlor-test-'))) {
  const postgres = process.env.PARLOR_TEST_POSTGRES;
  const database = postgres && !given.includes('--database') ? newDatabase(postgres) : null;
  const flags = given.includes('--client-flags') ? [...given] : [...given, '--client-flags', ONE_SIZE];
  // Many tests run side by side, and the default is one port.
  if (!given.includes('--metrics-listen')) flags.push('--metrics-listen', 'off');
  const options = database ? [...flags, '--database', database.url] : flags;
  const port = await freePort();
  const mediaPort = await freePort();
  let running = await start(folder, host, port, mediaPort, options);
  const keys = JSON.parse(
    execFileSync(binary, ['key', 'show', '--data', folder, '--json'], { encoding: 'utf8' }));
  const token = execFileSync(binary, ['token', 'management', '--data', folder],
    { encoding: 'utf8' }).trim();

  async function call(method, path, body) {
    const answer = await fetch(running.origin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
  }

  return {
    get origin() { return running.origin; },
    get pid() { return running.child.pid; },
    get readyMs() { return running.readyMs; },
    port, mediaPort, folder, keys, token, call,
    // Where everything is stored, for the commands: options.
    store: ['--data', folder, ...(options.includes('--database')
      ? ['--database', options[options.indexOf('--database') + 1]] : [])],
    log: () => running.log(),

    // What a back end does: a room and the codes of its two roles.
    async meeting(fields = {}) {
      const made = async (path, body) => {
        const answer = await call('POST', path, body);
        if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
      };
      const room = await made('/v2/rooms', fields);
      const codes = (await made(`/v2/room-codes/room/${room.id}`)).data;
      const codeOf = (role) => codes.find((entry) => entry.role === role).code;
      return { room, host: codeOf('host'), guest: codeOf('guest') };
    },

    // Cameras in a sixteenth of the default's size, where a test does not look at it: a small machine that encodes and
    // decodes 720 lines does little else.
    async makePicturesSmall() {
      for (const role of ['host', 'guest']) {
        const path = `/v2/templates/${keys.template_id}/roles/${role}`;
        const { body: whole } = await call('GET', path);
        Object.assign(whole.publishParams.video, { width: 320, height: 180, bitRate: 256 });
        const { status, body } = await call('POST', path, whole);
        if (status !== 200) throw new Error(JSON.stringify(body));
      }
    },

    // `whileDown` may change what lies in the folder.
    async restart(signal = 'SIGTERM', whileDown = async () => {}) {
      running.child.kill(signal);
      const ended = await running.exit;
      if (signal === 'SIGTERM' && ended.code !== 0) {
        throw new Error(`server ended with ${JSON.stringify(ended)}\n${running.log()}`);
      }
      await whileDown();
      running = await start(folder, host, port, mediaPort, options);
    },

    // Ends it at once; its folder stays.
    async kill() {
      running.child.kill('SIGKILL');
      await running.exit;
    },

    // What a server that is down knows of the calls that it held.
    forgetSessions: () => changeRows(folder, database, 'DELETE FROM live_rooms'),
    damageSessions: () => changeRows(folder, database, 'UPDATE live_rooms SET document = substr(document, 2)'),

    // As servers wrote it that kept no hashes of tokens.
    forgetTokens: () => changeRows(folder, database,
      `UPDATE live_parts SET document = replace(document, '"token":', '"unknown":')`),

    // Rooms as if they had been made so many days earlier, for a server that is down.
    ageRooms: (days) => changeRows(folder, database, `UPDATE rooms SET created_at = created_at - ${days * 86400000}`),

    // Ends the server; the test fails when it did not end cleanly.
    async stop() {
      running.child.kill('SIGTERM');
      const { code, signal } = await running.exit;
      rmSync(folder, { recursive: true, force: true });
      database?.drop();
      if (code !== 0) {
        throw new Error(`server ended with code ${code} signal ${signal}\n${running.log()}`);
      }
    },
  };
}
