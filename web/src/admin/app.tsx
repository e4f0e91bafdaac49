// The dashboard: who is signed in decides between the sign-in and the screens.

import { useQuery } from '@tanstack/react-query';

import { call, Refusal, type Session } from './api';
import { Frame } from './frame';
import { refusalText } from './refusal';
import { SignIn } from './sign-in';
import { t, useLanguage } from './text';
import { useLink } from './use-link';
import styles from './admin.module.css';

export function App() {
  useLanguage(); // all texts follow it
  const session = useQuery({
    queryKey: ['session'],
    queryFn: () => call<Session>('GET', 'session'),
    staleTime: 60_000,
  });
  const [token, forgetLink] = useLink();
  // Whoever opens a link wants to use it, signed in or not.
  if (token !== '') return <SignIn key={token} token={token} onSignedIn={forgetLink} />;
  if (session.error instanceof Refusal && session.error.status === 401)
    return <SignIn key="" token="" />;
  if (session.data) return <Frame session={session.data} />;
  return (
    <main className={styles.enter}>
      {session.error ? (
        <div role="alert">
          <p>{refusalText(session.error)}</p>
          <button type="button" className="button" onClick={() => void session.refetch()}>
            {t('again')}
          </button>
        </div>
      ) : (
        <p role="status" data-testid="loading">
          {t('loading')}
        </p>
      )}
    </main>
  );
}
