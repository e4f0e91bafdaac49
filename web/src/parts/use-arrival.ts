import { useEffect, useRef, type RefObject } from 'react';

// For the heading of a screen that takes the place of another: it gets the focus when it comes,
// as the control that had it is gone, and a keyboard or a screen reader would begin again at the
// top of the document. A focus that is somewhere stays there.
export function useArrival<T extends HTMLElement>(): RefObject<T> {
  const heading = useRef<T>(null);
  useEffect(() => {
    const nowhere = document.activeElement === null || document.activeElement === document.body;
    if (nowhere) heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
