// What the dashboard calls: /v2/admin of docs/openapi.yaml, whose shapes these are.

export type Role = 'viewer' | 'developer' | 'admin' | 'owner';

export interface Session {
  account: { id: string; name: string; role: Role };
  csrf: string;
}

export interface Listed<T> {
  limit: number;
  data: T[];
  last: string; // `start` of the page behind this one
}

export interface Room {
  id: string;
  name: string;
  enabled: boolean;
  template: string;
  created_at: string;
}

export interface RoomCode {
  code: string;
  role: string;
  enabled: boolean;
}

export interface Template {
  id: string;
  name: string;
}

export interface Account {
  id: string;
  name: string;
  role: Role;
  signed_in_at: string | null;
}

export interface AuditRow {
  id: string;
  at: string;
  account: string;
  method: string;
  path: string;
  target: string;
  from: string;
  status: number;
}

const TIMEOUT_MS = 15_000; // the server gives itself 10 s for any answer

// An answer that is none of 200, or none at all: status 0.
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly details: string,
    readonly waitSeconds: number,
  ) {
    super(details);
  }
}

// `csrf` is the session's; signing in has none yet.
export async function call<T>(
  method: string,
  path: string,
  csrf = '',
  body?: unknown,
): Promise<T> {
  const headers: Record<string, string> = csrf === '' ? {} : { 'Parlor-CSRF': csrf };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(`/v2/admin/${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Refusal(0, '', 0);
  }
  const reply: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const wait = Number(answer.headers.get('Retry-After'));
    throw new Refusal(answer.status, detailsOf(reply), Number.isFinite(wait) ? wait : 0);
  }
  return reply as T;
}

export function detailsOf(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null) return '';
  if ('details' in reply && Array.isArray(reply.details) && reply.details.length > 0)
    return reply.details.join('; ');
  return 'message' in reply && typeof reply.message === 'string' ? reply.message : '';
}

export function query(fields: Record<string, string>): string {
  const sent = Object.entries(fields).filter(([, value]) => value !== '');
  return sent.length === 0 ? '' : `?${new URLSearchParams(sent).toString()}`;
}
