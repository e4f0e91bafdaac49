// What a narrow bar has no room for.

import { DropdownMenu } from 'radix-ui';

import { t } from '../text';
import type { Share } from './control-bar';
import { EndItem } from './end-meeting';
import { Icon } from './icon';

interface MoreMenuProps {
  away: boolean;
  share: Share | null;
  onAskEnd: (() => void) | null;
}

export function MoreMenu({ away, share, onAskEnd }: MoreMenuProps) {
  if (!share && !onAskEnd) return null;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="icon-button"
        aria-label={t('control.more')}
        data-testid="more"
      >
        <Icon name="more" size={22} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="top" sideOffset={10} collisionPadding={8}>
          {share && (
            <DropdownMenu.CheckboxItem
              className="menu-item"
              data-testid="share"
              checked={share.on}
              disabled={away}
              onCheckedChange={share.toggle}
            >
              <span className="menu-check">
                <DropdownMenu.ItemIndicator>
                  <Icon name="check" size={16} />
                </DropdownMenu.ItemIndicator>
              </span>
              {t('control.share')}
            </DropdownMenu.CheckboxItem>
          )}
          {onAskEnd && <EndItem away={away} onAsk={onAskEnd} />}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
