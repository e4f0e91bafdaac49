// What an answer that is no success means to the reader.

import { Refusal } from './api';
import { t } from './text';

export function refusalText(error: unknown): string {
  if (!(error instanceof Refusal)) return t('error.server', { message: String(error) });
  if (error.status === 0) return t('error.offline');
  if (error.status === 401) return t('error.out');
  if (error.status === 429) return t('error.wait', { seconds: Math.max(1, error.waitSeconds) });
  if (error.status === 403) return t('error.forbidden');
  return t('error.server', { message: error.details || String(error.status) });
}

// The same of signing in, with a link or without.
export function signInText(error: unknown, byLink: boolean): string {
  const status = error instanceof Refusal ? error.status : -1;
  if (byLink && status === 410) return t('error.link.gone');
  if (byLink && status === 409) return t('error.link.owner');
  if (byLink && status === 401) return t('error.link.wrong');
  if (status === 401) return t('error.wrong');
  return refusalText(error);
}
