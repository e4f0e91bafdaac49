// The places of a sentence, filled in.

import { isolated, shownLine } from '../client/shown';

export type Values = Record<string, string | number>;

// Others choose most of what is filled in.
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name] ?? whole;
    return typeof value === 'number' ? String(value) : isolated(shownLine(value));
  });
}
