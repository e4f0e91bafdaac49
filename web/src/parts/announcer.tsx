// Comings and goings, said once: shown for a moment, and read out.

import {
  HMSNotificationTypes,
  selectRolesMap,
  useHMSStore,
  type HMSNotification,
} from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { isWaiting } from '../client/roles';
import { t } from '../text';
import { actorName, personName, roleName } from '../text/names';
import { useNotifications } from './use-notifications';

const SHOWN_MS = 4000;

export function Announcer({ chatOpen }: { chatOpen: boolean }) {
  const [lines, setLines] = useState<string[]>([]);
  const roles = useHMSStore(selectRolesMap);
  const waits = (name: string | undefined) => isWaiting(name ? roles[name] : null);
  useNotifications((notification) => {
    const line = lineFor(notification, chatOpen, waits);
    if (line) setLines((shown) => [...shown, line].slice(-3));
  });

  useEffect(() => {
    if (lines.length === 0) return;
    const timer = setTimeout(() => setLines([]), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [lines]);

  return (
    <div className="announcer" role="status">
      {lines.map((line, i) => (
        <p key={i}>{line}</p>
      ))}
    </div>
  );
}

function lineFor(
  notification: HMSNotification,
  chatOpen: boolean,
  waits: (roleName: string | undefined) => boolean,
): string | null {
  switch (notification.type) {
    case HMSNotificationTypes.PEER_JOINED: {
      const { name: given, roleName: role } = notification.data;
      const name = personName(given);
      return t(waits(role) ? 'event.knocks' : 'event.joined', { name });
    }
    case HMSNotificationTypes.PEER_LEFT: {
      const { name, roleName: role } = notification.data;
      return waits(role) ? null : t('event.left', { name: personName(name) });
    }
    case HMSNotificationTypes.HAND_RAISE_CHANGED: {
      const { isLocal, isHandRaised, name } = notification.data;
      return !isLocal && isHandRaised ? t('event.hand', { name: personName(name) }) : null;
    }
    case HMSNotificationTypes.ROLE_UPDATED: {
      const { isLocal, roleName: role } = notification.data;
      return isLocal && role ? t('event.role', { role: roleName(role) }) : null;
    }
    case HMSNotificationTypes.CHANGE_TRACK_STATE_REQUEST: {
      const { requestedBy, track, enabled } = notification.data;
      if (enabled) return null;
      const name = actorName(requestedBy?.name);
      return t(track.type === 'audio' ? 'event.muted.mic' : 'event.muted.cam', { name });
    }
    case HMSNotificationTypes.CHANGE_MULTI_TRACK_STATE_REQUEST: {
      const { requestedBy, type, enabled } = notification.data;
      if (enabled) return null;
      const name = actorName(requestedBy?.name);
      return t(type === 'video' ? 'event.muted.cam' : 'event.muted.mic', { name });
    }
    case HMSNotificationTypes.RECONNECTED:
      return t('event.connected');
    case HMSNotificationTypes.NEW_MESSAGE: {
      const { type, senderName, message } = notification.data;
      if (chatOpen || type !== 'chat' || typeof message !== 'string') return null;
      return t('chat.arrived', { name: personName(senderName), text: message });
    }
    default:
      return null;
  }
}
