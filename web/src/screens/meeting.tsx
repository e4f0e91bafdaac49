// The meeting itself: top bar, stage, controls, and a panel beside them.

import { HMSRoomState, selectRoomState, useHMSStore } from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { Announcer } from '../parts/announcer';
import { ChatPanel } from '../parts/chat-panel';
import { ControlBar, type PanelName } from '../parts/control-bar';
import { Notice } from '../parts/notice';
import { PeoplePanel } from '../parts/people-panel';
import { Reconnecting } from '../parts/reconnecting';
import { SoundBlocked } from '../parts/sound-blocked';
import { Stage } from '../parts/stage';
import { TopBar } from '../parts/top-bar';
import { t } from '../text';
import type { CallState } from './use-call';

export function Meeting({ call, code }: { call: CallState; code: string }) {
  const away = useHMSStore(selectRoomState) === HMSRoomState.Reconnecting;
  const [panel, setPanel] = useState<PanelName | null>(null);
  const toggle = (name: PanelName) => setPanel((open) => (open === name ? null : name));
  const close = () => setPanel(null);
  useScrollLock();

  return (
    <div className={away ? 'meet away' : 'meet'}>
      <TopBar code={code} />
      <main className="meet-stage" aria-label={t('stage.label')}>
        <Stage code={code} />
        <div className="meet-notices">
          {away && <Reconnecting />}
          <Notice problem={call.notice} onDismiss={() => call.setNotice(null)} />
          <SoundBlocked />
        </div>
        <Announcer chatOpen={panel === 'chat'} />
      </main>
      {panel === 'chat' && <ChatPanel away={away} onClose={close} />}
      {panel === 'people' && <PeoplePanel onClose={close} />}
      <ControlBar
        away={away}
        panel={panel}
        onPanel={toggle}
        onTrouble={call.setNotice}
        onLeave={call.leave}
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
