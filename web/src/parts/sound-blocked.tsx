// Browsers let a page play sound only after a click; a page reloaded in a call has none yet.

import { useAutoplayError } from '@100mslive/react-sdk';

import { t } from '../text';
import { Icon } from './icon';

export function SoundBlocked() {
  const { error, unblockAudio, resetError } = useAutoplayError();
  if (!error) return null;
  const unblock = async () => {
    await unblockAudio();
    resetError();
  };
  return (
    <div className="notice" role="alert" data-code="3008">
      <Icon name="speaker" size={18} />
      <p>{t('sound.blocked')}</p>
      <button type="button" className="button primary slim" onClick={() => void unblock()}>
        {t('sound.unblock')}
      </button>
    </div>
  );
}
