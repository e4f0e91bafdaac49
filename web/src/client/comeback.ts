// Coming back by a fresh page. Where the SDK's own state is broken, as when the retries for a lost
// server overlap, it ends the visit although the meeting goes on. Then this page starts afresh and
// joins again under the same name, with what was switched on; a few times at most.

import type { Problem } from './problem';
import { textField } from './api';

const KEY = 'parlor.comeback';
const FRESH_MS = 60_000; // later nobody expects to be brought into a meeting unasked
const TRIES_MAX = 3;
const TRIES_MS = 5 * 60_000;

export interface Comeback {
  code: string;
  name: string;
  audio: boolean;
  video: boolean;
  at: number; // when this page gave up, in ms since the epoch
  tries: number; // how often within TRIES_MS, this time included
  since: number; // the first of these
}

// The SDK's errors of its connections, of which none says anything about the meeting: it could not
// make or take a description (4001 to 4004), or ICE failed for good (4005, 4006).
export function isBroken(problem: Problem): boolean {
  return /^400[1-6]$/.test(problem.code);
}

// What to remember for the next page; null when that was tried often enough.
export function nextComeback(
  visit: Pick<Comeback, 'code' | 'name' | 'audio' | 'video'>,
  before: Comeback | null,
  now: number,
): Comeback | null {
  const counts = before !== null && now - before.since < TRIES_MS;
  const tries = counts ? before.tries + 1 : 1;
  if (tries > TRIES_MAX) return null;
  return { ...visit, at: now, tries, since: counts ? before.since : now };
}

// Whether a page that begins now is to join by itself.
export function isDue(comeback: Comeback | null, code: string, now: number): boolean {
  return comeback !== null && comeback.code === code && now - comeback.at < FRESH_MS;
}

export function readComeback(text: string | null): Comeback | null {
  let body: unknown;
  try {
    body = JSON.parse(text ?? '');
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  const { audio, video, at, tries, since } = body as Partial<Comeback>;
  if (typeof at !== 'number' || typeof tries !== 'number' || typeof since !== 'number')
    return null;
  return {
    code: textField(body, 'code'),
    name: textField(body, 'name'),
    audio: audio === true,
    video: video === true,
    at,
    tries,
    since,
  };
}

// --- In this tab ---

export function rememberedComeback(): Comeback | null {
  try {
    return readComeback(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

// Returns false where nothing can be remembered: then the next page could not join by itself.
export function rememberComeback(comeback: Comeback): boolean {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(comeback));
    return true;
  } catch {
    return false;
  }
}
