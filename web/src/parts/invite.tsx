// Copies the link for guests, where this browser knows it.

import { selectLocalPeerRoleName, selectRoomID, useHMSStore } from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { meetingLink } from '../client/code';
import { rememberedMeeting } from '../client/storage';
import { t } from '../text';
import { Icon } from './icon';

const CONFIRMED_MS = 2500;

export function Invite({ code }: { code: string }) {
  const guestCode = useGuestCode(code);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  if (guestCode === null) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(meetingLink(location.origin, guestCode));
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

// A guest's own code is the guest code. A host's is not, and handing it on would hand on the
// meeting; who created the meeting in this tab knows both.
function useGuestCode(code: string): string | null {
  const role = useHMSStore(selectLocalPeerRoleName);
  const room = useHMSStore(selectRoomID);
  if (role === 'guest') return code;
  return rememberedMeeting(room)?.guestCode || null;
}
