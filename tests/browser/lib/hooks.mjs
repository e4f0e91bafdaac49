// Runs in the page, before any of its scripts.
/* eslint-disable n/no-unsupported-features/node-builtins */

// Keeps every peer connection of the page where statistics can find it.
export function keepConnections() {
  const Original = window.RTCPeerConnection;
  window.testConnections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...given) {
      super(...given);
      window.testConnections.push(this);
    }
  };
  // And every socket where a test can cut it.
  const OriginalSocket = window.WebSocket;
  window.testSockets = [];
  window.WebSocket = class extends OriginalSocket {
    constructor(...given) {
      super(...given);
      window.testSockets.push(this);
    }
  };
}

// Cameras and microphones take their time until they run, as real ones do.
export function openDevicesLate(ms) {
  if (!navigator.mediaDevices) return; // a page that is not secure
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return open(constraints);
  };
}
