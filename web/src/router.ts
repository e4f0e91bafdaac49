// The address bar as state.

import { useSyncExternalStore } from 'react';

const MOVED = 'parlor:moved';

export function navigate(path: string, state: unknown = null): void {
  history.pushState(state, '', path);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo(0, 0);
}

export function usePath(): string {
  return useSyncExternalStore(listen, () => location.pathname);
}

// What stands behind the `?`, with it.
export function useSearch(): string {
  return useSyncExternalStore(listen, () => location.search);
}

function listen(changed: () => void): () => void {
  window.addEventListener('popstate', changed);
  window.addEventListener(MOVED, changed);
  return () => {
    window.removeEventListener('popstate', changed);
    window.removeEventListener(MOVED, changed);
  };
}
