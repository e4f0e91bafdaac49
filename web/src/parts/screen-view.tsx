// A shared screen, whole, with the name of whose it is.

import { useScreenShare, type HMSPeer } from '@100mslive/react-sdk';

import { t } from '../text';
import { personName } from '../text/names';
import { Icon } from './icon';
import { Picture } from './picture';

export function ScreenView({ trackId, sharer }: { trackId: string; sharer: HMSPeer }) {
  const { toggleScreenShare } = useScreenShare();
  const label = sharer.isLocal
    ? t('stage.screen.yours')
    : t('stage.screen.of', { name: personName(sharer.name) });
  return (
    <section
      className="screen-view"
      aria-label={label}
      data-testid="screen"
      data-peer-id={sharer.id}
    >
      <Picture trackId={trackId} whole />
      <p className="tile-name">
        <Icon name="screen" size={16} />
        <span className="tile-name-text">{label}</span>
      </p>
      {sharer.isLocal && toggleScreenShare && (
        <button
          type="button"
          className="button slim screen-stop"
          onClick={() => void toggleScreenShare()}
        >
          <Icon name="screenOff" size={18} />
          {t('stage.screen.stop')}
        </button>
      )}
    </section>
  );
}
