import { useHMSVanillaNotifications, type HMSNotification } from '@100mslive/react-sdk';
import { useEffect, useRef } from 'react';

// Calls `handler` for every event of the SDK. The SDK's hook with state would keep only the
// last of several that arrive together.
export function useNotifications(handler: (notification: HMSNotification) => void): void {
  const notifications = useHMSVanillaNotifications();
  const latest = useRef(handler);
  latest.current = handler;

  useEffect(() => {
    // Its list of types misses polls, which are of no interest here.
    return notifications?.onNotification((event) => latest.current(event as HMSNotification));
  }, [notifications]);
}
