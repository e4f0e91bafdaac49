// A page around the unmodified official SDK, with no UI: tests drive it through window.person.
import {
  HMSReactiveStore, selectConnectionQualities, selectHMSMessages, selectIsConnectedToRoom,
  selectLocalPeer, selectPeerCount, selectPeers, selectPolls, selectRoleChangeRequest, selectRoom,
  selectRoomState, selectSessionStore, selectSpeakers,
  selectTracksMap,
} from '@100mslive/hms-video-store';

const hms = new HMSReactiveStore();
const actions = hms.getActions();
const store = hms.getStore();
const notifications = [];
const marks = {};
hms.triggerOnSubscribe();
hms.getNotifications().onNotification((n) =>
  notifications.push({ type: n.type, code: n.data?.code, data: n.data?.name, message: n.data?.message,
    enabled: n.data?.enabled, reason: n.data?.reason, ended: n.data?.roomEnded }));

// Shows every remote video: attaching is what makes the SDK ask for it.
const shown = new Map();
let holds = false; // whether videos are left unseen
async function showVideos() {
  if (holds) return;
  const tracks = store.getState(selectTracksMap);
  const wanted = new Set();
  for (const peer of store.getState(selectPeers)) {
    if (peer.isLocal) continue;
    for (const id of [peer.videoTrack, ...(peer.auxiliaryTracks ?? [])]) {
      if (!id || tracks[id]?.type !== 'video') continue;
      wanted.add(id);
      if (shown.has(id)) continue;
      const element = document.createElement('video');
      element.autoplay = element.muted = element.playsInline = true;
      element.width = 320;
      element.dataset.track = id;
      document.body.append(element);
      shown.set(id, element);
      element.requestVideoFrameCallback(() => {
        marks.firstFrame ??= performance.now();
        marks[`frame ${id}`] = performance.now();
      });
      actions.attachVideo(id, element).catch((error) => console.error('attach', String(error)));
    }
  }
  for (const [id, element] of shown) {
    if (wanted.has(id)) continue;
    element.remove();
    shown.delete(id);
  }
}
store.subscribe(showVideos, selectTracksMap);
store.subscribe(showVideos, selectPeers);

window.person = {
  actions, store, marks, notifications,
  async login(code, endpoint, userId) {
    return actions.getAuthTokenByRoomCode({ roomCode: code, userId }, { endpoint });
  },
  async join(config) {
    marks.join = performance.now();
    await actions.join(config);
    marks.joined = performance.now();
  },
  async preview(config) {
    await actions.preview(config);
  },
  state() {
    const tracks = store.getState(selectTracksMap);
    return {
      roomState: store.getState(selectRoomState),
      connected: !!store.getState(selectIsConnectedToRoom),
      room: store.getState(selectRoom),
      peerCount: store.getState(selectPeerCount),
      local: store.getState(selectLocalPeer),
      peers: store.getState(selectPeers),
      tracks: Object.values(tracks).map((t) => ({
        id: t.id, type: t.type, source: t.source, enabled: t.enabled, peerId: t.peerId,
        degraded: t.degraded, layer: t.layer,
      })),
      speakers: store.getState(selectSpeakers),
      session: store.getState(selectSessionStore()),
      quality: store.getState(selectConnectionQualities),
      polls: Object.values(store.getState(selectPolls) ?? {}),
      roleRequest: store.getState(selectRoleChangeRequest),
      messages: store.getState(selectHMSMessages).map((m) => ({
        id: m.id, message: m.message, type: m.type, sender: m.sender, senderName: m.senderName,
        time: m.time ? new Date(m.time).getTime() : null, private: !!m.recipientPeer,
      })),
      notifications, marks,
    };
  },
  holdVideos() {
    holds = true;
  },
  async hideVideos() {
    holds = true;
    for (const [id, element] of shown) {
      await actions.detachVideo(id, element);
      element.remove();
      shown.delete(id);
    }
  },
  async showVideos() {
    holds = false;
    await showVideos();
  },
  // A picture that is not blank has more than a few colours.
  colours() {
    const video = [...document.querySelectorAll('video')].find((v) => v.videoWidth > 0);
    if (!video) return 0;
    const canvas = new OffscreenCanvas(64, 64);
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 64);
    const pixels = context.getImageData(0, 0, 64, 64).data;
    const seen = new Set();
    for (let i = 0; i < pixels.length; i += 4) {
      seen.add((pixels[i] >> 4) << 8 | (pixels[i + 1] >> 4) << 4 | pixels[i + 2] >> 4);
    }
    return seen.size;
  },
};
window.personReady = true;
