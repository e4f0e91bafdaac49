// The small menu beside a switch: which device it switches.

import { useDevices, type DeviceType } from '@100mslive/react-sdk';
import { DropdownMenu } from 'radix-ui';

import { t } from '../text';
import { namedDevices } from './device-pickers';
import { Icon } from './icon';

interface DeviceMenuProps {
  name: string;
  kinds: DeviceType[];
  onTrouble: (thrown: unknown) => void;
}

export function DeviceMenu({ name, kinds, onTrouble }: DeviceMenuProps) {
  return (
    // Not modal: a modal menu locks scrolling with a style element, which the page's content
    // security policy refuses.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="bar-menu" aria-label={name}>
        <Icon name="up" size={16} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="top" sideOffset={10} collisionPadding={8}>
          {kinds.map((kind) => (
            <DeviceGroup key={kind} kind={kind} onTrouble={onTrouble} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface DeviceGroupProps {
  kind: DeviceType;
  onTrouble: (thrown: unknown) => void;
}

function DeviceGroup({ kind, onTrouble }: DeviceGroupProps) {
  const { allDevices, selectedDeviceIDs, updateDevice } = useDevices(onTrouble);
  const devices = namedDevices(allDevices[kind]);
  return (
    <>
      <DropdownMenu.Label className="menu-label">{t(`device.${kind}`)}</DropdownMenu.Label>
      {devices.length === 0 && (
        <DropdownMenu.Item className="menu-item" disabled>
          {t('device.none')}
        </DropdownMenu.Item>
      )}
      <DropdownMenu.RadioGroup
        value={selectedDeviceIDs[kind] ?? ''}
        onValueChange={(deviceId) => {
          void updateDevice({ deviceType: kind, deviceId }).catch(onTrouble);
        }}
      >
        {devices.map((device) => (
          <DropdownMenu.RadioItem className="menu-item" key={device.id} value={device.id}>
            <span className="menu-check">
              <DropdownMenu.ItemIndicator>
                <Icon name="check" size={16} />
              </DropdownMenu.ItemIndicator>
            </span>
            {device.name}
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  );
}
