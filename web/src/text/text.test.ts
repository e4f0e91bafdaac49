import { expect, test } from 'vitest';

import de from './de.json';
import en from './en.json';
import { fill } from './fill';
import { plural, t } from './index';

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test('every language has every text, in the same order', () => {
  expect(Object.keys(de)).toEqual(Object.keys(en));
});

test('translations have the same places to fill', () => {
  for (const [key, text] of Object.entries(en)) {
    expect(holes(de[key as keyof typeof de]), key).toEqual(holes(text));
  }
});

test('names are filled in, and unknown places stay visible', () => {
  expect(fill('{name} joined {room}', { name: 'Ada' })).toBe('Ada joined {room}');
  expect(t('event.joined', { name: '$&' })).toBe('$& joined');
});

test('one person is, two people are', () => {
  expect(plural('prejoin.people', 1)).toBe('1 person is in the meeting');
  expect(plural('prejoin.people', 2)).toBe('2 people are in the meeting');
});

test('what is filled in cannot turn the sentence around, break it or hide in it', () => {
  expect(fill('{name} joined', { name: '\u202eeve\u0007\n' })).toBe('eve joined');
  expect(fill('{name} joined', { name: 'שרה' })).toBe('\u2068שרה\u2069 joined');
});
