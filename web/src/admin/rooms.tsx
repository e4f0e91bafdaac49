// The rooms: finding, making, opening and closing, and deleting them.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { Confirm, FormError } from '../ui/dialog';
import { Table, type Column } from '../ui/table';
import { call, query, type Listed, type Room, type Session } from './api';
import { Pages, Search, usePlace } from './pages';
import { refusalText } from './refusal';
import { RoomCodes } from './room-codes';
import { RoomForm } from './room-form';
import { moment, t } from './text';
import styles from './admin.module.css';

const PAGE = 20;

export function Rooms({ session }: { session: Session }) {
  const mayChange = session.account.role !== 'viewer';
  const place = usePlace();
  const [making, setMaking] = useState(false);
  const [linked, setLinked] = useState<Room | null>(null);
  const [doomed, setDoomed] = useState<Room | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['rooms'] });

  const rooms = useQuery({
    queryKey: ['rooms', place],
    queryFn: () => {
      const fields = { name: place.search, start: place.start, limit: String(PAGE) };
      return call<Listed<Room>>('GET', `rest/rooms${query(fields)}`);
    },
  });
  const enable = useMutation({
    mutationFn: (room: Room) =>
      call('POST', `rest/rooms/${room.id}`, session.csrf, { enabled: !room.enabled }),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: (room: Room) => call('DELETE', `rest/rooms/${room.id}`, session.csrf),
    onSuccess: () => {
      setDoomed(null);
      return refresh();
    },
  });

  const enabled = (room: Room) => (
    <input
      type="checkbox"
      className={styles.check}
      aria-label={t('rooms.enabled.of', { name: room.name })}
      checked={room.enabled}
      disabled={!mayChange || enable.isPending}
      data-testid="room-enabled"
      onChange={() => enable.mutate(room)}
    />
  );
  const actions = (room: Room) => (
    <span className={styles.actions}>
      <button
        type="button"
        className="button"
        aria-label={t('rooms.codes.of', { name: room.name })}
        data-testid="room-codes"
        onClick={() => setLinked(room)}
      >
        {t('rooms.codes')}
      </button>
      <button
        type="button"
        className="button"
        aria-label={t('rooms.delete.of', { name: room.name })}
        data-testid="room-delete"
        onClick={() => {
          remove.reset();
          setDoomed(room);
        }}
      >
        {t('rooms.delete')}
      </button>
    </span>
  );
  const columns: Column<Room>[] = [
    { title: t('rooms.name'), cell: (room) => <bdi>{room.name}</bdi> },
    { title: t('rooms.template'), cell: (room) => <bdi>{room.template}</bdi> },
    { title: t('rooms.created'), cell: (room) => moment(room.created_at) },
    { title: t('rooms.enabled'), cell: enabled },
  ];
  if (mayChange) columns.push({ title: t('rooms.actions'), cell: actions });
  const problem = rooms.error ?? enable.error;
  const full = rooms.data?.data.length === PAGE;

  return (
    <>
      <div className={styles.title}>
        <div>
          <h1>{t('rooms.title')}</h1>
          <p className="muted">{t('rooms.lead')}</p>
        </div>
        {mayChange && (
          <button
            type="button"
            className="button primary"
            data-testid="room-new"
            onClick={() => setMaking(true)}
          >
            {t('rooms.new')}
          </button>
        )}
      </div>
      <Search place={place} label={t('rooms.search')} />
      {problem && <FormError text={refusalText(problem)} />}
      {!rooms.error && (
        <Table
          caption={t('rooms.title')}
          columns={columns}
          rows={rooms.data?.data}
          rowId={(room) => room.id}
          rowProps={(room) => ({ 'data-testid': 'room-row', 'data-room-id': room.id })}
          loading={t('loading')}
          empty={place.search === '' ? t('rooms.empty') : t('rooms.empty.found')}
        />
      )}
      <Pages place={place} next={full ? (rooms.data?.last ?? '') : ''} />
      {making && (
        <RoomForm
          csrf={session.csrf}
          onClose={() => setMaking(false)}
          onMade={() => {
            setMaking(false);
            void refresh();
          }}
        />
      )}
      {linked && (
        <RoomCodes room={linked} csrf={session.csrf} onClose={() => setLinked(null)} />
      )}
      {doomed && (
        <Confirm
          title={t('rooms.delete.title', { name: doomed.name })}
          text={t('rooms.delete.text')}
          yes={t('rooms.delete')}
          no={t('cancel')}
          problem={remove.error ? refusalText(remove.error) : ''}
          busy={remove.isPending}
          onYes={() => remove.mutate(doomed)}
          onNo={() => setDoomed(null)}
        />
      )}
    </>
  );
}
