// The calls that the page itself makes to its server. Everything else is the SDK's.

import { createProblem, loginProblem, problem, type Problem } from './problem';

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export interface Meeting {
  room: string;
  hostCode: string;
  guestCode: string;
}

const TIMEOUT_MS = 15_000; // the server gives itself 10 s for any answer

// Creates a room with its codes. When the server wants to know who asks, `key` is its meetings key
// or a management token, which is told by its three parts.
export async function createMeeting(key: string): Promise<Result<Meeting>> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (key.split('.').length === 3) headers['Authorization'] = `Bearer ${key}`;
  else if (key !== '') headers['Parlor-Key'] = key;

  const answer = await post('/api/meetings', headers, '{}');
  if (!answer) return unreachable();
  const body = await readJson(answer);
  if (!answer.ok)
    return failed(createProblem(answer.status, textField(body, 'message')), answer);

  const meeting = {
    room: textField(body, 'Room_Id'),
    hostCode: textField(body, 'Host_Code'),
    guestCode: textField(body, 'Guest_Code'),
  };
  if (meeting.room === '' || meeting.hostCode === '') return notOurServer(answer);
  return { ok: true, value: meeting };
}

// Exchanges a room code for the token with which the SDK joins.
export async function loginWithCode(code: string, userId: string): Promise<Result<string>> {
  const body = JSON.stringify({ code, user_id: userId });
  const answer = await post('/v2/token', { 'Content-Type': 'application/json' }, body);
  if (!answer) return unreachable();
  const reply = await readJson(answer);
  if (!answer.ok)
    return failed(loginProblem(answer.status, textField(reply, 'message')), answer);

  const token = textField(reply, 'token');
  return token === '' ? notOurServer(answer) : { ok: true, value: token };
}

// The code of the link that the bearer of `token` may hand out. The first of the list is for those
// who may do least; null when there is none, or no answer.
export async function invitationCode(token: string): Promise<string | null> {
  const answer = await send('/api/invites', { headers: { Authorization: `Bearer ${token}` } });
  if (!answer?.ok) return null;
  const body = await readJson(answer);
  const codes: unknown =
    typeof body === 'object' && body !== null && 'codes' in body ? body.codes : null;
  const code = Array.isArray(codes) ? textField(codes[0], 'code') : '';
  return code === '' ? null : code;
}

function post(path: string, headers: Record<string, string>, body: string) {
  return send(path, { method: 'POST', headers, body });
}

// Null when no answer came at all.
async function send(path: string, request: RequestInit): Promise<Response | null> {
  try {
    return await fetch(path, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    return null;
  }
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}

export function textField(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = Object.getOwnPropertyDescriptor(body, name)?.value;
  return typeof value === 'string' ? value : '';
}

function failed(trouble: Problem, answer: Response): Result<never> {
  const seconds = Number(answer.headers.get('Retry-After'));
  if (Number.isFinite(seconds) && seconds > 0) trouble.waitSeconds = Math.ceil(seconds);
  return { ok: false, problem: trouble };
}

function unreachable(): Result<never> {
  return { ok: false, problem: problem('unreachable', '2003') };
}

// A 200 without the promised fields: a proxy or another program answers in the server's place.
function notOurServer(answer: Response): Result<never> {
  return { ok: false, problem: problem('server-trouble', String(answer.status)) };
}
