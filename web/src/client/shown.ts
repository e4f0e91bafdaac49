// Texts that somebody else chose, names, roles, messages and reasons, as this page shows them.

// Control characters, halves of a character, and what turns around the text that follows it. The
// marks of one direction stay: people write with them, and they turn nothing.
const DROPPED = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;
const DROPPED_IN_LINES = /[^\n\t\P{Cc}]|[\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

// What takes ink: neither blank, nor ignorable, nor a mark without a letter below it. The blank
// pattern of Braille counts as a symbol.
const INK = /[^\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

// Marks are drawn on top of each other. Scripts need six or seven on a letter; hundreds would
// reach over what stands above and below.
const PILED = /(\p{M}{8})\p{M}+/gu;

// One line, such as a name. Empty when nothing of it can be seen.
export function shownLine(text: string | null | undefined): string {
  const line = (text ?? '')
    .replace(/\s+/gu, ' ')
    .replace(DROPPED, '')
    .replace(PILED, '$1')
    .trim();
  return INK.test(line) ? line : '';
}

// A name, no longer than a list, a sentence or the top of a page has room for.
const NAME_MAX = 64;

export function shownName(name: string | null | undefined): string {
  const line = shownLine(name);
  const letters = [...line];
  return letters.length <= NAME_MAX ? line : `${letters.slice(0, NAME_MAX - 1).join('')}…`;
}

// A message, which may have several lines.
export function shownText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(DROPPED_IN_LINES, '')
    .replace(PILED, '$1');
}

// Letters that are written from right to left, and the marks that stand for one.
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// For the middle of one of our sentences, which are written from left to right: letters of the
// other direction must not take the words around them along.
export function isolated(line: string): string {
  return RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}
