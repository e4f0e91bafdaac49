// A page that holds the vendor's ready-made meeting and nothing else: a code, a name and our addresses.
import { createElement, createRef } from 'react';
import { createRoot } from 'react-dom/client';
import { HMSPrebuilt } from '@100mslive/roomkit-react';
import '@100mslive/roomkit-react/index.css';

const query = new URLSearchParams(location.search);
const server = query.get('server');
const root = document.createElement('div');
root.style.height = '100vh';
document.body.append(root);
window.prebuilt = createRef();
createRoot(root).render(createElement(HMSPrebuilt, {
  ref: window.prebuilt,
  roomCode: query.get('code'),
  options: {
    userName: query.get('name'),
    endpoints: {
      tokenByRoomCode: `${server}/v2/token`,
      init: `${server}#https://self-hosted`, // it wants "https://" somewhere, and takes the origin
      roomLayout: `${server}/v2/layouts/ui`,
      event: `${server}/`,
    },
  },
}));
