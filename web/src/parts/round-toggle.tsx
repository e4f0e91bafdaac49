// A round switch of the call: pressed means on, and its name never changes.

import { Icon, type IconName } from './icon';
import { Tip } from './tip';

interface RoundToggleProps {
  name: string;
  testId: string;
  on: boolean;
  icons: readonly [on: IconName, off: IconName];
  onToggle: () => void;
  tone?: 'warn-off' | 'mark-on'; // which of the two states deserves attention
  keys?: string;
  disabled?: boolean;
}

export function RoundToggle(props: RoundToggleProps) {
  const {
    name,
    testId,
    on,
    icons,
    onToggle,
    tone = 'warn-off',
    keys,
    disabled = false,
  } = props;
  return (
    <Tip name={name} keys={keys}>
      <button
        type="button"
        className={`icon-button ${tone}`}
        aria-label={name}
        aria-pressed={on}
        data-testid={testId}
        disabled={disabled}
        onClick={onToggle}
      >
        <Icon name={on ? icons[0] : icons[1]} size={22} />
      </button>
    </Tip>
  );
}
