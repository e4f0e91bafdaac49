// The Debian package: what is in it, what Debian's own checkers say of it and of its unit, and that the same sources give
// the same file. At full length, as root: it is installed in a bare Debian 12, serves a call there, is upgraded while
// somebody is in, removed and purged.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, nightly, top, until } from '../browser/lib/server.mjs';
import { Peer } from './peer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'parlor-package-'));
const unpacked = join(folder, 'unpacked');
const read = (path) => readFileSync(join(unpacked, path), 'utf8');
const run = (command, ...words) => execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const [servers, peers] = [[], []]; // of the bare Debian
let deb;

function build(name, ...options) {
  const output = join(folder, name);
  run(join(top, 'dist/debian/build.sh'), '--output', output, ...options);
  return join(output, readdirSync(output).find((file) => file.endsWith('.deb')));
}

before(() => {
  deb = build('first');
  run('dpkg-deb', '--raw-extract', deb, unpacked);
});
after(async () => {
  await Promise.all(peers.map((peer) => peer.end()));
  for (const { child } of servers) child.kill('SIGKILL'); // what runs below it goes with it
  rmSync(folder, { recursive: true, force: true });
});

test('its version is the program\'s, and it needs what the program is linked with', () => {
  const version = run(join(top, 'build/parlor'), '--version').trim().split(' ')[1];
  assert.equal(run('dpkg-deb', '--field', deb, 'Version').trim(), version);
  const depends = run('dpkg-deb', '--field', deb, 'Depends');
  for (const name of ['adduser', 'libc6', 'libssl3', 'libwebsockets17', 'libusrsctp2', 'libpq5']) assert.match(depends, new RegExp(`\\b${name}\\b`));
});

test('all of it is there, and nothing that others may change', () => {
  for (const file of ['usr/bin/parlor', 'lib/systemd/system/parlor.service', 'etc/parlor/parlor.conf', 'usr/share/man/man1/parlor.1.gz',
    'usr/share/bash-completion/completions/parlor', 'usr/share/doc/parlor/copyright', 'usr/share/doc/parlor/changelog.gz',
    'usr/share/doc/parlor/operating.md.gz']) assert.ok(existsSync(join(unpacked, file)), file);
  assert.equal(read('DEBIAN/conffiles'), '/etc/parlor/parlor.conf\n');
  for (const line of run('dpkg-deb', '--contents', deb).trim().split('\n')) assert.match(line, /^[-dl]r[w-][x-]r-[x-]r-[x-] root\/root /, line);
});

test('the settings of the file are all there are, and its defaults are the program\'s', () => {
  const settings = Object.fromEntries(read('etc/parlor/parlor.conf').split('\n')
    .map((line) => /^#([a-z-]+) =(.*)$/.exec(line)).filter(Boolean).map(([, name, value]) => [name, value.trim()]));
  const defaults = run(join(top, 'build/parlor'), 'serve', '--print-config').trim().split('\n')
    .map((line) => /^(\S+) =(.*)$/.exec(line)).map(([, name, value]) => [name, value.trim()])
    .filter(([name]) => !['data', 'user', 'allow-root'].includes(name));
  assert.deepEqual(settings, Object.fromEntries(defaults));
  run(join(top, 'build/parlor'), 'serve', '--print-config', '--config', join(unpacked, 'etc/parlor/parlor.conf'));
});

test('every package of npm that the program may hold stands in the copyright file with its licence', () => {
  const copyright = read('usr/share/doc/parlor/copyright');
  const lock = JSON.parse(readFileSync(join(top, 'web/package-lock.json')));
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path || entry.dev || !existsSync(join(top, 'web', path))) continue;
    assert.ok(copyright.includes(`${path.split('node_modules/').at(-1)} ${entry.version} (`), path);
  }
  assert.match(copyright, /libssl\.so\.3/);
});

test('lintian finds no error', () => {
  const { status, stdout, stderr } = spawnSync('lintian', ['--fail-on', 'error', '--no-cfg', '--allow-root', deb], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('systemd takes the unit as it is, and calls it exposed by 2.0 at most', () => {
  // The program and the user are looked for below that root.
  const root = join(folder, 'units');
  for (const path of ['lib/systemd', 'usr/bin', 'bin']) mkdirSync(join(root, path), { recursive: true });
  run('cp', '-a', join(unpacked, 'lib/systemd/system'), join(root, 'lib/systemd/'));
  copyFileSync(join(unpacked, 'usr/bin/parlor'), join(root, 'usr/bin/parlor'));
  copyFileSync('/bin/kill', join(root, 'bin/kill'));
  run('cp', '-a', '-n', '/lib/systemd/system/.', join(root, 'lib/systemd/system/'));
  const verified = spawnSync('systemd-analyze', ['verify', `--root=${root}`, '--man=no', '--recursive-errors=no', 'parlor.service'], { encoding: 'utf8' });
  assert.equal(verified.status, 0, verified.stderr);
  const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', `--root=${root}`, '--no-pager', 'parlor.service'],
    { encoding: 'utf8' });
  assert.equal(security.status, 0, security.stdout.slice(-2000) + security.stderr);
  console.log(`# figure ${/exposure level[^:]*: (\S+)/.exec(security.stdout)[0]}`);
});

test('the same sources give the same file', () => {
  const hash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  assert.equal(hash(build('second')), hash(deb));
});

// No container engine is needed for what matters: who it runs as, what it keeps, and whether its shell is sound.
test('the container is nobody\'s root, says how it is, and names its volume and ports', () => {
  const text = readFileSync(join(top, 'dist/Containerfile'), 'utf8').replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', '');
  const lines = text.split('\n').filter(Boolean).map((line) => /^([A-Z]+) +(.*)$/.exec(line));
  assert.ok(lines.every(Boolean), 'each line is an instruction');
  const of = (name) => lines.filter(([, word]) => word === name).map(([, , rest]) => rest);
  const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'];
  for (const [, word] of lines) assert.ok(known.includes(word), word);
  for (const image of of('FROM')) assert.match(image, /^debian:bookworm-slim( AS [a-z]+)?$/);
  assert.deepEqual(of('USER'), ['990:990']);
  assert.deepEqual(of('VOLUME'), ['/var/lib/parlor']);
  assert.match(of('EXPOSE').join(' '), /8080\/tcp.*7000-\d+\/udp/);
  for (const words of [...of('ENTRYPOINT'), ...of('CMD')]) assert.ok(Array.isArray(JSON.parse(words)));
  for (const script of of('RUN')) execFileSync('shellcheck', ['--shell=sh', '-'], { input: `${script}\n`, encoding: 'utf8' });
  const check = JSON.parse(/CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0])[1]);
  execFileSync(check[0], ['-n', '-c', check[2]]);
});

// --- In a bare Debian 12 ---

const whyNot = !nightly ? 'at full length only' : process.getuid() !== 0 ? 'a bare root needs root'
  : spawnSync('debootstrap', ['--version']).error ? 'debootstrap is not installed'
    : spawnSync('unshare', ['--mount', 'true']).status !== 0 ? 'no namespace of mounts may be made here' : false;

test('in a bare Debian 12 it is installed, serves a call, is upgraded with the call, removed and purged', { skip: whyNot, timeout: 900000 }, async () => {
  const root = join(folder, 'bare');
  run(join(top, 'tests/bare_root.sh'), root);
  chmodSync(folder, 0o755);
  const commandOf = (user, words) => ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc',
    'mount --make-rprivate /; mount -t proc proc "$1/proc"; root=$1; user=$2; shift 2; exec chroot --userspec="$user" "$root" "$@"',
    'sh', root, user, ...words];
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', PARLOR_CONFIG: '/etc/parlor/parlor.conf' };
  const inside = (user, ...words) => execFileSync('unshare', commandOf(user, words), { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  const install = (file) => {
    copyFileSync(file, join(root, 'parlor.deb'));
    return inside('root', 'apt-get', 'install', '-q', '-y', '--no-install-recommends', '/parlor.deb');
  };
  const at = (path) => join(root, path);

  inside('root', 'apt-get', 'update', '-q');
  install(deb);
  const uid = Number(inside('root', 'id', '-u', 'parlor'));
  assert.deepEqual([statSync(at('var/lib/parlor')).uid, statSync(at('var/lib/parlor')).mode & 0o777], [uid, 0o700]);
  assert.equal(statSync(at('etc/parlor/parlor.conf')).mode & 0o777, 0o640);
  assert.ok(lstatSync(at('etc/systemd/system/multi-user.target.wants/parlor.service')), 'the service is enabled');

  // What systemd would do with the unit: its command, as its user. Only the ports are the administrator's own.
  const port = await freePort();
  appendFileSync(at('etc/parlor/parlor.conf'), `listen = 127.0.0.1:${port}\nmedia-port = ${await freePort()}\nworkers = 1\nmetrics-listen = off\n`);
  const words = /^ExecStart=(.*)$/m.exec(readFileSync(at('lib/systemd/system/parlor.service'), 'utf8'))[1].split(' ');
  const server = { origin: `http://127.0.0.1:${port}` };
  let log = '';
  const serve = async () => {
    const child = spawn('unshare', commandOf('parlor:parlor', words), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
    const exit = new Promise((resolve) => child.once('exit', resolve));
    servers.push({ child, exit });
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the server ended\n${log}`);
      return fetch(`${server.origin}/ready`).then((answer) => answer.ok, () => false);
    }, 'the server to be ready');
    assert.match(readFileSync(`/proc/${readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()}/status`, 'utf8'),
      new RegExp(`^Uid:\\s+${uid}\\s`, 'm'));
    return { stop: () => { process.kill(Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')), 'SIGTERM'); return exit; } };
  };
  let running = await serve();
  const token = inside('parlor:parlor', 'parlor', 'token', 'management', '--data', '/var/lib/parlor').trim();
  const call = async (method, path, body) => (await fetch(server.origin + path, { method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })).json();
  const room = await call('POST', '/v2/rooms', { name: 'packaged' });
  const codes = (await call('POST', `/v2/room-codes/room/${room.id}`)).data;
  const codeOf = (role) => codes.find((entry) => entry.role === role).code;
  const converse = async () => {
    const people = [await Peer.join(server, codeOf('host'), { name: 'ann' }), await Peer.join(server, codeOf('guest'), { name: 'bob' })];
    peers.push(...people);
    const [ann, bob] = people;
    const [sound, picture] = [await ann.send('audio'), await ann.send('video')];
    const [heard, seen] = [await bob.sink(sound.id), await bob.sink(picture.id)];
    await bob.prefer(picture.id, 'high');
    await until(() => heard.packets.size > 50 && seen.packets.size > 50, 'sound and pictures');
    const { session } = await call('GET', `/v2/active-rooms/${room.id}`);
    return { people, session: session.id };
  };
  const first = await converse();

  // An upgrade: the new program is put in place while the old one serves, then it is started again.
  install(build('newer', '--version', `${run('dpkg-deb', '--field', deb, 'Version').trim()}+1`));
  assert.match(inside('root', 'dpkg-query', '-W', '-f', '${Version}', 'parlor'), /\+1$/);
  assert.match(readFileSync(at('etc/parlor/parlor.conf'), 'utf8'), new RegExp(`^listen = 127.0.0.1:${port}$`, 'm'), 'settings stay');
  assert.equal(statSync(at('etc/parlor/parlor.conf')).mode & 0o777, 0o640);
  assert.equal(await running.stop(), 0, log);
  running = await serve();
  const second = await converse();
  assert.equal(second.session, first.session, 'the meeting goes on');
  await Promise.all(peers.splice(0).map((peer) => peer.end()));
  assert.equal(await running.stop(), 0, log);

  inside('root', 'apt-get', 'remove', '-q', '-y', 'parlor');
  assert.ok(!existsSync(at('usr/bin/parlor')) && existsSync(at('etc/parlor/parlor.conf')) && existsSync(at('var/lib/parlor/keys.json')),
    'settings, data and keys stay');
  inside('root', 'apt-get', 'purge', '-q', '-y', 'parlor');
  assert.equal(inside('root', 'find', '/etc', '/usr', '/lib/systemd/', '/var/lib', '-xdev', '-iname', '*parlor*').trim(), '', 'nothing is left');
});
