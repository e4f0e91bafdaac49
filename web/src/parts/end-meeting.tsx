// Ending the meeting for everybody: for those who may, after a question.

import { selectPermissions, useHMSStore } from '@100mslive/react-sdk';
import { DropdownMenu } from 'radix-ui';
import { useState, type ReactNode } from 'react';

import { t } from '../text';
import { Icon } from './icon';

export interface Ending {
  ask: (() => void) | null; // null: this person may not
  question: ReactNode;
}

export function useEnding(onEnd: () => void): Ending {
  const mayEnd = useHMSStore(selectPermissions)?.endRoom === true;
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  const question = mayEnd && asking && (
    <EndQuestion
      onNo={close}
      onYes={() => {
        close();
        onEnd();
      }}
    />
  );
  return { ask: mayEnd ? () => setAsking(true) : null, question };
}

function EndQuestion({ onNo, onYes }: { onNo: () => void; onYes: () => void }) {
  return (
    <div
      className="notice request end-question"
      role="alertdialog"
      aria-label={t('end.title')}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onNo();
      }}
    >
      <p>
        <strong>{t('end.title')}</strong> {t('end.text')}
      </p>
      <button type="button" className="button slim" autoFocus onClick={onNo}>
        {t('end.no')}
      </button>
      <button
        type="button"
        className="button danger slim"
        data-testid="end-confirm"
        onClick={onYes}
      >
        {t('end.yes')}
      </button>
    </div>
  );
}

// Beside the way out, where there is room for it.
export function EndMenu({ away, onAsk }: { away: boolean; onAsk: () => void }) {
  return (
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
        <DropdownMenu.Content className="menu" side="top" sideOffset={10} collisionPadding={8}>
          <EndItem away={away} onAsk={onAsk} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function EndItem({ away, onAsk }: { away: boolean; onAsk: () => void }) {
  return (
    <DropdownMenu.Item
      className="menu-item danger"
      data-testid="end-for-all"
      disabled={away}
      onSelect={onAsk}
    >
      {t('end.item')}
    </DropdownMenu.Item>
  );
}
