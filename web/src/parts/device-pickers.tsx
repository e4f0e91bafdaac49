// Which camera, microphone and speaker, as three plain lists.

import { DeviceType, useDevices } from '@100mslive/react-sdk';

import { thrownProblem, type Problem } from '../client/problem';
import { shownLine } from '../client/shown';
import { t } from '../text';
import { Icon, type IconName } from './icon';

const KINDS: ReadonlyArray<readonly [DeviceType, IconName]> = [
  [DeviceType.videoInput, 'camera'],
  [DeviceType.audioInput, 'mic'],
  [DeviceType.audioOutput, 'speaker'],
];

export function DevicePickers({ onTrouble }: { onTrouble: (trouble: Problem) => void }) {
  const report = (thrown: unknown) => onTrouble(thrownProblem(thrown));
  const { allDevices, selectedDeviceIDs, updateDevice } = useDevices(report);

  const rows = KINDS.map(([kind, icon]) => ({
    kind,
    icon,
    devices: namedDevices(allDevices[kind]),
  }));
  const filled = rows.filter((row) => row.devices.length > 0);
  if (filled.length === 0) return null;

  return (
    <div className="pickers">
      {filled.map(({ kind, icon, devices }) => {
        const selected = selectedDeviceIDs[kind] ?? '';
        return (
          <div className="picker" key={kind}>
            <Icon name={icon} size={18} />
            <select
              aria-label={t(`device.${kind}`)}
              value={selected}
              onChange={(event) => {
                const choice = { deviceType: kind, deviceId: event.target.value };
                void updateDevice(choice).catch(report);
              }}
            >
              {devices.map((device) => (
                <option key={device.id} value={device.id}>
                  {device.name}
                </option>
              ))}
            </select>
            {kind === DeviceType.audioOutput && (
              <TestSound speaker={selected} onFail={report} />
            )}
          </div>
        );
      })}
    </div>
  );
}

// Without permission browsers list devices without names, and even without ids.
export function namedDevices(devices: MediaDeviceInfo[] | undefined) {
  return (devices ?? [])
    .filter((device) => device.deviceId !== '')
    .map((device, i) => ({
      id: device.deviceId,
      name: shownLine(device.label) || t('device.unnamed', { number: i + 1 }),
    }));
}

function TestSound({
  speaker,
  onFail,
}: {
  speaker: string;
  onFail: (thrown: unknown) => void;
}) {
  async function play() {
    const sound = new Audio('/test-audio.wav');
    if (speaker !== '' && 'setSinkId' in sound) await sound.setSinkId(speaker);
    await sound.play();
  }
  return (
    <button
      type="button"
      className="icon-button small"
      aria-label={t('device.test')}
      title={t('device.test')}
      onClick={() => void play().catch(onFail)}
    >
      <Icon name="wave" size={18} />
    </button>
  );
}
