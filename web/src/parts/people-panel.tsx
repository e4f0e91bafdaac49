// Who is here, by role.

import {
  selectIsPeerAudioEnabled,
  selectIsPeerVideoEnabled,
  selectPeers,
  useHMSStore,
  type HMSPeer,
} from '@100mslive/react-sdk';

import { plural, t } from '../text';
import { Icon } from './icon';
import { Panel } from './panel';
import { Avatar } from './tile';

export function PeoplePanel({ onClose }: { onClose: () => void }) {
  const peers = useHMSStore(selectPeers);
  return (
    <Panel
      name="people"
      title={t('people.title')}
      count={String(peers.length)}
      onClose={onClose}
    >
      <div className="panel-body">
        {byRole(peers).map(([role, members]) => (
          <section key={role} className="people-group" aria-label={role}>
            <h3>
              {role} <span className="people-group-count">{members.length}</span>
            </h3>
            <ul aria-label={`${role}, ${plural('people.count', members.length)}`}>
              {members.map((peer) => (
                <Person key={peer.id} peer={peer} />
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

function Person({ peer }: { peer: HMSPeer }) {
  const micOn = useHMSStore(selectIsPeerAudioEnabled(peer.id));
  const camOn = useHMSStore(selectIsPeerVideoEnabled(peer.id));
  const name = peer.name || t('stage.unknown');
  return (
    <li
      className="person"
      data-testid="person"
      data-peer-id={peer.id}
      data-peer-name={peer.name}
    >
      <Avatar name={name} />
      <span className="person-name">{peer.isLocal ? t('stage.you', { name }) : name}</span>
      <span className={micOn ? 'person-sign' : 'person-sign off'}>
        <Icon name={micOn ? 'mic' : 'micOff'} size={18} />
        <span className="unseen">{micOn ? t('people.mic.on') : t('people.mic.off')}</span>
      </span>
      <span className={camOn ? 'person-sign' : 'person-sign off'}>
        <Icon name={camOn ? 'camera' : 'cameraOff'} size={18} />
        <span className="unseen">{camOn ? t('people.cam.on') : t('people.cam.off')}</span>
      </span>
    </li>
  );
}
