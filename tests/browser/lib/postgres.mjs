// PostgreSQL for tests: databases on the one that PARLOR_TEST_POSTGRES names, or a whole one that
// can be stopped and crashed (tests/postgres.py).
import { spawn, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = join(dirname(fileURLToPath(import.meta.url)), '../../postgres.py');

// Runs SQL from outside of the program; the rows, as lines.
export function sql(url, text) {
  return execFileSync('psql', ['--no-psqlrc', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', text],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

// A new, empty database on a server: a schema of its own, by its URL.
export function newDatabase(server) {
  const name = `test_${randomBytes(6).toString('hex')}`;
  sql(server, `CREATE SCHEMA ${name}`);
  return {
    url: `${server}?options=-csearch_path%3D${name}`,
    drop: () => sql(server, `DROP SCHEMA ${name} CASCADE`),
  };
}

export async function startPostgres() {
  const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const line = async () => (await lines.next()).value;
  const url = await line();
  const order = async (word) => {
    child.stdin.write(`${word}\n`);
    if (await line() !== 'ok') throw new Error(`PostgreSQL does not ${word}`);
  };
  return {
    url,
    stop: () => order('stop'),
    crash: () => order('crash'),
    start: () => order('start'),
    freeze: () => order('freeze'),
    thaw: () => order('thaw'),
    end: () => { child.stdin.end(); return exit; },
  };
}
