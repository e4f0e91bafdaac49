// The switches of microphone and camera.

import {
  selectLocalAudioTrackID,
  selectLocalVideoTrackID,
  useAVToggle,
  useHMSActions,
  useHMSStore,
} from '@100mslive/react-sdk';
import { useEffect, useRef } from 'react';

// As the SDK's useAVToggle(). That one forgets a click while there is no track yet, as after a
// change of role, until the browser has opened the device: here the click waits for the track.
export function useDevices(onTrouble: (thrown: unknown) => void) {
  const actions = useHMSActions();
  const av = useAVToggle(onTrouble);
  const askForAudio = useWish(
    useHMSStore(selectLocalAudioTrackID),
    () => actions.setLocalAudioEnabled(true),
    onTrouble,
  );
  const askForVideo = useWish(
    useHMSStore(selectLocalVideoTrackID),
    () => actions.setLocalVideoEnabled(true),
    onTrouble,
  );
  return {
    ...av,
    toggleAudio: av.toggleAudio && (askForAudio ?? av.toggleAudio),
    toggleVideo: av.toggleVideo && (askForVideo ?? av.toggleVideo),
  };
}

// While there is no track: what notes the wish for it, which is fulfilled as soon as there is.
// Who asks twice does not take the wish back; it shows nothing yet.
function useWish(
  trackId: string | undefined,
  switchOn: () => Promise<void>,
  onTrouble: (thrown: unknown) => void,
) {
  const wanted = useRef(false);
  const last = useRef({ switchOn, onTrouble });
  last.current = { switchOn, onTrouble };
  useEffect(() => {
    if (!trackId || !wanted.current) return;
    wanted.current = false;
    last.current.switchOn().catch(last.current.onTrouble);
  }, [trackId]);
  if (trackId) return undefined;
  return () => {
    wanted.current = true;
  };
}
