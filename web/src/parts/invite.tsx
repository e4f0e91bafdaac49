// Copies the link for guests.

import { useEffect, useState } from 'react';

import { meetingLink } from '../client/code';
import { t } from '../text';
import { Icon } from './icon';

const CONFIRMED_MS = 2500;

// `code`: that of the link; null where this person has none to hand out.
export function Invite({ code }: { code: string | null }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  if (code === null) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(meetingLink(location.origin, code));
    setCopied(true);
  };
  return (
    <>
      <button
        type="button"
        className="button slim invite"
        onClick={() => void copy().catch(() => setCopied(false))}
      >
        <Icon name={copied ? 'check' : 'link'} size={18} />
        <span>{t('control.invite')}</span>
      </button>
      <span className="unseen" role="status">
        {copied ? t('control.invited') : ''}
      </span>
    </>
  );
}
