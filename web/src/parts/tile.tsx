// One person: picture or initials, name, microphone, and an outline while speaking.

import {
  selectIsPeerAudioEnabled,
  selectPeerAudioByID,
  selectVideoTrackByPeerID,
  useHMSStore,
  type HMSPeer,
} from '@100mslive/react-sdk';
import { memo, type CSSProperties } from 'react';

import { hue, initials } from '../client/person';
import { t } from '../text';
import { personName } from '../text/names';
import { Icon } from './icon';
import { Picture } from './picture';

const AUDIBLE = 8;

interface TileProps {
  peer: HMSPeer;
  width?: number; // without a size the stylesheet decides
  height?: number;
}

export const Tile = memo(function Tile({ peer, width, height }: TileProps) {
  const video = useHMSStore(selectVideoTrackByPeerID(peer.id));
  const micOn = useHMSStore(selectIsPeerAudioEnabled(peer.id));
  const level = useHMSStore(selectPeerAudioByID(peer.id)) ?? 0;
  const speaking = micOn && level > AUDIBLE;
  const name = personName(peer.name);
  const filming = video?.enabled === true;
  // It stays: taken away, it would be asked for again as soon as the server hears that nobody looks.
  const covered = filming && video.degraded === true;
  const style: CSSProperties = width && height ? { width, height } : {};

  return (
    <li
      className={speaking ? 'tile speaking' : 'tile'}
      style={style}
      data-testid="tile"
      data-peer-id={peer.id}
      data-peer-name={peer.name}
      data-local={peer.isLocal}
    >
      {/* Below the picture, for the moment until its first frame. */}
      <Avatar name={name} />
      {filming && (
        <Picture
          trackId={video.id}
          mirrored={peer.isLocal && video.facingMode !== 'environment'}
        />
      )}
      {covered && <Avatar name={name} />}
      <p className="tile-name">
        <MicSign on={micOn} speaking={speaking} />
        {peer.isHandRaised && (
          <span className="hand-sign" data-testid="tile-hand">
            <Icon name="hand" size={16} />
            <span className="unseen">{t('people.hand')}</span>
          </span>
        )}
        <span className="tile-name-text" dir="auto">
          {peer.isLocal ? t('stage.you', { name }) : name}
        </span>
      </p>
    </li>
  );
});

function MicSign({ on, speaking }: { on: boolean; speaking: boolean }) {
  if (!on) {
    return (
      <span className="mic-sign off">
        <Icon name="micOff" size={16} />
        <span className="unseen">{t('control.mic.off')}</span>
      </span>
    );
  }
  if (!speaking) return null;
  return (
    <span className="mic-sign on">
      <Icon name="wave" size={16} />
      <span className="unseen">{t('stage.speaking')}</span>
    </span>
  );
}

export function Avatar({ name }: { name: string }) {
  const style = { '--hue': hue(name) } as CSSProperties;
  return (
    <span className="avatar" style={style} aria-hidden="true">
      <span className="avatar-disc">{initials(name)}</span>
    </span>
  );
}
