// Where we are, for how long, and how to bring somebody else in.

import { selectPeerCount, selectRoom, useHMSStore } from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { givenName } from '../client/person';
import { elapsed } from '../client/time';
import { t } from '../text';
import { Invite } from './invite';
import { useArrival } from './use-arrival';

export function TopBar({ invite }: { invite: string | null }) {
  const room = useHMSStore(selectRoom);
  const alone = (useHMSStore(selectPeerCount) ?? 1) <= 1; // then the stage offers the link
  const title = useArrival<HTMLHeadingElement>();
  const name = givenName(room.name) || t('app.name');
  return (
    <header className="meet-top">
      <h1 className="meet-name" dir="auto" ref={title} tabIndex={-1}>
        {name}
      </h1>
      <Clock since={room.joinedAt} />
      {!alone && <Invite code={invite} />}
    </header>
  );
}

function Clock({ since }: { since: Date | undefined }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!since) return null;
  return (
    <span className="meet-clock" role="timer" aria-label={t('stage.duration')}>
      {elapsed((now - new Date(since).getTime()) / 1000)}
    </span>
  );
}
