// The people who are here, by role.

import {
  selectIsPeerAudioEnabled,
  selectIsPeerVideoEnabled,
  selectPermissions,
  useHMSActions,
  useHMSStore,
  type HMSPeer,
} from '@100mslive/react-sdk';

import { handsFirst } from '../client/roles';
import { plural, t } from '../text';
import { personName, roleName } from '../text/names';
import { Icon } from './icon';
import { Panel } from './panel';
import { PersonMenu } from './person-menu';
import { Avatar } from './tile';
import { usePeople } from './use-people';
import { WaitingList } from './waiting-list';

interface PeoplePanelProps {
  away: boolean;
  onClose: () => void;
  onTrouble: (thrown: unknown) => void;
}

export function PeoplePanel({ away, onClose, onTrouble }: PeoplePanelProps) {
  const { inside: peers } = usePeople();
  return (
    <Panel
      name="people"
      title={t('people.title')}
      count={String(peers.length)}
      onClose={onClose}
    >
      <div className="panel-body">
        {!away && <WaitingList onTrouble={onTrouble} />}
        {byRole(handsFirst(peers)).map(([role, members]) => (
          <section key={role} className="people-group" aria-label={roleName(role)}>
            <h3>
              <span dir="auto">{roleName(role)}</span>{' '}
              <span className="people-group-count">{members.length}</span>
              {!away && <MuteRole role={role} members={members} onTrouble={onTrouble} />}
            </h3>
            <ul aria-label={`${roleName(role)}, ${plural('people.count', members.length)}`}>
              {members.map((peer) => (
                <Person key={peer.id} peer={peer} away={away} onTrouble={onTrouble} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Panel>
  );
}

function byRole(peers: HMSPeer[]): Array<[role: string, members: HMSPeer[]]> {
  const groups = new Map<string, HMSPeer[]>();
  for (const peer of peers) {
    const role = peer.roleName ?? '';
    groups.set(role, [...(groups.get(role) ?? []), peer]);
  }
  return [...groups];
}

interface MuteRoleProps {
  role: string;
  members: HMSPeer[];
  onTrouble: (thrown: unknown) => void;
}

function MuteRole({ role, members, onTrouble }: MuteRoleProps) {
  const actions = useHMSActions();
  const mayMute = useHMSStore(selectPermissions)?.mute === true;
  if (!mayMute || members.filter((peer) => !peer.isLocal).length < 2) return null;
  const mute = () => {
    void actions
      .setRemoteTracksEnabled({
        enabled: false,
        type: 'audio',
        source: 'regular',
        roles: [role],
      })
      .catch(onTrouble);
  };
  return (
    <button
      type="button"
      className="button slim group-action"
      aria-label={t('people.mute.all.of', { role: roleName(role) })}
      data-testid="mute-all"
      onClick={mute}
    >
      {t('people.mute.all')}
    </button>
  );
}

interface PersonProps {
  peer: HMSPeer;
  away: boolean;
  onTrouble: (thrown: unknown) => void;
}

function Person({ peer, away, onTrouble }: PersonProps) {
  const micOn = useHMSStore(selectIsPeerAudioEnabled(peer.id));
  const camOn = useHMSStore(selectIsPeerVideoEnabled(peer.id));
  const name = personName(peer.name);
  return (
    <li
      className="person"
      data-testid="person"
      data-peer-id={peer.id}
      data-peer-name={peer.name}
    >
      <Avatar name={name} />
      <span className="person-name" dir="auto">
        {peer.isLocal ? t('stage.you', { name }) : name}
      </span>
      {peer.isHandRaised && (
        <span className="person-sign hand" data-testid="person-hand-raised">
          <Icon name="hand" size={18} />
          <span className="unseen">{t('people.hand')}</span>
        </span>
      )}
      <span className={micOn ? 'person-sign' : 'person-sign off'}>
        <Icon name={micOn ? 'mic' : 'micOff'} size={18} />
        <span className="unseen">{micOn ? t('people.mic.on') : t('people.mic.off')}</span>
      </span>
      <span className={camOn ? 'person-sign' : 'person-sign off'}>
        <Icon name={camOn ? 'camera' : 'cameraOff'} size={18} />
        <span className="unseen">{camOn ? t('people.cam.on') : t('people.cam.off')}</span>
      </span>
      {!peer.isLocal && !away && <PersonMenu peer={peer} onTrouble={onTrouble} />}
    </li>
  );
}
