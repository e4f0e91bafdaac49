// Whether sound and pictures get through. The SDK says that somebody has joined as soon as the
// signalling says so, and tells of a network that lets no media through only when it has tried for
// half a minute. So the page looks at the connections itself.

export type MediaState = 'none' | 'connecting' | 'connected';

const connections = new Set<RTCPeerConnection>();

// From now on the connections of the page are seen. Once, before there is any.
export function watchMedia(): void {
  if (!('RTCPeerConnection' in window)) return;
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.add(this);
    }

    override close(): void {
      super.close();
      connections.delete(this);
    }
  };
}

export function openConnections(): RTCPeerConnection[] {
  return [...connections];
}

// Calls `changed` when it is worth asking for the state again.
export function onMediaChange(changed: () => void): () => void {
  const timer = setInterval(changed, 500); // a description that was set tells no event
  return () => clearInterval(timer);
}

export function mediaState(): MediaState {
  return stateOf([...connections]);
}

export type Watched = Pick<RTCPeerConnection, 'connectionState' | 'currentRemoteDescription'>;

// Of all connections: one that stands is a way through. One that both sides have described tries,
// also where the browser finds no address to try it from, and calls it new for ever.
export function stateOf(watched: readonly Watched[]): MediaState {
  const open = watched.filter((one) => one.connectionState !== 'closed');
  if (open.some((one) => one.connectionState === 'connected')) return 'connected';
  return open.some((one) => one.currentRemoteDescription !== null) ? 'connecting' : 'none';
}
