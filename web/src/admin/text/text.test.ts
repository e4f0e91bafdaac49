import { expect, test } from 'vitest';

import de from './de.json';
import en from './en.json';

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test('every language has every text of the dashboard, in the same order', () => {
  expect(Object.keys(de)).toEqual(Object.keys(en));
});

test('translations of the dashboard have the same places to fill', () => {
  for (const [key, text] of Object.entries(en)) {
    expect(holes(de[key as keyof typeof de]), key).toEqual(holes(text));
  }
});
