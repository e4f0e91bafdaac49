import { useEffect, useRef, useState } from 'react';

const NEAR_PX = 80;

// Follows a growing list to its end, unless the reader has scrolled away from it.
export function useStickToEnd(length: number) {
  const ref = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [behind, setBehind] = useState(false);

  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const watch = () => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
      if (atEnd.current) setBehind(false);
    };
    element.addEventListener('scroll', watch, { passive: true });
    return () => element.removeEventListener('scroll', watch);
  }, []);

  useEffect(() => {
    if (atEnd.current) scrollToEnd(ref.current);
    else setBehind(true);
  }, [length]);

  const toEnd = () => {
    scrollToEnd(ref.current);
    setBehind(false);
  };
  return { ref, behind, toEnd };
}

function scrollToEnd(element: HTMLElement | null) {
  element?.scrollTo({ top: element.scrollHeight });
}
