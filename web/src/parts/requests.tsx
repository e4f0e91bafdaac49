// What others ask of me. Nothing is switched on and no role taken without a yes; the questions
// leave the meeting usable.

import {
  HMSNotificationTypes,
  selectLocalAudioTrackID,
  selectLocalVideoTrackID,
  selectRoleChangeRequest,
  useHMSActions,
  useHMSStore,
} from '@100mslive/react-sdk';
import { useState } from 'react';

import { t } from '../text';
import { actorName, roleName } from '../text/names';
import { Icon } from './icon';
import { useNotifications } from './use-notifications';

export function Requests({ onTrouble }: { onTrouble: (thrown: unknown) => void }) {
  return (
    <>
      <RoleRequest onTrouble={onTrouble} />
      <UnmuteRequests onTrouble={onTrouble} />
    </>
  );
}

function RoleRequest({ onTrouble }: { onTrouble: (thrown: unknown) => void }) {
  const actions = useHMSActions();
  const request = useHMSStore(selectRoleChangeRequest);
  if (!request) return null;
  const name = actorName(request.requestedBy?.name);
  return (
    <Question
      testId="role-request"
      text={t('request.role', { name, role: roleName(request.role.name) })}
      onYes={() => void actions.acceptChangeRole(request).catch(onTrouble)}
      onNo={() => actions.rejectChangeRole(request)}
    />
  );
}

type Device = 'mic' | 'cam';

interface Asked {
  device: Device;
  trackId: string | null; // null: the microphone or camera, whichever track it is now
  by: string;
}

function UnmuteRequests({ onTrouble }: { onTrouble: (thrown: unknown) => void }) {
  const actions = useHMSActions();
  const audioId = useHMSStore(selectLocalAudioTrackID);
  const videoId = useHMSStore(selectLocalVideoTrackID);
  const [asked, setAsked] = useState<Asked[]>([]);

  const ask = (one: Asked) => {
    setAsked((all) => [...all.filter((other) => other.device !== one.device), one]);
  };
  useNotifications((notification) => {
    if (notification.type === HMSNotificationTypes.CHANGE_TRACK_STATE_REQUEST) {
      const { requestedBy, track, enabled } = notification.data;
      if (!enabled) return;
      const device = track.type === 'audio' ? 'mic' : 'cam';
      ask({ device, trackId: track.id, by: requestedBy?.name ?? '' });
    }
    if (notification.type === HMSNotificationTypes.CHANGE_MULTI_TRACK_STATE_REQUEST) {
      const { requestedBy, type, enabled } = notification.data;
      if (!enabled) return;
      const by = requestedBy?.name ?? '';
      if (type !== 'video') ask({ device: 'mic', trackId: null, by });
      if (type !== 'audio') ask({ device: 'cam', trackId: null, by });
    }
  });

  const close = (one: Asked) => setAsked((all) => all.filter((other) => other !== one));
  const switchOn = (one: Asked) => {
    close(one);
    const id = one.trackId ?? (one.device === 'mic' ? audioId : videoId);
    if (id) void actions.setEnabledTrack(id, true).catch(onTrouble);
  };
  return asked.map((one) => (
    <Question
      key={one.device}
      testId={`unmute-request-${one.device}`}
      text={t(`request.${one.device}`, { name: actorName(one.by) })}
      onYes={() => switchOn(one)}
      onNo={() => close(one)}
    />
  ));
}

interface QuestionProps {
  testId: string;
  text: string;
  onYes: () => void;
  onNo: () => void;
}

function Question({ testId, text, onYes, onNo }: QuestionProps) {
  return (
    <div className="notice request" role="alertdialog" aria-label={text} data-testid={testId}>
      <Icon name="people" size={18} />
      <p>{text}</p>
      <button type="button" className="button slim" data-testid="decline" onClick={onNo}>
        {t('request.no')}
      </button>
      <button
        type="button"
        className="button primary slim"
        data-testid="accept"
        onClick={onYes}
      >
        {t('request.yes')}
      </button>
    </div>
  );
}
