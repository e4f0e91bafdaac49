// A video track on the screen. The SDK asks the server for it while it is visible.

import { useVideo } from '@100mslive/react-sdk';

interface PictureProps {
  trackId: string;
  mirrored?: boolean;
  whole?: boolean; // show all of it rather than fill the box
}

export function Picture({ trackId, mirrored = false, whole = false }: PictureProps) {
  const { videoRef } = useVideo({ trackId });
  const names = ['picture', mirrored && 'mirrored', whole && 'whole'];
  return (
    <video
      ref={videoRef}
      className={names.filter(Boolean).join(' ')}
      autoPlay
      muted
      playsInline
    />
  );
}
