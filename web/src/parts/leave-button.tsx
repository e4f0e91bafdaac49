// The way out; for those who may, also for everybody at once.

import { selectPermissions, useHMSActions, useHMSStore } from '@100mslive/react-sdk';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';

import { t } from '../text';
import { Icon } from './icon';
import { Tip } from './tip';

interface LeaveButtonProps {
  away: boolean;
  onLeave: () => void;
  onTrouble: (thrown: unknown) => void;
}

export function LeaveButton({ away, onLeave, onTrouble }: LeaveButtonProps) {
  const mayEnd = useHMSStore(selectPermissions)?.endRoom === true;
  return (
    <div className={mayEnd ? 'bar-split leave-split' : undefined}>
      <Tip name={t('control.leave')}>
        <button
          type="button"
          className="icon-button leave"
          aria-label={t('control.leave')}
          data-testid="leave"
          onClick={onLeave}
        >
          <Icon name="leave" size={22} />
        </button>
      </Tip>
      {mayEnd && <EndMenu away={away} onTrouble={onTrouble} />}
    </div>
  );
}

function EndMenu({ away, onTrouble }: { away: boolean; onTrouble: (thrown: unknown) => void }) {
  const actions = useHMSActions();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger
          className="bar-menu"
          aria-label={t('end.menu')}
          data-testid="leave-menu"
          disabled={away}
        >
          <Icon name="up" size={16} />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            className="menu"
            side="top"
            sideOffset={10}
            collisionPadding={8}
          >
            <DropdownMenu.Item
              className="menu-item danger"
              data-testid="end-for-all"
              onSelect={() => setAsking(true)}
            >
              {t('end.item')}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {asking && (
        <div
          className="notice request end-question"
          role="alertdialog"
          aria-label={t('end.title')}
        >
          <p>
            <strong>{t('end.title')}</strong> {t('end.text')}
          </p>
          <button
            type="button"
            className="button slim"
            autoFocus
            onClick={() => setAsking(false)}
          >
            {t('end.no')}
          </button>
          <button
            type="button"
            className="button danger slim"
            data-testid="end-confirm"
            onClick={() => {
              setAsking(false);
              void actions.endRoom(false, '').catch(onTrouble);
            }}
          >
            {t('end.yes')}
          </button>
        </div>
      )}
    </>
  );
}
