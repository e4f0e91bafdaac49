// Search and paging of a list, as parts of the address: a link to a page is a link to that page.

import type { FormEvent } from 'react';

import { navigate, useSearch } from '../router';
import { t } from './text';
import styles from './admin.module.css';

export interface Place {
  search: string;
  start: string;
}

export function usePlace(): Place {
  const fields = new URLSearchParams(useSearch());
  return { search: fields.get('search') ?? '', start: fields.get('start') ?? '' };
}

export function go(place: Partial<Place>): void {
  const fields = Object.entries(place).filter(([, value]) => value !== '');
  const query = new URLSearchParams(fields).toString();
  navigate(location.pathname + (query === '' ? '' : `?${query}`));
}

export function Search({ place, label }: { place: Place; label: string }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    go({ search: String(new FormData(event.currentTarget).get('search')).trim() });
  }
  return (
    <form className={styles.search} role="search" onSubmit={submit}>
      <input
        key={place.search}
        type="search"
        name="search"
        aria-label={label}
        placeholder={label}
        defaultValue={place.search}
        data-testid="search"
      />
      <button className="button">{t('rooms.search.go')}</button>
    </form>
  );
}

interface PagesProps {
  place: Place;
  next: string; // '' on the last page
}

export function Pages({ place, next }: PagesProps) {
  if (place.start === '' && next === '') return null;
  return (
    <div className={styles.pages}>
      <button
        type="button"
        className="button"
        disabled={place.start === ''}
        data-testid="page-first"
        onClick={() => go({ search: place.search })}
      >
        {t('page.first')}
      </button>
      <button
        type="button"
        className="button"
        disabled={next === ''}
        data-testid="page-next"
        onClick={() => go({ search: place.search, start: next })}
      >
        {t('page.next')}
      </button>
    </div>
  );
}
