// What stands around every screen: where one can go, who one is, and the way out.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';

import { navigate, usePath } from '../router';
import { FormError } from '../ui/dialog';
import { call, type Session } from './api';
import { Audit } from './audit';
import { refusalText } from './refusal';
import { Preferences } from './preferences';
import { Rooms } from './rooms';
import { t } from './text';
import styles from './admin.module.css';

const SCREENS = ['rooms', 'audit'] as const;
type ScreenName = (typeof SCREENS)[number];

export function Frame({ session }: { session: Session }) {
  const path = usePath();
  const isFirst = path.replace(/\/$/, '') === '/admin';
  const shown = isFirst ? 'rooms' : SCREENS.find((name) => path === `/admin/${name}`);
  const name = shown ? t(`nav.${shown}`) : t('missing');
  const content = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    document.title = `${name} · ${t('title')}`;
  }, [name]);
  useEffect(() => {
    if (before.current !== path) content.current?.focus(); // else it stays where the old screen was
    before.current = path;
  }, [path]);
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => call('DELETE', 'session', session.csrf),
    onSuccess: () => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      void client.resetQueries({ queryKey: ['session'] });
    },
  });
  const { name: account, role } = session.account;
  return (
    <div className={styles.frame}>
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <header className={styles.head}>
        <strong>{t('title')}</strong>
        <p className={styles.account}>
          <bdi>{account}</bdi> · {t(`role.${role}`)}
        </p>
        <Preferences />
        <button
          type="button"
          className="button"
          data-testid="admin-sign-out"
          disabled={signOut.isPending}
          onClick={() => signOut.mutate()}
        >
          {t('enter.out')}
        </button>
        {signOut.error && <FormError text={refusalText(signOut.error)} />}
      </header>
      <nav className={styles.nav} aria-label={t('nav')}>
        <ul>
          {SCREENS.map((one) => (
            <li key={one}>
              <a
                href={`/admin/${one}`}
                aria-current={one === shown ? 'page' : undefined}
                data-testid={`nav-${one}`}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  navigate(`/admin/${one}`);
                }}
              >
                {t(`nav.${one}`)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main className={styles.main} id="content" tabIndex={-1} ref={content}>
        {shown ? screen(shown, session) : <h1>{name}</h1>}
      </main>
    </div>
  );
}

function screen(name: ScreenName, session: Session): ReactNode {
  return name === 'audit' ? <Audit key={name} /> : <Rooms key={name} session={session} />;
}
