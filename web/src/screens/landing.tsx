// The start page: create a meeting, or join one.

import { useState, type FormEvent } from 'react';

import { createMeeting } from '../client/api';
import { meetingPath, parseCode } from '../client/code';
import type { Problem } from '../client/problem';
import { linksPath } from '../client/route';
import { rememberMeeting } from '../client/storage';
import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { navigate } from '../router';
import { t } from '../text';

const POINTS = ['landing.point.call', 'landing.point.account'] as const;

export function Landing() {
  return (
    <Page foot>
      <div className="landing">
        <div className="hero">
          <h1>{t('landing.title')}</h1>
          <p>{t('landing.lead')}</p>
        </div>
        <div className="landing-cards">
          <CreateCard />
          <JoinCard />
        </div>
      </div>
    </Page>
  );
}

function CreateCard() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [key, setKey] = useState(''); // in memory only: it opens the whole server
  const keyNeeded = problem?.cause === 'key-needed' || key !== '';

  async function create(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const result = await createMeeting(key.trim());
    setBusy(false);
    if (!result.ok) {
      setProblem(result.problem);
      return;
    }
    rememberMeeting(result.value);
    navigate(linksPath(result.value.room));
  }

  return (
    <section className="card landing-card" aria-labelledby="create-title">
      <span className="card-sign">
        <Icon name="video" size={24} />
      </span>
      <h2 id="create-title">{t('landing.create.title')}</h2>
      <p className="muted">{t('landing.create.lead')}</p>
      {!problem && (
        <ul className="landing-points">
          {POINTS.map((key) => (
            <li key={key}>
              <Icon name="check" size={18} />
              {t(key)}
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={(event) => void create(event)}>
        {problem && <CardProblem problem={problem} />}
        {keyNeeded && (
          <div className="field">
            <label htmlFor="key">{t('landing.create.key')}</label>
            <input
              id="key"
              type="password"
              autoComplete="off"
              data-testid="management-token"
              value={key}
              onChange={(event) => setKey(event.target.value)}
              aria-describedby="key-hint"
            />
            <p className="hint" id="key-hint">
              {t('landing.create.key.hint')}
            </p>
          </div>
        )}
        <button className="button primary wide" data-testid="create-meeting" disabled={busy}>
          {busy ? t('landing.create.busy') : t('landing.create.button')}
        </button>
      </form>
    </section>
  );
}

function CardProblem({ problem }: { problem: Problem }) {
  return (
    <p className="form-problem" role="alert" data-testid="error" data-code={problem.code}>
      <Icon name="warning" size={18} />
      <span>
        <strong>{t(`problem.${problem.cause}`)}.</strong> {t(`problem.${problem.cause}.text`)}
      </span>
    </p>
  );
}

function JoinCard() {
  const [typed, setTyped] = useState(codeFromHistory);
  const [malformed, setMalformed] = useState(false);

  function join(event: FormEvent) {
    event.preventDefault();
    const code = parseCode(typed);
    setMalformed(code === null);
    if (code !== null) navigate(meetingPath(code));
  }

  return (
    <section className="card landing-card" aria-labelledby="join-title">
      <span className="card-sign">
        <Icon name="link" size={24} />
      </span>
      <h2 id="join-title">{t('landing.join.title')}</h2>
      <p className="muted">{t('landing.join.lead')}</p>
      <form onSubmit={join} noValidate>
        <div className="field">
          <label htmlFor="code">{t('landing.join.label')}</label>
          <input
            id="code"
            type="text"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            placeholder={t('landing.join.placeholder')}
            data-testid="join-code"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            aria-invalid={malformed}
            aria-describedby={malformed ? 'code-problem' : undefined}
          />
        </div>
        {malformed && (
          <p
            className="form-problem"
            role="alert"
            id="code-problem"
            data-testid="error"
            data-code="malformed"
          >
            <Icon name="warning" size={18} />
            <span>{t('landing.join.malformed')}</span>
          </p>
        )}
        <button className="button wide" data-testid="join">
          {t('landing.join.button')}
        </button>
      </form>
    </section>
  );
}

// "Edit code" comes back here with the code which did not match.
function codeFromHistory(): string {
  const state: unknown = history.state;
  if (typeof state !== 'object' || state === null || !('code' in state)) return '';
  return typeof state.code === 'string' ? state.code : '';
}
