// Microphone, camera, screen, panels, and the way out.

import {
  DeviceType,
  selectHasPeerHandRaised,
  selectIsAllowedToPublish,
  selectLocalPeerID,
  selectUnreadHMSMessagesCount,
  useHMSActions,
  useHMSStore,
  useScreenShare,
} from '@100mslive/react-sdk';
import { useEffect, type KeyboardEvent } from 'react';

import { thrownProblem, type Problem } from '../client/problem';
import { plural, t } from '../text';
import { DeviceMenu } from './device-menu';
import { Icon, type IconName } from './icon';
import { EndMenu, useEnding } from './end-meeting';
import { LeaveButton } from './leave-button';
import { MoreMenu } from './more-menu';
import { RoundToggle } from './round-toggle';
import { Tip } from './tip';
import { useDevices } from './use-devices';
import { useMedia } from './use-media';
import { usePeople } from './use-people';

export type PanelName = 'chat' | 'people';

interface ControlBarProps {
  away: boolean; // reconnecting: what needs the server has to wait
  panel: PanelName | null;
  onPanel: (name: PanelName) => void;
  onTrouble: (trouble: Problem) => void;
  onLeave: () => void;
  onEnd: () => void;
}

const MAC = /mac|iphone|ipad/i.test(navigator.userAgent);
const KEYS = {
  mic: MAC ? '⌘D' : 'Ctrl+D',
  cam: MAC ? '⌘E' : 'Ctrl+E',
  chat: MAC ? '⌘⌥C' : 'Ctrl+Alt+C',
  people: MAC ? '⌘⌥P' : 'Ctrl+Alt+P',
  hand: MAC ? '⌘⌥H' : 'Ctrl+Alt+H',
};

export function ControlBar(props: ControlBarProps) {
  const { away, panel, onPanel, onTrouble, onLeave, onEnd } = props;
  const report = (thrown: unknown) => onTrouble(thrownProblem(thrown));
  const narrow = useMedia('(width < 430px)');
  const share = useShare(onTrouble);
  const ending = useEnding(onEnd);
  const av = useDevices(report);
  const hand = useHand(report);
  const shortcuts = {
    KeyD: av.toggleAudio,
    KeyE: av.toggleVideo,
    AltKeyC: () => onPanel('chat'),
    AltKeyP: () => onPanel('people'),
    AltKeyH: away ? undefined : hand.toggle,
  };
  useShortcuts(shortcuts);

  return (
    <div className="bar" role="toolbar" aria-label={t('control.bar')} onKeyDown={moveFocus}>
      {av.toggleAudio && (
        <div className="bar-split">
          <RoundToggle
            name={t('control.mic')}
            testId="mic"
            on={av.isLocalAudioEnabled}
            icons={['mic', 'micOff']}
            keys={KEYS.mic}
            onToggle={av.toggleAudio}
          />
          <DeviceMenu
            name={t('device.menu.audio')}
            kinds={[DeviceType.audioInput, DeviceType.audioOutput]}
            onTrouble={report}
          />
        </div>
      )}
      {av.toggleVideo && (
        <div className="bar-split">
          <RoundToggle
            name={t('control.cam')}
            testId="cam"
            on={av.isLocalVideoEnabled}
            icons={['camera', 'cameraOff']}
            keys={KEYS.cam}
            onToggle={av.toggleVideo}
          />
          <DeviceMenu
            name={t('device.menu.video')}
            kinds={[DeviceType.videoInput]}
            onTrouble={report}
          />
        </div>
      )}
      {share && !narrow && (
        <RoundToggle
          name={t('control.share')}
          testId="share"
          on={share.on}
          icons={['screenOff', 'screen']}
          tone="mark-on"
          disabled={away}
          onToggle={share.toggle}
        />
      )}
      <RoundToggle
        name={t('control.hand')}
        testId="hand"
        on={hand.raised}
        icons={['hand', 'hand']}
        tone="mark-on"
        keys={KEYS.hand}
        disabled={away}
        onToggle={hand.toggle}
      />
      <span className="bar-gap" />
      <PanelButton name="chat" icon="chat" panel={panel} onPanel={onPanel} />
      <PanelButton name="people" icon="people" panel={panel} onPanel={onPanel} />
      {narrow && <MoreMenu away={away} share={share} onAskEnd={ending.ask} />}
      <LeaveButton
        onLeave={onLeave}
        menu={!narrow && ending.ask && <EndMenu away={away} onAsk={ending.ask} />}
      />
      {ending.question}
    </div>
  );
}

function useHand(onTrouble: (thrown: unknown) => void) {
  const actions = useHMSActions();
  const localId = useHMSStore(selectLocalPeerID);
  const raised = useHMSStore(selectHasPeerHandRaised(localId)) === true;
  const toggle = () => {
    const done = raised ? actions.lowerLocalPeerHand() : actions.raiseLocalPeerHand();
    void done.catch(onTrouble);
  };
  return { raised, toggle };
}

export interface Share {
  on: boolean;
  toggle: () => void;
}

// Null for whoever may not share, and on phones, which cannot capture their screen.
function useShare(onTrouble: (trouble: Problem) => void): Share | null {
  const allowed = useHMSStore(selectIsAllowedToPublish).screen;
  const { amIScreenSharing, toggleScreenShare } = useScreenShare((error) => {
    const trouble = thrownProblem(error);
    // 3001 is also what closing the browser's own picker looks like, and that is no trouble.
    if (trouble.cause !== 'device-denied') onTrouble(trouble);
  });
  if (!allowed || !toggleScreenShare || !('getDisplayMedia' in navigator.mediaDevices))
    return null;
  return { on: amIScreenSharing, toggle: () => void toggleScreenShare() };
}

interface PanelButtonProps {
  name: PanelName;
  icon: IconName;
  panel: PanelName | null;
  onPanel: (name: PanelName) => void;
}

function PanelButton({ name, icon, panel, onPanel }: PanelButtonProps) {
  const unread = useHMSStore(selectUnreadHMSMessagesCount);
  const waiting = usePeople().waiting.length;
  const news = { chat: unread, people: waiting }[name];
  const badge = panel === name ? 0 : news;
  const badgeId = `${name}-news`;
  return (
    <>
      <Tip name={t(`control.${name}`)} keys={KEYS[name]}>
        <button
          type="button"
          className="icon-button mark-on"
          aria-expanded={panel === name}
          aria-describedby={badge > 0 ? badgeId : undefined}
          data-testid={name}
          data-panel-button={name}
          onClick={() => onPanel(name)}
        >
          <Icon name={icon} size={22} />
          <span className="unseen">{t(`control.${name}`)}</span>
          {badge > 0 && (
            <span
              className="badge"
              aria-hidden="true"
              data-testid={name === 'chat' ? 'unread' : 'waiting'}
            >
              {badge > 99 ? '99+' : badge}
            </span>
          )}
        </button>
      </Tip>
      {badge > 0 && (
        <span className="unseen" id={badgeId}>
          {plural(name === 'chat' ? 'chat.unread' : 'waiting.count', badge)}
        </span>
      )}
    </>
  );
}

// Arrow keys walk along the bar, as in every toolbar. Tab works too.
function moveFocus(event: KeyboardEvent<HTMLElement>) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined || event.defaultPrevented) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('button:enabled')];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
}

function useShortcuts(shortcuts: Record<string, (() => void) | undefined>) {
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent) => {
      if (!(MAC ? event.metaKey : event.ctrlKey) || event.shiftKey) return;
      const act = shortcuts[(event.altKey ? 'Alt' : '') + event.code];
      if (!act) return;
      event.preventDefault(); // Ctrl+D would set a bookmark
      act();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  });
}
