// The people, as large as they fit, or a shared screen with the people beside it.

import {
  selectPeerCount,
  selectPeerScreenSharing,
  selectScreenShareByPeerID,
  selectSpeakers,
  useHMSStore,
  type HMSPeer,
} from '@100mslive/react-sdk';
import { useState } from 'react';

import { bestGrid, pageCount } from '../client/grid';
import { speakersFirst } from '../client/order';
import { plural, t } from '../text';
import { Icon } from './icon';
import { Invite } from './invite';
import { ScreenView } from './screen-view';
import { Tile } from './tile';
import { usePeople } from './use-people';
import { useSize } from './use-size';

const GAP = 10;
const PER_PAGE_WIDE = 9;
const PER_PAGE_NARROW = 4;
const NARROW = 600;
const AUDIBLE = 8; // of 100: above the noise of an open microphone

export function Stage({ invite }: { invite: string | null }) {
  const sharer = useHMSStore(selectPeerScreenSharing);
  const screen = useHMSStore(selectScreenShareByPeerID(sharer?.id));
  const people = usePeopleInOrder();
  const count = useHMSStore(selectPeerCount) ?? people.length;
  const { ref, tiles, pager } = usePages(people);
  const sharing = sharer !== undefined && screen !== undefined;
  const shown = sharing ? people.map((peer) => ({ peer })) : tiles;

  // The list keeps its place in both layouts, so that no picture starts anew when a screen
  // comes or goes.
  return (
    <div className={sharing ? 'screen-layout' : 'grid-layout'}>
      {sharing && <ScreenView key={screen.id} trackId={screen.id} sharer={sharer} />}
      <ul
        key="people"
        className={sharing ? 'strip' : 'tiles'}
        ref={ref}
        aria-label={plural('people.count', people.length)}
      >
        {shown.map((tile) => (
          <Tile key={tile.peer.id} {...tile} />
        ))}
      </ul>
      {!sharing && pager.pages > 1 && <Pager {...pager} />}
      {!sharing && people.length === 0 && count > 1 && (
        <p className="stage-empty">{t('stage.nobody')}</p>
      )}
      {!sharing && count <= 1 && people.length <= 1 && <Alone invite={invite} />}
    </div>
  );
}

// Those who can be seen or heard: oneself first, then the others in the order in which they came.
function usePeopleInOrder(): HMSPeer[] {
  const { onStage: peers } = usePeople();
  const joined = (peer: HMSPeer) => peer.joinedAt?.getTime() ?? 0;
  return [...peers].sort(
    (a, b) => Number(b.isLocal) - Number(a.isLocal) || joined(a) - joined(b),
  );
}

// The people of the current page, each with the size which fills the stage.
function usePages(people: HMSPeer[]) {
  const [ref, size] = useSize();
  const [wanted, setPage] = useState(0);
  const perPage = size.width < NARROW ? PER_PAGE_NARROW : PER_PAGE_WIDE;
  const ordered = useSpeakersFirst(people, perPage);
  const pages = pageCount(ordered.length, perPage);
  const page = Math.min(wanted, pages - 1);
  const onPage = ordered.slice(page * perPage, (page + 1) * perPage);
  const { tileWidth, tileHeight } = bestGrid(onPage.length, size.width, size.height, GAP);
  const tiles = onPage.map((peer) => ({ peer, width: tileWidth, height: tileHeight }));
  return { ref, tiles, pager: { page, pages, onPage: setPage } };
}

function useSpeakersFirst(people: HMSPeer[], perPage: number): HMSPeer[] {
  const speakers = useHMSStore(selectSpeakers);
  const speaking = new Set(
    Object.values(speakers)
      .filter((speaker) => speaker.audioLevel > AUDIBLE)
      .map((speaker) => speaker.peerID),
  );
  const byId = new Map(people.map((peer) => [peer.id, peer]));
  return speakersFirst([...byId.keys()], speaking, perPage)
    .map((id) => byId.get(id))
    .filter((peer) => peer !== undefined);
}

interface PagerProps {
  page: number;
  pages: number;
  onPage: (page: number) => void;
}

function Pager({ page, pages, onPage }: PagerProps) {
  return (
    <nav className="pager" aria-label={t('stage.page', { page: page + 1, pages })}>
      <button
        type="button"
        className="icon-button small"
        aria-label={t('stage.page.previous')}
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
      >
        <Icon name="left" size={18} />
      </button>
      <span>{`${page + 1} / ${pages}`}</span>
      <button
        type="button"
        className="icon-button small"
        aria-label={t('stage.page.next')}
        disabled={page === pages - 1}
        onClick={() => onPage(page + 1)}
      >
        <Icon name="right" size={18} />
      </button>
    </nav>
  );
}

function Alone({ invite }: { invite: string | null }) {
  return (
    <div className="alone">
      <p>
        <strong>{t('stage.alone.title')}</strong>
        <span>{t('stage.alone.text')}</span>
      </p>
      <Invite code={invite} />
    </div>
  );
}
