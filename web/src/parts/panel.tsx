// The frame of what opens beside the stage, or over it on a phone.

import { useLayoutEffect, useRef, type ReactNode } from 'react';

import { t } from '../text';
import type { PanelName } from './control-bar';
import { Icon } from './icon';

interface PanelProps {
  name: PanelName;
  title: string;
  count?: string;
  onClose: () => void;
  children: ReactNode;
}

export function Panel({ name, title, count, onClose, children }: PanelProps) {
  const frame = useRef<HTMLElement>(null);

  // The focus goes into the panel when it opens, and back to its button when it closes with
  // the focus inside. A focus which the person moved elsewhere stays there. A layout effect,
  // as later ones are undone when the panel has already gone, and the focus with it.
  useLayoutEffect(() => {
    const element = frame.current;
    const first = element?.querySelector<HTMLElement>('[data-first-focus]') ?? element;
    first?.focus({ preventScroll: true });
    return () => {
      if (!element?.contains(document.activeElement)) return;
      const button = document.querySelector<HTMLElement>(`[data-panel-button="${name}"]`);
      queueMicrotask(() => button?.focus());
    };
  }, [name]);

  return (
    <aside
      className="panel"
      ref={frame}
      tabIndex={-1}
      aria-labelledby={`${name}-title`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="panel-head">
        <h2 id={`${name}-title`}>{title}</h2>
        {count && <span className="panel-count">{count}</span>}
        <button
          type="button"
          className="icon-button small panel-close"
          aria-label={t('control.close')}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {children}
    </aside>
  );
}
