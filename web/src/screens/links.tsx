// The two codes of a meeting just created.

import { useState } from 'react';

import { meetingLink, meetingPath } from '../client/code';
import { rememberedMeeting } from '../client/storage';
import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { navigate } from '../router';
import { t } from '../text';

export function Links({ room }: { room: string }) {
  const meeting = rememberedMeeting(room);
  const [status, setStatus] = useState('');
  if (!meeting) return <LinksGone />;

  return (
    <Page>
      <div className="links">
        <h1>{t('links.title')}</h1>
        <p className="muted lead">{t('links.lead')}</p>
        <div className="card links-card">
          <CodeRow role="guest" code={meeting.guestCode} onStatus={setStatus} />
          <CodeRow role="host" code={meeting.hostCode} onStatus={setStatus} />
        </div>
        <div className="row links-actions">
          <button
            type="button"
            className="button primary big"
            data-testid="join-as-host"
            onClick={() => navigate(meetingPath(meeting.hostCode))}
          >
            {t('links.join')}
          </button>
          <p className="status" role="status">
            {status}
          </p>
        </div>
      </div>
    </Page>
  );
}

interface CodeRowProps {
  role: 'host' | 'guest';
  code: string;
  onStatus: (text: string) => void;
}

function CodeRow({ role, code, onStatus }: CodeRowProps) {
  const link = meetingLink(location.origin, code);

  async function copy(text: string, done: string) {
    try {
      await navigator.clipboard.writeText(text);
      onStatus(done);
    } catch {
      onStatus(t('links.copy.failed'));
    }
  }

  // A share sheet which the person closes again is not an error.
  const share = () => void navigator.share({ url: link }).catch(() => undefined);
  const name = (what: string) => t(`links.of.${role}`, { what });

  return (
    <section className="code-row" aria-labelledby={`${role}-title`}>
      <div className="code-row-text">
        <h2 id={`${role}-title`}>{t(`links.${role}`)}</h2>
        <p className={role === 'host' ? 'hint caution' : 'hint'}>
          {role === 'host' && <Icon name="warning" size={15} />}
          {t(`links.${role}.hint`)}
        </p>
        <code className="code" data-testid={`${role}-code`}>
          {code}
        </code>
        <p className="code-link">{link}</p>
      </div>
      <div className="code-row-actions">
        <button
          type="button"
          className={role === 'guest' ? 'button tinted' : 'button'}
          aria-label={name(t('links.copy.link'))}
          onClick={() => void copy(link, t('links.copied.link'))}
        >
          <Icon name="link" size={18} />
          {t('links.copy.link')}
        </button>
        <button
          type="button"
          className="button"
          aria-label={name(t('links.copy.code'))}
          onClick={() => void copy(code, t('links.copied.code'))}
        >
          <Icon name="copy" size={18} />
          {t('links.copy.code')}
        </button>
        {'share' in navigator && (
          <button
            type="button"
            className="button"
            aria-label={name(t('links.share'))}
            onClick={share}
          >
            <Icon name="share" size={18} />
            {t('links.share')}
          </button>
        )}
      </div>
    </section>
  );
}

function LinksGone() {
  return (
    <Page>
      <section className="card problem">
        <h1>{t('links.gone.title')}</h1>
        <p>{t('links.gone.text')}</p>
        <div className="row problem-actions">
          <button type="button" className="button primary" onClick={() => navigate('/')}>
            {t('left.home')}
          </button>
        </div>
      </section>
    </Page>
  );
}
