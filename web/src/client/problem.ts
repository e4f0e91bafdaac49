// Everything that can go wrong, as the person sees it: one cause, its text, one action.
//
// The numbers come from three places: HTTP answers of our server, errors of the SDK, and errors
// which the server passes through the SDK unchanged.

export type Cause =
  | 'wrong-code'
  | 'turned-off'
  | 'code-off'
  | 'too-many-tries'
  | 'full'
  | 'expired'
  | 'ended'
  | 'removed'
  | 'refused'
  | 'replaced'
  | 'unreachable'
  | 'lost'
  | 'ice-failed'
  | 'not-secure'
  | 'old-browser'
  | 'missing-page'
  | 'device-denied'
  | 'device-denied-by-system'
  | 'device-busy'
  | 'device-missing'
  | 'device-silent'
  | 'key-needed'
  | 'creating-off'
  | 'server-trouble'
  | 'unknown';

export type Action = 'edit-code' | 'try-again' | 'get-in-again' | 'use-here' | 'home' | 'none';

export interface Problem {
  cause: Cause;
  code: string; // for the details line and for tests: an HTTP status, an SDK code, or the cause
  detail: string; // the server's or SDK's own words; may be empty
  waitSeconds?: number; // how long the server asked us to wait
}

const ACTIONS: Record<Cause, Action> = {
  'wrong-code': 'edit-code',
  'turned-off': 'try-again',
  'code-off': 'try-again',
  'too-many-tries': 'try-again',
  full: 'try-again',
  expired: 'get-in-again',
  ended: 'home',
  removed: 'home',
  refused: 'home',
  replaced: 'use-here',
  unreachable: 'try-again',
  lost: 'try-again',
  'ice-failed': 'try-again',
  'not-secure': 'none',
  'old-browser': 'none',
  'missing-page': 'home',
  'device-denied': 'none',
  'device-denied-by-system': 'none',
  'device-busy': 'none',
  'device-missing': 'none',
  'device-silent': 'none',
  'key-needed': 'none',
  'creating-off': 'none',
  'server-trouble': 'try-again',
  unknown: 'try-again',
};

export function actionFor(cause: Cause): Action {
  return ACTIONS[cause];
}

export function problem(cause: Cause, code: string = cause, detail = ''): Problem {
  return { cause, code, detail };
}

// What an HTTP status means when a code is exchanged for a token.
export function loginProblem(status: number, detail: string): Problem {
  return problem(loginCause(status, detail), String(status), detail);
}

function loginCause(status: number, detail: string): Cause {
  if (status === 404 || status === 400) return 'wrong-code';
  if (status === 403) return isOfCode(detail) ? 'code-off' : 'turned-off';
  if (status === 429) return 'too-many-tries';
  return status >= 500 ? 'server-trouble' : 'unknown';
}

// The meeting may go on, for those with another link.
function isOfCode(said: string): boolean {
  return /code is disabled/i.test(said);
}

// What an HTTP status means when a meeting is created. 401: a key would help, 403: so would
// another key, unless the server says that it lets nobody create meetings.
export function createProblem(status: number, detail: string): Problem {
  return problem(createCause(status, detail), String(status), detail);
}

function createCause(status: number, detail: string): Cause {
  if (status === 403 && /switched off|pages of this server|that name/i.test(detail))
    return 'creating-off';
  if (status === 401 || status === 403) return 'key-needed';
  if (status === 404 || status === 405) return 'creating-off';
  if (status === 429) return 'too-many-tries';
  return status >= 500 ? 'server-trouble' : 'unknown';
}

// An error of the SDK, reduced to what the table needs.
export interface SdkError {
  code: number;
  message: string;
  description?: string;
}

const SDK_CAUSES: Readonly<Record<number, Cause>> = {
  400: 'unknown',
  401: 'expired',
  403: 'turned-off',
  404: 'ended',
  409: 'replaced',
  410: 'ended',
  429: 'too-many-tries',
  1000: 'unreachable',
  1003: 'lost',
  1006: 'lost',
  2002: 'unreachable',
  2003: 'unreachable',
  3001: 'device-denied',
  3002: 'device-missing',
  3003: 'device-busy',
  3004: 'device-missing',
  3011: 'device-denied-by-system',
  3014: 'device-missing',
  3015: 'device-silent',
  4005: 'ice-failed',
  4006: 'ice-failed',
  6010: 'not-secure',
  6011: 'old-browser',
};

// The server has one number, 403, for a closed room and a full one: the words tell them apart.
export function sdkProblem(error: SdkError): Problem {
  const detail = error.description || error.message;
  const said = `${error.message} ${detail}`;
  const refused = error.code >= 400 && error.code < 500;
  if (refused && /\bfull\b|maximum|limit reached/i.test(said)) {
    return problem('full', String(error.code), detail);
  }
  if (refused && isOfCode(said)) {
    return problem('code-off', String(error.code), detail);
  }
  if (refused && /another (place|session|connection|device)|joined elsewhere/i.test(said)) {
    return problem('replaced', String(error.code), detail);
  }
  const cause =
    SDK_CAUSES[error.code] ?? (isServerTrouble(error.code) ? 'server-trouble' : 'unknown');
  return problem(cause, String(error.code), detail);
}

function isServerTrouble(code: number): boolean {
  return code >= 500 && code < 600;
}

// Reads whatever was thrown. The SDK throws its own exceptions, and plain ones by mistake.
export function thrownProblem(thrown: unknown): Problem {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown) {
    const { code, message, description } = thrown as Partial<SdkError>;
    if (typeof code === 'number') {
      return sdkProblem({ code, message: message ?? '', description });
    }
  }
  return problem(
    'unknown',
    'unknown',
    thrown instanceof Error ? thrown.message : String(thrown),
  );
}

// What the SDK tells somebody whom the server sent away.
export interface SentAway {
  roomEnded: boolean;
  reason?: string;
}

// The SDK calls it the end of the room whenever it does not know who sent the person away. That
// is so for everybody in a waiting room, who sees nobody, and where the back end did it: only
// `roomEnded` tells.
export function sentAwayProblem({ roomEnded, reason }: SentAway, waited: boolean): Problem {
  const cause = roomEnded ? 'ended' : waited ? 'refused' : 'removed';
  return problem(cause, cause, reason ?? '');
}
