import { selectPeers, selectRolesMap, useHMSStore, type HMSPeer } from '@100mslive/react-sdk';

import { isOnStage, isWaiting } from '../client/roles';

export interface People {
  inside: HMSPeer[];
  onStage: HMSPeer[]; // those inside who can be seen or heard
  waiting: HMSPeer[]; // to be let in; only those who may let people in see them
}

export function usePeople(): People {
  const peers = useHMSStore(selectPeers);
  const roles = useHMSStore(selectRolesMap);
  const roleOf = (peer: HMSPeer) => (peer.roleName ? roles[peer.roleName] : null);
  const waits = (peer: HMSPeer) => isWaiting(roleOf(peer));
  const inside = peers.filter((peer) => !waits(peer));
  return {
    inside,
    onStage: inside.filter((peer) => isOnStage(roleOf(peer))),
    waiting: peers.filter(waits),
  };
}
