// What one may do to another person, as far as one's role allows it.

import {
  selectAudioTrackByPeerID,
  selectAvailableRoleNames,
  selectPermissions,
  selectRolesMap,
  selectVideoTrackByPeerID,
  useHMSActions,
  useHMSStore,
  type HMSPeer,
  type HMSTrack,
} from '@100mslive/react-sdk';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';

import { isWaiting } from '../client/roles';
import { t, type TextKey } from '../text';
import { personName, roleName } from '../text/names';
import { Icon } from './icon';

interface PersonMenuProps {
  peer: HMSPeer;
  onTrouble: (thrown: unknown) => void;
}

export function PersonMenu({ peer, onTrouble }: PersonMenuProps) {
  const permissions = useHMSStore(selectPermissions);
  const may = {
    changeRole: permissions?.changeRole === true,
    remove: permissions?.removeOthers === true,
    mute: permissions?.mute === true,
    unmute: permissions?.unmute === true,
  };
  if (!may.changeRole && !may.remove && !may.mute && !may.unmute) return null;

  const name = personName(peer.name);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="icon-button small"
        aria-label={t('person.menu', { name })}
        data-testid="person-menu"
      >
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <TrackItems peer={peer} may={may} onTrouble={onTrouble} />
          {may.changeRole && <HandItem peer={peer} onTrouble={onTrouble} />}
          {may.changeRole && <RoleItems peer={peer} onTrouble={onTrouble} />}
          {may.remove && <RemoveItem peer={peer} onTrouble={onTrouble} />}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Item({
  testId,
  act,
  children,
}: {
  testId: string;
  act: () => void;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Item className="menu-item" data-testid={testId} onSelect={act}>
      {children}
    </DropdownMenu.Item>
  );
}

interface TrackItemsProps extends PersonMenuProps {
  may: { mute: boolean; unmute: boolean };
}

function TrackItems({ peer, may, onTrouble }: TrackItemsProps) {
  const audio = useHMSStore(selectAudioTrackByPeerID(peer.id));
  const video = useHMSStore(selectVideoTrackByPeerID(peer.id));
  return (
    <>
      <TrackItem kind="mic" track={audio} may={may} onTrouble={onTrouble} />
      <TrackItem kind="cam" track={video} may={may} onTrouble={onTrouble} />
    </>
  );
}

interface TrackItemProps {
  kind: 'mic' | 'cam';
  track: HMSTrack | null | undefined;
  may: { mute: boolean; unmute: boolean };
  onTrouble: (thrown: unknown) => void;
}

// Nobody's microphone or camera can be switched on from afar: the person is asked.
function TrackItem({ kind, track, may, onTrouble }: TrackItemProps) {
  const actions = useHMSActions();
  if (!track) return null;
  if (track.enabled ? !may.mute : !may.unmute) return null;
  const key: TextKey = `person.${kind}.${track.enabled ? 'off' : 'on'}`;
  const act = () => {
    void actions.setRemoteTrackEnabled(track.id, !track.enabled).catch(onTrouble);
  };
  return (
    <Item testId={`person-${kind}`} act={act}>
      {t(key)}
    </Item>
  );
}

function HandItem({ peer, onTrouble }: PersonMenuProps) {
  const actions = useHMSActions();
  if (!peer.isHandRaised) return null;
  const act = () => void actions.lowerRemotePeerHand(peer.id).catch(onTrouble);
  return (
    <Item testId="person-hand" act={act}>
      {t('person.hand')}
    </Item>
  );
}

// The person is asked, and keeps the role until they agree.
function RoleItems({ peer, onTrouble }: PersonMenuProps) {
  const actions = useHMSActions();
  const names = useHMSStore(selectAvailableRoleNames);
  const roles = useHMSStore(selectRolesMap);
  const others = names.filter((name) => name !== peer.roleName && !isWaiting(roles[name]));
  if (others.length === 0) return null;
  return (
    <>
      <DropdownMenu.Label className="menu-label">{t('person.role')}</DropdownMenu.Label>
      {others.map((name) => (
        <Item
          key={name}
          testId="person-role"
          act={() => void actions.changeRoleOfPeer(peer.id, name, false).catch(onTrouble)}
        >
          {t('person.role.to', { role: roleName(name) })}
        </Item>
      ))}
    </>
  );
}

function RemoveItem({ peer, onTrouble }: PersonMenuProps) {
  const actions = useHMSActions();
  const act = () => void actions.removePeer(peer.id, '').catch(onTrouble);
  return (
    <>
      <DropdownMenu.Separator className="menu-line" />
      <DropdownMenu.Item
        className="menu-item danger"
        data-testid="person-remove"
        onSelect={act}
      >
        {t('person.remove')}
      </DropdownMenu.Item>
    </>
  );
}
