// The frame of every screen outside a meeting: brand, content, nothing else.

import type { ReactNode } from 'react';

import { navigate } from '../router';
import { t } from '../text';

interface PageProps {
  children: ReactNode;
  busy?: boolean;
  foot?: boolean;
}

export function Page({ children, busy = false, foot = false }: PageProps) {
  return (
    <div className="page">
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <header className="page-head">
        <a
          className="brand"
          href="/"
          aria-label={t('app.home')}
          onClick={(event) => {
            event.preventDefault();
            navigate('/');
          }}
        >
          <Mark />
          <span>{t('app.name')}</span>
        </a>
      </header>
      <main className="page-main" id="content" aria-busy={busy} tabIndex={-1}>
        {busy ? <div className="spinner" /> : children}
      </main>
      {foot && <footer className="page-foot">{t('landing.foot')}</footer>}
    </div>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <path
        d="M10 25V8.5h7.2a5.6 5.6 0 0 1 0 11.2H14"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="3.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
