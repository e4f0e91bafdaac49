// Says that sound and pictures are not there yet, and soon, that this network lets none through:
// without it a blocked call looks like one in which nobody speaks.

import { useEffect, useState, useSyncExternalStore } from 'react';

import { mediaState, onMediaChange } from '../client/media';
import { t } from '../text';
import { Icon } from './icon';

const PATIENCE_MS = 1500; // most connections stand before anybody needs to know
const BLOCKED_MS = 8000; // ICE tries each way for a few seconds; those that work answer at once

type Stage = 'quiet' | 'connecting' | 'blocked';

export function MediaNotice() {
  const state = useSyncExternalStore(onMediaChange, mediaState);
  const stage = useStage(state === 'connecting');
  if (stage === 'quiet') return null;
  if (stage === 'connecting') {
    return (
      <div className="notice" role="status" data-testid="connecting">
        <span className="spinner tiny" />
        <p>{t('media.connecting')}</p>
      </div>
    );
  }
  return (
    <div className="notice" role="alert" data-testid="error" data-code="4005">
      <Icon name="warning" size={18} />
      <p>
        <strong>{t('problem.ice-failed')}.</strong> {t('media.blocked')}
      </p>
    </div>
  );
}

function useStage(trying: boolean): Stage {
  const [stage, setStage] = useState<Stage>('quiet');
  useEffect(() => {
    if (!trying) return;
    const timers = [
      setTimeout(() => setStage('connecting'), PATIENCE_MS),
      setTimeout(() => setStage('blocked'), BLOCKED_MS),
    ];
    return () => {
      timers.forEach(clearTimeout);
      setStage('quiet');
    };
  }, [trying]);
  return stage;
}
