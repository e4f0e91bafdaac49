// Walks one visit through its phases with the SDK.

import {
  HMSNotificationTypes,
  HMSRoomState,
  selectRoomState,
  useHMSActions,
  useHMSStore,
  type HMSNotification,
} from '@100mslive/react-sdk';
import { useEffect, useReducer, useRef, useState, type Dispatch } from 'react';

import { loginWithCode } from '../client/api';
import { grantedDevices } from '../client/devices';
import { initEndpoint } from '../client/endpoint';
import { nextPhase, type Phase, type PhaseEvent } from '../client/phase';
import { problem, sdkProblem, thrownProblem, type Problem } from '../client/problem';
import { rememberName, userId } from '../client/storage';
import { useNotifications } from '../parts/use-notifications';

// The SDK waits for some answers without any limit; a person does not.
const PREVIEW_TIMEOUT_MS = 20_000;
const JOIN_TIMEOUT_MS = 30_000;

export interface CallState {
  phase: Phase;
  notice: Problem | null; // trouble which does not end the visit, such as a busy camera
  setNotice: (notice: Problem | null) => void;
  join: (name: string) => void;
  leave: () => void;
}

export function useCall(code: string): CallState {
  const actions = useHMSActions();
  const [phase, dispatch] = useReducer(nextPhase, { at: 'token' });
  const [notice, setNotice] = useState<Problem | null>(null);
  const token = useRef('');

  useEffect(() => {
    let current = true;
    async function enter() {
      const login = await loginWithCode(code, userId());
      const granted = await grantedDevices();
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
      } catch (thrown) {
        if (current) dispatch({ type: 'failed', problem: thrownProblem(thrown) });
      }
    }
    void enter();
    return () => {
      current = false;
      void actions.leave();
    };
  }, [actions, code]);

  useRoomState(dispatch);
  useNotifications((notification) => {
    const { ending, passing } = troubleIn(notification);
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

  return { phase, notice, setNotice, join: (name) => void join(name), leave };
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

function troubleIn(notification: HMSNotification): { ending?: Problem; passing?: Problem } {
  switch (notification.type) {
    case HMSNotificationTypes.ROOM_ENDED:
      return { ending: problem('ended', 'ended', notification.data.reason) };
    case HMSNotificationTypes.REMOVED_FROM_ROOM:
      return { ending: problem('removed', 'removed', notification.data.reason) };
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
