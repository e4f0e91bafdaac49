// The people who knock, for those who may let them in.

import {
  selectPermissions,
  selectRolesMap,
  useHMSActions,
  useHMSStore,
  type HMSPeer,
} from '@100mslive/react-sdk';

import { admittedAs } from '../client/roles';
import { plural, t } from '../text';
import { personName } from '../text/names';
import { Avatar } from './tile';
import { usePeople } from './use-people';

export function WaitingList({ onTrouble }: { onTrouble: (thrown: unknown) => void }) {
  const actions = useHMSActions();
  const { waiting } = usePeople();
  const roles = useHMSStore(selectRolesMap);
  const permissions = useHMSStore(selectPermissions);
  const role = admittedAs(Object.values(roles));
  if (waiting.length === 0) return null;

  const mayAdmit = permissions?.changeRole === true && role !== null;
  const admit = (peer: HMSPeer) => {
    if (role) void actions.changeRoleOfPeer(peer.id, role, true).catch(onTrouble);
  };
  const admitAll = () => {
    const names = [...new Set(waiting.flatMap((peer) => peer.roleName ?? []))];
    if (role) void actions.changeRoleOfPeersWithRoles(names, role).catch(onTrouble);
  };
  const refuse = (peer: HMSPeer) => {
    void actions.removePeer(peer.id, t('waiting.refused')).catch(onTrouble);
  };

  return (
    <section className="people-group waiting" aria-label={t('waiting.title')}>
      <h3>
        {t('waiting.title')} <span className="people-group-count">{waiting.length}</span>
        {mayAdmit && waiting.length > 1 && (
          <button
            type="button"
            className="button slim group-action"
            data-testid="admit-all"
            onClick={admitAll}
          >
            {t('waiting.admit.all')}
          </button>
        )}
      </h3>
      <ul aria-label={plural('waiting.count', waiting.length)}>
        {waiting.map((peer) => {
          const name = personName(peer.name);
          return (
            <li
              key={peer.id}
              className="person"
              data-testid="knocking"
              data-peer-name={peer.name}
            >
              <Avatar name={name} />
              <span className="person-name" dir="auto">
                {name}
              </span>
              <span className="person-answers">
                {permissions?.removeOthers === true && (
                  <button
                    type="button"
                    className="button slim"
                    aria-label={t('waiting.refuse.one', { name })}
                    data-testid="refuse"
                    onClick={() => refuse(peer)}
                  >
                    {t('waiting.refuse')}
                  </button>
                )}
                {mayAdmit && (
                  <button
                    type="button"
                    className="button primary slim"
                    aria-label={t('waiting.admit.one', { name })}
                    data-testid="admit"
                    onClick={() => admit(peer)}
                  >
                    {t('waiting.admit')}
                  </button>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
