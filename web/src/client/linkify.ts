// Finds web addresses in a chat message. The result is drawn as text and links, never as HTML.

export interface Piece {
  text: string;
  href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,:;!?)\]}]+$/; // ends the sentence rather than the address

export function linkify(message: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of message.matchAll(ADDRESS)) {
    const text = match[0].replace(TRAILING, '');
    if (!isWebAddress(text)) continue;
    if (match.index > done) pieces.push({ text: message.slice(done, match.index) });
    pieces.push({ text, href: text });
    done = match.index + text.length;
  }
  if (done < message.length) pieces.push({ text: message.slice(done) });
  return pieces;
}

function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}
