// The name of a control, and its keys, beside the pointer or the focus.

import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';

export function Tip({
  name,
  keys,
  children,
}: {
  name: string;
  keys?: string;
  children: ReactNode;
}) {
  return (
    <Tooltip.Provider delayDuration={400}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content className="tip" sideOffset={8} collisionPadding={8}>
            {name}
            {keys && <kbd>{keys}</kbd>}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}
