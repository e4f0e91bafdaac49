// What this browser remembers: the person's name for good, codes and user id for this tab.
//
// Storage may be forbidden or full. Then nothing is remembered, and nothing else changes.

import { textField, type Meeting } from './api';

const NAME = 'parlor.name';
const USER = 'parlor.user';
const MEETING = 'parlor.meeting.';

export function rememberedName(): string {
  return read(() => localStorage.getItem(NAME)) ?? '';
}

export function rememberName(name: string): void {
  read(() => localStorage.setItem(NAME, name));
}

// The same id for every join from this tab, so that the server can tell a return from a visitor.
export function userId(): string {
  const known = read(() => sessionStorage.getItem(USER));
  if (known) return known;
  const fresh = randomId();
  read(() => sessionStorage.setItem(USER, fresh));
  return fresh;
}

export function rememberMeeting(meeting: Meeting): void {
  read(() => sessionStorage.setItem(MEETING + meeting.room, JSON.stringify(meeting)));
}

export function rememberedMeeting(room: string): Meeting | null {
  const text = read(() => sessionStorage.getItem(MEETING + room));
  if (!text) return null;
  const body: unknown = read(() => JSON.parse(text));
  const meeting = {
    room: textField(body, 'room'),
    hostCode: textField(body, 'hostCode'),
    guestCode: textField(body, 'guestCode'),
  };
  return meeting.room === room && meeting.hostCode !== '' ? meeting : null;
}

// crypto.randomUUID exists only in secure contexts; the page also explains itself outside them.
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function read<T>(access: () => T): T | null {
  try {
    return access();
  } catch {
    return null;
  }
}
