// One visit to a meeting: which of its screens is shown.

import { HMSRoomProvider } from '@100mslive/react-sdk';

import { problem, type Action } from '../client/problem';
import { watchLayers } from '../client/layers';
import { watchMedia } from '../client/media';
import { Page } from '../parts/page';
import { ProblemCard } from '../parts/problem-card';
import { Reconnecting } from '../parts/reconnecting';
import { navigate } from '../router';
import '../styles/prejoin.css';
import '../styles/meeting.css';
import '../styles/panel.css';
import { Left } from './left';
import { Meeting } from './meeting';
import { PreJoin } from './prejoin';
import { useCall } from './use-call';

watchLayers();
watchMedia(); // before the SDK makes its first connection

export default function Call({ code }: { code: string }) {
  const unable = browserProblem();
  if (unable) {
    return (
      <Page>
        <ProblemCard problem={unable} onAction={() => navigate('/')} />
      </Page>
    );
  }
  return (
    <HMSRoomProvider>
      <Visit code={code} />
    </HMSRoomProvider>
  );
}

function Visit({ code }: { code: string }) {
  const call = useCall(code);
  const home = () => navigate('/');

  switch (call.phase.at) {
    case 'token':
      return <Page busy>{null}</Page>;
    case 'preview':
    case 'joining':
      return <PreJoin call={call} />;
    case 'returning':
      return (
        <Page>
          <Reconnecting />
        </Page>
      );
    case 'call':
      return <Meeting call={call} />;
    case 'left':
      return <Left ended={call.phase.ended} onRejoin={startAgain} onHome={home} />;
    case 'failed': {
      const act = (action: Action) => {
        if (action === 'home') home();
        else if (action === 'edit-code') navigate('/', { code });
        else startAgain();
      };
      return (
        <Page>
          <ProblemCard problem={call.phase.problem} onAction={act} onLeave={home} />
        </Page>
      );
    }
  }
}

// The SDK keeps parts of a failed visit, so the only start known to be clean is a fresh page.
function startAgain() {
  location.reload();
}

function browserProblem() {
  if (!window.isSecureContext) return problem('not-secure', '6010');
  const able = 'RTCPeerConnection' in window && 'mediaDevices' in navigator;
  return able ? null : problem('old-browser', '6011');
}
