// FFmpeg's own WHIP client. Debian 12 has an FFmpeg without it, so its libraries come with PyAV, into a folder of the
// cache.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('ffmpeg', import.meta.url));

// Where the packages lie; installed when they are not there.
export function installFfmpeg() {
  const wanted = join(here, 'requirements.txt');
  const python = execFileSync('python3', ['--version']);
  const hash = createHash('sha256').update(readFileSync(wanted)).update(python).digest('hex').slice(0, 12);
  const packages = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parlor-tests', `pyav-${hash}`);
  if (!existsSync(packages)) {
    const making = `${packages}.${process.pid}`; // another run may be at it
    mkdirSync(making, { recursive: true });
    const venv = mkdtempSync(join(tmpdir(), 'parlor-venv-'));
    execFileSync('python3', ['-m', 'venv', venv]);
    execFileSync(join(venv, 'bin/pip'),
      ['install', '--quiet', '--disable-pip-version-check', '--target', making, '-r', wanted], { stdio: 'pipe' });
    rmSync(venv, { recursive: true });
    try { renameSync(making, packages); } catch { rmSync(making, { recursive: true }); }
  }
  return packages;
}

// Publishes H.264 of a profile, and Opus, for some seconds of real time; `options` are the muxer's.
export async function publishByFfmpeg(url, token, seconds, profile, ...options) {
  const { stdout } = await promisify(execFile)('python3', [join(here, 'publish.py'), url, token, `${seconds}`, profile, ...options],
    { env: { ...process.env, PYTHONPATH: installFfmpeg() }, timeout: 60000 });
  return JSON.parse(stdout);
}
