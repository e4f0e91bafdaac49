// What people, rooms and roles are called here, whatever name they were given.

import { shownName } from '../client/shown';
import { t } from './index';

type Given = string | null | undefined;

export function personName(given: Given): string {
  return shownName(given) || t('stage.unknown');
}

// Of whoever did something, who may have no name because a program did it.
export function actorName(given: Given): string {
  return shownName(given) || t('request.somebody');
}

export function roleName(given: Given): string {
  return shownName(given) || t('people.role.unnamed');
}
