// The way out of the meeting, and beside it a menu of further ways, where there are any.

import type { ReactNode } from 'react';

import { t } from '../text';
import { Icon } from './icon';
import { Tip } from './tip';

export function LeaveButton({ onLeave, menu }: { onLeave: () => void; menu: ReactNode }) {
  return (
    <div className={menu ? 'bar-split leave-split' : undefined}>
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
      {menu}
    </div>
  );
}
