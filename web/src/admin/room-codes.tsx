// The links of a room, one for each role.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { meetingPath } from '../client/code';
import { Dialog, FormError } from '../ui/dialog';
import dialogStyles from '../ui/dialog.module.css';
import { call, type Listed, type Room, type RoomCode } from './api';
import { refusalText } from './refusal';
import { t } from './text';
import styles from './admin.module.css';

interface RoomCodesProps {
  room: Room;
  csrf: string;
  onClose: () => void;
}

export function RoomCodes({ room, csrf, onClose }: RoomCodesProps) {
  const path = `rest/room-codes/room/${room.id}`;
  const client = useQueryClient();
  const codes = useQuery({
    queryKey: ['codes', room.id],
    queryFn: () => call<Listed<RoomCode>>('GET', `${path}?enabled=true&limit=100`),
  });
  const make = useMutation({
    mutationFn: () => call('POST', path, csrf),
    onSuccess: () => client.invalidateQueries({ queryKey: ['codes', room.id] }),
  });
  const [copied, setCopied] = useState('');
  const problem = codes.error ?? make.error;

  async function copy(code: string) {
    await navigator.clipboard.writeText(location.origin + meetingPath(code));
    setCopied(code);
  }

  return (
    <Dialog title={t('rooms.codes.of', { name: room.name })} onClose={onClose}>
      {problem && <FormError text={refusalText(problem)} />}
      {codes.isPending && (
        <p role="status" data-testid="loading">
          {t('loading')}
        </p>
      )}
      {codes.data?.data.length === 0 && <p data-testid="empty">{t('rooms.codes.none')}</p>}
      <ul className={styles.codes}>
        {codes.data?.data.map(({ code, role }) => (
          <li key={code}>
            <bdi>{role}</bdi>
            <code data-testid={`code-${role}`}>{code}</code>
            <span className={styles.actions}>
              <a
                className="button"
                href={meetingPath(code)}
                target="_blank"
                rel="noreferrer"
                aria-label={t('rooms.codes.open.as', { role })}
                data-testid={`link-${role}`}
              >
                {t('rooms.codes.open')}
              </a>
              <button
                type="button"
                className="button"
                aria-label={t('rooms.codes.copy.as', { role })}
                onClick={() => void copy(code).catch(() => setCopied(''))}
              >
                {copied === code ? t('rooms.codes.copied') : t('rooms.codes.copy')}
              </button>
            </span>
          </li>
        ))}
      </ul>
      <p className="unseen" role="status">
        {copied !== '' && t('rooms.codes.copied')}
      </p>
      <div className={dialogStyles.actions}>
        <button
          type="button"
          className="button"
          disabled={make.isPending}
          data-testid="codes-make"
          onClick={() => make.mutate()}
        >
          {t('rooms.codes.make')}
        </button>
        <button type="button" className="button primary" data-testid="close" onClick={onClose}>
          {t('rooms.codes.close')}
        </button>
      </div>
    </Dialog>
  );
}
