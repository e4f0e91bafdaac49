// Packages that no test needs on every run: each set is installed from its own lock in a folder of the cache, never in
// the tree.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'parlor-tests');

// The node_modules of what the lock in `folder` names; installed when it is not there. `name` is for people who look
// into the cache.
export function installed(name, folder) {
  const hash = createHash('sha256').update(readFileSync(path.join(folder, 'package-lock.json'))).digest('hex');
  const target = path.join(cache, `${name}-${hash.slice(0, 12)}`);
  if (!existsSync(target)) {
    const making = `${target}.${process.pid}`; // another run may be at it
    mkdirSync(making, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(folder, file), path.join(making, file));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: making, stdio: 'pipe' });
    try { renameSync(making, target); } catch { rmSync(making, { recursive: true }); }
  }
  return path.join(target, 'node_modules');
}
