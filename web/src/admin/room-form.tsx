// A new room.

import { useMutation, useQuery } from '@tanstack/react-query';
import type { FormEvent } from 'react';

import { Dialog, FormError } from '../ui/dialog';
import dialogStyles from '../ui/dialog.module.css';
import { call, query, type Listed, type Room, type Template } from './api';
import { refusalText } from './refusal';
import { t } from './text';

const NAME = /^[a-zA-Z0-9.:_-]{1,200}$/;

class NameFault extends Error {}

interface RoomFormProps {
  csrf: string;
  onClose: () => void;
  onMade: () => void;
}

export function RoomForm({ csrf, onClose, onMade }: RoomFormProps) {
  const templates = useQuery({
    queryKey: ['templates', 'choice'],
    queryFn: () => call<Listed<Template>>('GET', 'rest/templates?limit=100'),
  });
  const make = useMutation({
    mutationFn: async ({ name, template }: { name: string; template: string }) => {
      // The call for back ends would change the room that is there.
      if (name !== '') {
        if (!NAME.test(name)) throw new NameFault(t('error.room.name'));
        const there = await call<Listed<Room>>('GET', `rest/rooms${query({ name })}`);
        if (there.data.length > 0) throw new NameFault(t('error.room.taken'));
      }
      const wish = { name: name || undefined, template_id: template || undefined };
      return call<Room>('POST', 'rest/rooms', csrf, wish);
    },
    onSuccess: onMade,
  });
  const atName = make.error instanceof NameFault;
  const problem = make.error ?? templates.error;

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    make.mutate({
      name: String(given.get('name')).trim(),
      template: String(given.get('template')),
    });
  }

  return (
    <Dialog title={t('rooms.new')} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor="room-name">{t('rooms.name')}</label>
          <input
            id="room-name"
            name="name"
            autoComplete="off"
            autoFocus
            aria-invalid={atName}
            aria-describedby={atName ? 'room-problem' : 'room-name-hint'}
            data-testid="room-name"
          />
          <p className="hint" id="room-name-hint">
            {t('rooms.name.hint')}
          </p>
        </div>
        <div className="field">
          <label htmlFor="room-template">{t('rooms.template')}</label>
          <select
            id="room-template"
            name="template"
            aria-describedby="room-template-hint"
            data-testid="room-template"
          >
            <option value="">{t('rooms.template.default')}</option>
            {templates.data?.data.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
          <p className="hint" id="room-template-hint">
            {t('rooms.template.hint')}
          </p>
        </div>
        {problem && (
          <FormError
            id="room-problem"
            text={problem instanceof NameFault ? problem.message : refusalText(problem)}
            field={atName ? 'name' : ''}
          />
        )}
        <div className={dialogStyles.actions}>
          <button type="button" className="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button className="button primary" disabled={make.isPending} data-testid="room-save">
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
