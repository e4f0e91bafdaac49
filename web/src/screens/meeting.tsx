// The meeting itself: top bar, stage, controls, and a panel beside them.

import {
  HMSRoomState,
  selectLocalPeerRole,
  selectRoomState,
  useHMSStore,
} from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { thrownProblem } from '../client/problem';
import { isWaiting } from '../client/roles';
import { Announcer } from '../parts/announcer';
import { ChatPanel } from '../parts/chat-panel';
import { ControlBar, type PanelName } from '../parts/control-bar';
import { Held } from '../parts/held';
import { MediaNotice } from '../parts/media-notice';
import { Notice } from '../parts/notice';
import { PeoplePanel } from '../parts/people-panel';
import { Reconnecting } from '../parts/reconnecting';
import { Requests } from '../parts/requests';
import { SoundBlocked } from '../parts/sound-blocked';
import { Stage } from '../parts/stage';
import { TopBar } from '../parts/top-bar';
import { useInvite } from '../parts/use-invite';
import { t } from '../text';
import type { CallState } from './use-call';

export function Meeting({ call }: { call: CallState }) {
  const role = useHMSStore(selectLocalPeerRole);
  return isWaiting(role) ? <Held onLeave={call.leave} /> : <Inside call={call} />;
}

function Inside({ call }: { call: CallState }) {
  const away = useHMSStore(selectRoomState) === HMSRoomState.Reconnecting;
  const [panel, setPanel] = useState<PanelName | null>(null);
  const toggle = (name: PanelName) => setPanel((open) => (open === name ? null : name));
  const close = () => setPanel(null);
  const onTrouble = (thrown: unknown) => call.setNotice(thrownProblem(thrown));
  const invite = useInvite(call.token());
  useScrollLock();

  return (
    <div className={away ? 'meet away' : 'meet'}>
      <TopBar invite={invite} />
      <main className="meet-stage" aria-label={t('stage.label')}>
        <Stage invite={invite} />
        <Announcer chatOpen={panel === 'chat'} />
      </main>
      <div className="meet-notices">
        {away ? <Reconnecting /> : <MediaNotice />}
        <Notice problem={call.notice} onDismiss={() => call.setNotice(null)} />
        <SoundBlocked />
        <Requests onTrouble={onTrouble} />
      </div>
      {panel === 'chat' && <ChatPanel away={away} onClose={close} />}
      {panel === 'people' && <PeoplePanel away={away} onClose={close} onTrouble={onTrouble} />}
      <ControlBar
        away={away}
        panel={panel}
        onPanel={toggle}
        onTrouble={call.setNotice}
        onLeave={call.leave}
        onEnd={call.endForAll}
      />
    </div>
  );
}

// The meeting fills the window exactly; without this a phone scrolls the page below it.
function useScrollLock() {
  useEffect(() => {
    document.documentElement.classList.add('in-meeting');
    return () => document.documentElement.classList.remove('in-meeting');
  }, []);
}
