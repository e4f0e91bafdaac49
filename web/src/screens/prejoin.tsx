// What others would see and hear, a name, and the way in.

import {
  HMSRoomState,
  selectIsAllowedToPublish,
  selectLocalPeerRoleName,
  selectPeerCount,
  selectRoom,
  selectRoomState,
  useHMSStore,
} from '@100mslive/react-sdk';
import { useEffect, useRef, useState, type FormEvent } from 'react';

import { givenName } from '../client/person';
import { isolated, shownLine } from '../client/shown';
import { rememberedName } from '../client/storage';
import { DevicePickers } from '../parts/device-pickers';
import { Notice } from '../parts/notice';
import { Page } from '../parts/page';
import { Preview } from '../parts/preview';
import { plural, t } from '../text';
import { roleName } from '../text/names';
import type { CallState } from './use-call';

export function PreJoin({ call }: { call: CallState }) {
  const ready = useHMSStore(selectRoomState) === HMSRoomState.Preview;
  const allowed = useHMSStore(selectIsAllowedToPublish);
  const publishes = allowed.audio || allowed.video;

  return (
    <Page>
      <div className={publishes || !ready ? 'prejoin' : 'prejoin listening'}>
        {(publishes || !ready) && <Preview ready={ready} onTrouble={call.setNotice} />}
        <div className="prejoin-side">
          <RoomLines ready={ready} />
          {ready && !publishes && <p className="hint">{t('prejoin.listen')}</p>}
          <Notice problem={call.notice} onDismiss={() => call.setNotice(null)} />
          <NameForm ready={ready} joining={call.phase.at === 'joining'} onJoin={call.join} />
          {ready && publishes && <DevicePickers onTrouble={call.setNotice} />}
        </div>
      </div>
    </Page>
  );
}

function RoomLines({ ready }: { ready: boolean }) {
  const room = useHMSStore(selectRoom);
  const role = useHMSStore(selectLocalPeerRoleName);
  const count = useHMSStore(selectPeerCount);
  const name = givenName(room.name) || t('prejoin.title');
  useEffect(() => {
    document.title = `${isolated(name)} · ${t('app.name')}`;
  }, [name]);

  return (
    <div className="prejoin-lines">
      <h1 dir="auto">{name}</h1>
      <p className="muted" role="status">
        {ready ? whoIsThere(count ?? 0) : t('prejoin.preparing')}
        {ready && role && (
          <span className="role-chip">{t('prejoin.role', { role: roleName(role) })}</span>
        )}
      </p>
    </div>
  );
}

function whoIsThere(count: number): string {
  return count === 0 ? t('prejoin.alone') : plural('prejoin.people', count);
}

// The server takes 256 octets, and a letter may need three.
const NAME_MAX = 85;

interface NameFormProps {
  ready: boolean;
  joining: boolean;
  onJoin: (name: string) => void;
}

function NameForm({ ready, joining, onJoin }: NameFormProps) {
  const [name, setName] = useState(rememberedName);
  const [missing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const given = shownLine(name);
    setMissing(given === '');
    if (given === '') input.current?.focus();
    else onJoin(given);
  }

  return (
    <form className="prejoin-form" onSubmit={submit} noValidate>
      <div className="field">
        <label htmlFor="name">{t('prejoin.name')}</label>
        <input
          id="name"
          ref={input}
          data-testid="name"
          type="text"
          autoComplete="name"
          maxLength={NAME_MAX}
          value={name}
          onChange={(event) => {
            setName(event.target.value);
            setMissing(false);
          }}
          aria-invalid={missing}
          aria-describedby={missing ? 'name-missing' : undefined}
        />
        {missing && (
          <p className="hint wrong" id="name-missing" role="alert">
            {t('prejoin.name.missing')}
          </p>
        )}
      </div>
      <button
        className="button primary big wide"
        data-testid="join"
        disabled={!ready || joining}
      >
        {joining ? t('prejoin.joining') : t('prejoin.join')}
      </button>
    </form>
  );
}
