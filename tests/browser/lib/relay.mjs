// A bad network on one machine: stands between the browsers and the media port, and loses what it
// is told to lose. Each browser socket gets a socket of its own towards the server, so that the
// server can tell them apart.
import { createSocket } from 'node:dgram';

export async function startRelay(mediaPort, host = '127.0.0.1') {
  const front = createSocket('udp4');
  const backs = new Map();
  const relay = { lossToServer: 0, lossToClient: 0, delayMs: 0, dropped: 0 };
  let stopped = false;

  // Each way takes `delayMs`; the order stays.
  const later = (send) => {
    if (relay.delayMs === 0) send();
    else setTimeout(() => stopped || send(), relay.delayMs);
  };

  const lost = (share) => {
    const drop = Math.random() < share;
    if (drop) relay.dropped++;
    return drop;
  };

  function backFor(from) {
    const key = `${from.address}:${from.port}`;
    let back = backs.get(key);
    if (!back) {
      back = createSocket('udp4');
      back.on('message', (datagram) => {
        if (!lost(relay.lossToClient)) later(() => front.send(datagram, from.port, from.address));
      });
      backs.set(key, back);
    }
    return back;
  }

  front.on('message', (datagram, from) => {
    if (!lost(relay.lossToServer)) later(() => backFor(from).send(datagram, mediaPort, '127.0.0.1'));
  });
  await new Promise((resolve) => front.bind(0, host, resolve));
  relay.port = front.address().port;
  // What a NAT does that has forgotten its table: from now on the server sees other ports, and
  // nothing that it sends to the old ones arrives.
  relay.rebind = () => {
    for (const back of backs.values()) back.close();
    backs.clear();
  };
  relay.stop = () => {
    stopped = true;
    front.close();
    for (const back of backs.values()) back.close();
  };
  return relay;
}

// Makes a page take the relay for the server: the port in our candidates is another one, and the
// address where one is given. Runs in the page, below the SDK.
export function takeRelayForServer([mediaPort, relayPort, host = '$1']) {
  const candidate = new RegExp(` (\\S+) ${mediaPort} typ `, 'g');
  const other = (text) => text?.replace(candidate, ` ${host} ${relayPort} typ `);
  const { setRemoteDescription, addIceCandidate } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    return setRemoteDescription.call(this, { type: description.type, sdp: other(description.sdp) });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    return addIceCandidate.call(this, candidate && { ...candidate, candidate: other(candidate.candidate) });
  };
}
