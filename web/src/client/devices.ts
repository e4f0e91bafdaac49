// Permission for camera and microphone, asked before the SDK does.

export interface Granted {
  audio: boolean;
  video: boolean;
}

// What the browser would give without asking. A browser which cannot tell counts as "ask".
export async function grantedDevices(): Promise<Granted> {
  const [audio, video] = await Promise.all([isGranted('microphone'), isGranted('camera')]);
  return { audio, video };
}

async function isGranted(name: 'microphone' | 'camera'): Promise<boolean> {
  try {
    // Firefox and Safari know these names, TypeScript's list does not.
    const status = await navigator.permissions.query({ name: name as PermissionName });
    return status.state === 'granted';
  } catch {
    return false;
  }
}

// Asks for both in one question. Where one of them is missing or refused, asks for the other
// alone, so that a person without a camera can still speak. Returns the error of the last try
// when neither is to be had.
export async function askForDevices(): Promise<Granted | { error: unknown }> {
  if (await canOpen({ audio: true, video: true })) return { audio: true, video: true };
  if (await canOpen({ audio: true })) return { audio: true, video: false };
  try {
    await open({ video: true });
    return { audio: false, video: true };
  } catch (error) {
    return { error };
  }
}

async function canOpen(wanted: MediaStreamConstraints): Promise<boolean> {
  try {
    await open(wanted);
    return true;
  } catch {
    return false;
  }
}

async function open(wanted: MediaStreamConstraints): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  for (const track of stream.getTracks()) track.stop();
}

export type DeviceTrouble = 'device-denied' | 'device-missing' | 'device-busy';

export function deviceTrouble(error: unknown): DeviceTrouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'device-missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'device-busy';
  return 'device-denied';
}
