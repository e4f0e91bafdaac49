// The words of the dashboard. They are its own, so that no meeting loads them.

import { useSyncExternalStore } from 'react';

import { fill, type Values } from '../../text/fill';
import de from './de.json';
import en from './en.json';

export type TextKey = keyof typeof en;

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

const CATALOGUES: Record<Language, typeof en> = { en, de };
const KEPT_AS = 'parlor:admin-language';

const listeners = new Set<() => void>();
let language: Language = firstLanguage();
show(language);

export function t(key: TextKey, values: Values = {}): string {
  return fill(CATALOGUES[language][key], values);
}

export function moment(iso: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(iso),
  );
}

export function useLanguage(): Language {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => language,
  );
}

export function chooseLanguage(wanted: Language): void {
  language = wanted;
  localStorage.setItem(KEPT_AS, wanted);
  show(wanted);
  for (const changed of listeners) changed();
}

function show(shown: Language): void {
  document.documentElement.lang = shown;
  document.title = CATALOGUES[shown].title;
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AS) ?? '';
  const wanted = [kept, ...navigator.languages].map((tag) => tag.toLowerCase().split('-')[0]);
  return wanted.find(isLanguage) ?? 'en';
}

function isLanguage(tag: string | undefined): tag is Language {
  return tag !== undefined && Object.hasOwn(LANGUAGES, tag);
}
