// What `meson install` puts in place is whole: a stranger compiles the example against it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, top } from '../browser/lib/server.mjs';

const root = mkdtempSync(join(tmpdir(), 'parlor-install-'));
const prefix = join(root, 'usr/local');
let server, pkgConfig, libraries;

const run = (command, ...words) => execFileSync(command, words, { encoding: 'utf8',
  env: { ...process.env, PKG_CONFIG_PATH: pkgConfig, PKG_CONFIG_SYSROOT_DIR: root } }).trim();

before(async () => {
  execFileSync('meson', ['install', '-C', join(top, 'build'), '--no-rebuild', '--quiet', '--destdir', root]);
  pkgConfig = execFileSync('find', [root, '-name', 'pkgconfig'], { encoding: 'utf8' }).trim();
  libraries = join(pkgConfig, '..');
  server = await startServer();
});
after(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

test('all of it is there', () => {
  for (const file of ['bin/parlor', 'include/parlor.h', 'share/man/man1/parlor.1', 'share/bash-completion/completions/parlor',
    'lib/systemd/system/parlor.service']) assert.ok(existsSync(join(prefix, file)), file);
  for (const file of ['libparlor.so', 'libparlor.so.0', 'libparlor.a', 'pkgconfig/parlor.pc']) {
    assert.ok(existsSync(join(libraries, file)), file);
  }
  assert.match(execFileSync(join(prefix, 'bin/parlor'), ['--version'], { encoding: 'utf8' }), /^parlor \d/);
  assert.match(readFileSync(join(prefix, 'lib/systemd/system/parlor.service'), 'utf8'), /ExecStart=\S*\/parlor serve/);
});

// With the shared library and with the static one.
for (const kind of ['shared', 'static']) {
  test(`the example compiles against the ${kind} library, and works`, () => {
    const program = join(root, `example-${kind}`);
    const flags = run('pkg-config', '--cflags', 'parlor').split(' ');
    const libs = kind === 'shared' ? run('pkg-config', '--libs', 'parlor').split(' ')
      : [join(libraries, 'libparlor.a'), '-lcurl', '-ljansson', '-lcrypto'];
    run('cc', '-std=c17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-o', program, join(top, 'client/example.c'), ...flags, ...libs);
    const { status, stdout, stderr } = spawnSync(program, { encoding: 'utf8', env: { LD_LIBRARY_PATH: libraries,
      PARLOR_URL: server.origin, PARLOR_ACCESS_KEY: server.keys.access_key, PARLOR_APP_SECRET: server.keys.app_secret } });
    assert.equal(status, 0, stderr);
    assert.match(JSON.parse(stdout).Host_Code, /^[a-z]{3}-[a-z]{4}-[a-z]{3}$/);
  });
}

test('the header compiles as C++, and as plain C99', () => {
  const source = join(root, 'header.c');
  writeFileSync(source, '#include <parlor.h>\nint main(void) { return 0; }\n');
  const flags = ['-Wall', '-Wextra', '-Werror', '-fsyntax-only', ...run('pkg-config', '--cflags', 'parlor').split(' ')];
  run('cc', '-std=c99', '-pedantic-errors', ...flags, source);
  if (spawnSync('c++', ['--version']).status === 0) run('c++', '-std=c++11', ...flags, '-x', 'c++', source);
});

// What the shell offers behind these words.
function offers(...words) {
  const script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _parlor; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', join(prefix, 'share/bash-completion/completions/parlor'), ...words],
    { encoding: 'utf8', env: { ...process.env, PATH: `${join(prefix, 'bin')}:${process.env.PATH}` } });
  return stdout.split('\n').filter(Boolean);
}

test('the shell completes every command and verb, and the manual names them', () => {
  const manual = readFileSync(join(prefix, 'share/man/man1/parlor.1'), 'utf8').replaceAll('\\-', '-');
  const usage = execFileSync(join(prefix, 'bin/parlor'), ['--help'], { encoding: 'utf8' });
  const commands = [...usage.matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  assert.ok(commands.length >= 5);
  for (const command of commands) {
    assert.ok(offers('parlor', '').includes(command), `completion of ${command}`);
    assert.match(manual, new RegExp(`\\b${command}\\b`), `manual of ${command}`);
    const help = execFileSync(join(prefix, 'bin/parlor'), [command, '--help'], { encoding: 'utf8' });
    for (const [, verb] of help.matchAll(new RegExp(`^Usage: parlor ${command} ([a-z]+)`, 'gm'))) {
      assert.ok(offers('parlor', command, '').includes(verb), `completion of ${command} ${verb}`);
      assert.match(manual, new RegExp(`${command} ${verb}\\b`), `manual of ${command} ${verb}`);
    }
  }
  assert.ok(offers('parlor', 'serve', '--media').includes('--media-port'));
  assert.ok(offers('parlor', 'room', 'end', '--l').includes('--lock'));
  assert.ok(offers('parlor', 'token', 'management', '--c').includes('--curl'));
});
