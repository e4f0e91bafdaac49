import { selectPeers, selectRolesMap, useHMSStore, type HMSPeer } from '@100mslive/react-sdk';

import { isWaiting } from '../client/roles';

// Who is in, and who waits to be let in. Only those who may let people in see the latter.
export function usePeople(): { inside: HMSPeer[]; waiting: HMSPeer[] } {
  const peers = useHMSStore(selectPeers);
  const roles = useHMSStore(selectRolesMap);
  const waits = (peer: HMSPeer) => isWaiting(peer.roleName ? roles[peer.roleName] : null);
  return {
    inside: peers.filter((peer) => !waits(peer)),
    waiting: peers.filter(waits),
  };
}
