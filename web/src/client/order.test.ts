import { expect, test } from 'vitest';

import { speakersFirst } from './order';

const people = ['me', 'b', 'c', 'd', 'e'];

test('nobody moves while the speakers are on the first page', () => {
  expect(speakersFirst(people, new Set(['c']), 3)).toEqual(people);
});

test('a speaker from page two takes the place of the last silent one', () => {
  expect(speakersFirst(people, new Set(['e']), 3)).toEqual(['me', 'b', 'e', 'd', 'c']);
});

test('speakers on page one keep their places', () => {
  expect(speakersFirst(people, new Set(['c', 'd']), 3)).toEqual(['me', 'd', 'c', 'b', 'e']);
});

test('the first place is never given away', () => {
  expect(speakersFirst(people, new Set(['b', 'c', 'd', 'e']), 3)).toEqual(people);
});

test('a page of one shows oneself', () => {
  expect(speakersFirst(people, new Set(['e']), 1)).toEqual(people);
});
