// One's own camera and microphone before joining.

import {
  selectIsLocalAudioEnabled,
  selectIsLocalVideoEnabled,
  selectLocalPeer,
  selectTrackAudioByID,
  useHMSActions,
  useHMSStore,
} from '@100mslive/react-sdk';
import { useEffect, useState } from 'react';

import { askForDevices, deviceTrouble, grantedDevices } from '../client/devices';
import { problem, thrownProblem, type Problem } from '../client/problem';
import { t } from '../text';
import { Icon } from './icon';
import { Picture } from './picture';
import { RoundToggle } from './round-toggle';
import { useDevices } from './use-devices';

interface PreviewProps {
  ready: boolean;
  onTrouble: (trouble: Problem) => void;
}

export function Preview({ ready, onTrouble }: PreviewProps) {
  const me = useHMSStore(selectLocalPeer);
  const micOn = useHMSStore(selectIsLocalAudioEnabled);
  const camOn = useHMSStore(selectIsLocalVideoEnabled);
  const { toggleAudio, toggleVideo } = useDevices((error) => onTrouble(thrownProblem(error)));
  const asking = useAsking(ready && !micOn && !camOn, onTrouble);

  return (
    <section className="preview" aria-label={t('prejoin.preview')}>
      {ready && camOn && me?.videoTrack ? (
        <Picture trackId={me.videoTrack} mirrored />
      ) : (
        !asking.open && (
          <p className="preview-off">
            {ready ? t('prejoin.camera.off') : t('prejoin.camera.starting')}
          </p>
        )
      )}
      {asking.open && (
        <div className="preview-ask">
          <h2>{t('prejoin.ask.title')}</h2>
          <p>{t('prejoin.ask.text')}</p>
          <button
            type="button"
            className="button primary"
            data-testid="allow-devices"
            disabled={asking.busy}
            onClick={asking.allow}
          >
            {t('prejoin.ask.allow')}
          </button>
          <button type="button" className="button" onClick={asking.skip}>
            {t('prejoin.ask.skip')}
          </button>
        </div>
      )}
      {ready && micOn && <Level trackId={me?.audioTrack} />}
      {ready && !asking.open && (
        <div className="preview-toggles">
          {toggleAudio && (
            <RoundToggle
              name={t('control.mic')}
              testId="mic"
              on={micOn}
              icons={['mic', 'micOff']}
              onToggle={toggleAudio}
            />
          )}
          {toggleVideo && (
            <RoundToggle
              name={t('control.cam')}
              testId="cam"
              on={camOn}
              icons={['camera', 'cameraOff']}
              onToggle={toggleVideo}
            />
          )}
        </div>
      )}
    </section>
  );
}

// Explains why before the browser asks, and only where the browser would ask.
function useAsking(bothOff: boolean, onTrouble: (trouble: Problem) => void) {
  const actions = useHMSActions();
  const [wanted, setWanted] = useState(false);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    void grantedDevices().then(({ audio, video }) => setWanted(!audio && !video));
  }, []);

  async function allow() {
    setBusy(true);
    const given = await askForDevices();
    setBusy(false);
    setWanted(false);
    if ('error' in given) {
      onTrouble(problem(deviceTrouble(given.error), '3001'));
      return;
    }
    try {
      if (given.audio) await actions.setLocalAudioEnabled(true);
      if (given.video) await actions.setLocalVideoEnabled(true);
      await actions.refreshDevices(); // names of devices are told only after permission
    } catch (thrown) {
      onTrouble(thrownProblem(thrown));
    }
  }

  return {
    open: wanted && bothOff,
    busy,
    allow: () => void allow(),
    skip: () => setWanted(false),
  };
}

const BARS = 5;

function Level({ trackId }: { trackId: string | undefined }) {
  const level = useHMSStore(selectTrackAudioByID(trackId)) ?? 0;
  const lit = Math.ceil((Math.min(level, 60) / 60) * BARS);
  return (
    <div
      className="level"
      role="meter"
      aria-label={t('prejoin.level')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level)}
    >
      <Icon name="mic" size={16} />
      {Array.from({ length: BARS }, (_, i) => (
        <span key={i} className={i < lit ? 'level-bar lit' : 'level-bar'} />
      ))}
    </div>
  );
}
