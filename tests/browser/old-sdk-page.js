// A page around an unmodified SDK of some year, by what all of them have in common.
import * as sdk from 'sdk';

const { selectHMSMessages, selectIsConnectedToRoom, selectPeers, selectTracksMap } = sdk;
const hms = new sdk.HMSReactiveStore();
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
  say: (text) => { actions.sendBroadcastMessage(text); },
  // SDKs since 2023 have polls.
  hasPolls: !!actions.interactivityCenter,
  async startQuiz() {
    await actions.interactivityCenter.createPoll({ id: 'sums', title: 'Sums', type: 'quiz' });
    await actions.interactivityCenter.addQuestionsToPoll('sums', [{ index: 1, text: '2+2', type: 'single-choice', weight: 10,
      options: [{ index: 1, text: '3', isCorrectAnswer: false }, { index: 2, text: '4', isCorrectAnswer: true }] }]);
    await actions.interactivityCenter.startPoll('sums');
  },
  vote: () => actions.interactivityCenter.addResponsesToPoll('sums', [{ questionIndex: 1, option: 2 }]),
  poll: () => {
    const poll = store.getState(sdk.selectPolls)?.find((one) => one.id === 'sums');
    return poll && { state: poll.state, answers: poll.questions?.[0]?.responses?.map((one) => one.option) ?? [] };
  },
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
