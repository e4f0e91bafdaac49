// Getting in: by name and password, or with a link that the command line printed.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';

import { FormError } from '../ui/dialog';
import { call, Refusal, type Session } from './api';
import { signInText } from './refusal';
import { t } from './text';
import { Preferences } from './preferences';
import styles from './admin.module.css';

interface SignInProps {
  token: string; // of the link; '': without one
  onSignedIn?: () => void;
}

export function SignIn({ token, onSignedIn }: SignInProps) {
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: (given: { name: string; password: string }) =>
      token === ''
        ? call<Session>('POST', 'session', '', given)
        : call<Session>('POST', 'link', '', { token, ...given }),
    meta: { signsIn: true },
    onSuccess: (session) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      client.setQueryData(['session'], session);
      onSignedIn?.();
    },
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    signIn.mutate({ name: String(given.get('name')), password: String(given.get('password')) });
  }

  const byLink = token !== '';
  const status = signIn.error instanceof Refusal ? signIn.error.status : 0;
  const field = !byLink && status === 401 ? 'password' : byLink && status === 409 ? 'name' : '';
  return (
    <main className={styles.enter}>
      <section className={`card ${styles.card}`}>
        <h1>{byLink ? t('enter.link.title') : t('enter.title')}</h1>
        <p className="muted">{byLink ? t('enter.link.lead') : t('enter.lead')}</p>
        <form onSubmit={submit}>
          <div className="field">
            <label htmlFor="name">{t('enter.name')}</label>
            <input
              id="name"
              name="name"
              autoComplete="username"
              autoCapitalize="none"
              required
              maxLength={64}
              data-testid="admin-name"
            />
          </div>
          <div className="field">
            <label htmlFor="password">{t('enter.password')}</label>
            <input
              id="password"
              name="password"
              type="password"
              autoComplete={byLink ? 'new-password' : 'current-password'}
              required
              minLength={byLink ? 12 : undefined}
              maxLength={256}
              aria-describedby={byLink ? 'password-hint' : undefined}
              data-testid="admin-password"
            />
            {byLink && (
              <p className="hint" id="password-hint">
                {t('enter.password.hint')}
              </p>
            )}
          </div>
          {signIn.error && <FormError text={signInText(signIn.error, byLink)} field={field} />}
          <button
            className="button primary wide"
            disabled={signIn.isPending}
            data-testid="admin-sign-in"
          >
            {byLink ? t('enter.link.go') : t('enter.go')}
          </button>
        </form>
        {!byLink && <p className="hint">{t('enter.none')}</p>}
      </section>
      <Preferences />
    </main>
  );
}
