// The words of the page, from one catalogue per language.

import en from './en.json';
import { fill, type Values } from './fill';

export type Catalogue = typeof en;
export type TextKey = keyof Catalogue;
type PluralKey = { [K in TextKey]: K extends `${infer Base}.other` ? Base : never }[TextKey];

let catalogue: Catalogue = en;
let language = 'en';

// Loads the first of the reader's languages that we have. English is built in.
export async function loadLanguage(wanted: readonly string[]): Promise<void> {
  const first = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find(isKnown);
  if (first !== 'de') return;
  catalogue = (await import('./de.json')).default;
  language = 'de';
  document.documentElement.lang = language;
}

function isKnown(tag: string | undefined): boolean {
  return tag === 'en' || tag === 'de';
}

export function t(key: TextKey, values: Values = {}): string {
  return fill(catalogue[key], values);
}

export function plural(key: PluralKey, count: number): string {
  const form = new Intl.PluralRules(language).select(count) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}` as TextKey, {
    count: new Intl.NumberFormat(language).format(count),
  });
}

export function clock(moment: Date): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(
    moment,
  );
}
