// Walks one visit through its phases with the SDK.

import {
  HMSNotificationTypes,
  HMSRoomState,
  selectIsLocalAudioEnabled,
  selectIsLocalVideoEnabled,
  selectLocalPeerRole,
  selectRoomState,
  useHMSActions,
  useHMSStore,
  useHMSVanillaStore,
  type HMSNotification,
} from '@100mslive/react-sdk';
import { useEffect, useReducer, useRef, useState, type Dispatch } from 'react';

import { loginWithCode } from '../client/api';
import { isDue, nextComeback, rememberComeback, rememberedComeback } from '../client/comeback';
import { grantedDevices, type Granted } from '../client/devices';
import { initEndpoint } from '../client/endpoint';
import { nextPhase, type Phase, type PhaseEvent } from '../client/phase';
import { sdkProblem, sentAwayProblem, thrownProblem, type Problem } from '../client/problem';
import { isWaiting } from '../client/roles';
import { rememberName, rememberedName, userId } from '../client/storage';
import { useNotifications } from '../parts/use-notifications';

// The SDK waits for some answers without any limit; a person does not.
const PREVIEW_TIMEOUT_MS = 20_000;
const JOIN_TIMEOUT_MS = 30_000;
// How long, and how often, a page that comes back asks whether the server answers.
const RETURN_TIMEOUT_MS = 60_000;
const RETURN_PAUSE_MS = 1_000;

export interface CallState {
  phase: Phase;
  notice: Problem | null; // trouble which does not end the visit, such as a busy camera
  setNotice: (notice: Problem | null) => void;
  token: () => string; // with which this page speaks for the person
  join: (name: string) => void;
  leave: () => void;
  endForAll: () => void;
}

export function useCall(code: string): CallState {
  const actions = useHMSActions();
  const store = useHMSVanillaStore();
  const [phase, dispatch] = useReducer(nextPhase, { at: 'token' });
  const [notice, setNotice] = useState<Problem | null>(null);
  const token = useRef('');
  // What the page before this one left for it to go on with.
  const [comeback] = useState(() => {
    const last = rememberedComeback();
    return isDue(last, code, Date.now()) ? last : null;
  });

  useEffect(() => {
    let current = true;
    async function enter() {
      const login = await loginWithCode(code, userId());
      const granted = await wantedDevices(comeback);
      if (!current) return;
      if (!login.ok) {
        dispatch({ type: 'failed', problem: login.problem });
        return;
      }
      token.current = login.value;
      dispatch({ type: 'token-given' });
      try {
        // Nothing is asked of the browser here: what is not granted yet starts switched off.
        const settings = { isAudioMuted: !granted.audio, isVideoMuted: !granted.video };
        const preview = actions.preview({ ...config(login.value, ''), settings });
        await inTime(preview, PREVIEW_TIMEOUT_MS);
        if (current) await switchOnGranted(granted);
        if (current && comeback) {
          // Once: whoever leaves then and opens the link again is asked first.
          rememberComeback({ ...comeback, at: 0 });
          await join(comeback.name);
        }
      } catch (thrown) {
        if (current) dispatch({ type: 'failed', problem: thrownProblem(thrown) });
      }
    }
    // A device that is busy costs only itself: where the browser gives both at once, or neither,
    // the SDK goes without both.
    async function switchOnGranted({ audio, video }: Granted) {
      if (audio && !store.getState(selectIsLocalAudioEnabled)) {
        await actions.setLocalAudioEnabled(true).catch(() => undefined);
      }
      if (video && !store.getState(selectIsLocalVideoEnabled)) {
        await actions.setLocalVideoEnabled(true).catch(() => undefined);
      }
    }
    async function join(name: string) {
      dispatch({ type: 'join-asked' });
      await inTime(actions.join(config(token.current, name)), JOIN_TIMEOUT_MS);
    }
    void enter();
    return () => {
      current = false;
      void actions.leave();
    };
  }, [actions, store, code, comeback]);

  useRoomState(dispatch);
  useReturn(code, phase, dispatch);
  const waits = useWaits();
  useNotifications((notification) => {
    const { ending, passing } = troubleIn(notification, waits.current);
    if (ending) dispatch({ type: 'failed', problem: ending });
    if (passing) setNotice(passing);
  });

  async function join(name: string) {
    rememberName(name);
    setNotice(null);
    dispatch({ type: 'join-asked' });
    try {
      await inTime(actions.join(config(token.current, name)), JOIN_TIMEOUT_MS);
    } catch (thrown) {
      dispatch({ type: 'failed', problem: thrownProblem(thrown) });
    }
  }

  function leave() {
    dispatch({ type: 'leave-asked' });
    void actions.leave();
  }

  async function endForAll() {
    dispatch({ type: 'end-asked' });
    try {
      await actions.endRoom(false, '');
    } catch (thrown) {
      dispatch({ type: 'end-failed' });
      setNotice(thrownProblem(thrown));
    }
  }

  return {
    phase,
    notice,
    setNotice,
    token: () => token.current,
    join: (name) => void join(name),
    leave,
    endForAll: () => void endForAll(),
  };
}

// What is switched on at the start: what the browser gives without asking, and, for a page that
// comes back, what was on.
async function wantedDevices(comeback: { audio: boolean; video: boolean } | null) {
  const granted = await grantedDevices();
  if (!comeback) return granted;
  return { audio: granted.audio && comeback.audio, video: granted.video && comeback.video };
}

// Starts afresh, as soon as the server answers, when the SDK broke in a call.
function useReturn(code: string, phase: Phase, dispatch: Dispatch<PhaseEvent>) {
  const room = useHMSStore(selectRoomState);
  const audio = useHMSStore(selectIsLocalAudioEnabled);
  const video = useHMSStore(selectIsLocalVideoEnabled);
  const on = useRef({ audio, video });
  if (phase.at === 'call' && room === HMSRoomState.Connected) on.current = { audio, video };
  const returning = phase.at === 'returning';

  useEffect(() => {
    if (!returning) return undefined;
    let current = true;
    async function comeBack() {
      const visit = { code, name: rememberedName(), ...on.current };
      const next = nextComeback(visit, rememberedComeback(), Date.now());
      const answers = next !== null && (await serverAnswers(() => current));
      if (!current) return;
      if (next && answers && rememberComeback({ ...next, at: Date.now() })) location.reload();
      else dispatch({ type: 'return-failed' });
    }
    void comeBack();
    return () => {
      current = false;
    };
  }, [returning, code, dispatch]);
}

// A page that is loaded while the server is away would show the browser's own error.
async function serverAnswers(goesOn: () => boolean): Promise<boolean> {
  const end = Date.now() + RETURN_TIMEOUT_MS;
  while (goesOn() && Date.now() < end) {
    const answer = await fetch(location.href, { method: 'HEAD', cache: 'no-store' }).catch(
      () => null,
    );
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, RETURN_PAUSE_MS));
  }
  return false;
}

// Whether the person is in the waiting room, or was when it last had a role: the SDK forgets the
// role before it tells why somebody was sent away.
function useWaits() {
  const role = useHMSStore(selectLocalPeerRole);
  const waits = useRef(false);
  if (role) waits.current = isWaiting(role);
  return waits;
}

function config(authToken: string, userName: string) {
  return {
    authToken,
    userName,
    initEndpoint: initEndpoint(location.origin),
    rememberDeviceSelection: true,
    autoManageWakeLock: true,
  };
}

function useRoomState(dispatch: Dispatch<PhaseEvent>) {
  const room = useHMSStore(selectRoomState);
  useEffect(() => {
    if (room === HMSRoomState.Connected) dispatch({ type: 'connected' });
    if (room === HMSRoomState.Disconnected || room === HMSRoomState.Failed) {
      dispatch({ type: 'disconnected' });
    }
  }, [room, dispatch]);
}

function troubleIn(
  notification: HMSNotification,
  waits: boolean,
): { ending?: Problem; passing?: Problem } {
  switch (notification.type) {
    case HMSNotificationTypes.ROOM_ENDED:
    case HMSNotificationTypes.REMOVED_FROM_ROOM:
      return { ending: sentAwayProblem(notification.data, waits) };
    case HMSNotificationTypes.ERROR: {
      const trouble = sdkProblem(notification.data);
      if (notification.data.isTerminal) return { ending: trouble };
      return trouble.cause.startsWith('device-') ? { passing: trouble } : {};
    }
    default:
      return {};
  }
}

function inTime(promise: Promise<unknown>, limit_ms: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = { code: 2003, message: 'no answer', description: '' };
    const timer = setTimeout(() => reject(late), limit_ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
