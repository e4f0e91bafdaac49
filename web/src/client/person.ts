// How a person without a picture is drawn, and what a room is called.

import { shownName } from './shown';

// The first letters of the first and the last word. Splits by code point, so that a name which
// begins with an emoji is not cut in half.
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

// A colour which the same name has on everybody's screen, in degrees (FNV-1a).
export function hue(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) % 360;
}

// The name that somebody gave a room, or nothing: a room which nobody named carries a UUID or its
// own id, which says nothing to a person.
export function givenName(name: string | undefined): string {
  const line = shownName(name);
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$|^[0-9a-f]{24}$/i.test(line) ? '' : line;
}
