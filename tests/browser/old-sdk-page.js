// A page around an unmodified SDK of some year, by what all of them have in common.
import { HMSReactiveStore, selectHMSMessages, selectIsConnectedToRoom, selectPeers, selectTracksMap } from 'sdk';

const hms = new HMSReactiveStore();
hms.triggerOnSubscribe?.();
const actions = hms.getActions ? hms.getActions() : hms.getHMSActions();
const store = hms.getStore();

// Shows every remote video: attaching is what makes the SDK ask for it.
const shown = new Set();
function showVideos() {
  const tracks = store.getState(selectTracksMap);
  for (const peer of store.getState(selectPeers)) {
    if (peer.isLocal || !tracks[peer.videoTrack] || shown.has(peer.videoTrack)) continue;
    const element = document.createElement('video');
    element.autoplay = element.muted = element.playsInline = true;
    element.width = 320;
    document.body.append(element);
    shown.add(peer.videoTrack);
    actions.attachVideo(peer.videoTrack, element);
  }
}
store.subscribe(showVideos, selectTracksMap);
store.subscribe(showVideos, selectPeers);

window.person = {
  join: (config) => { actions.join(config); },
  preview: (config) => { actions.preview(config); },
  say: (text) => { actions.sendBroadcastMessage(text); },
  leave: () => actions.leave(),
  state: () => ({
    connected: !!store.getState(selectIsConnectedToRoom),
    peers: store.getState(selectPeers).map((peer) => ({
      name: peer.name, role: peer.roleName ?? peer.role, isLocal: peer.isLocal, video: !!peer.videoTrack, audio: !!peer.audioTrack,
    })),
    messages: store.getState(selectHMSMessages).map((message) => message.message),
  }),
};
window.personReady = true;
