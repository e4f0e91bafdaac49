// Trouble which leaves everything else usable, with a way to put it away.

import type { Problem } from '../client/problem';
import { t } from '../text';
import { Icon } from './icon';

export function Notice({
  problem,
  onDismiss,
}: {
  problem: Problem | null;
  onDismiss: () => void;
}) {
  if (!problem) return null;
  return (
    <div className="notice" role="alert" data-testid="error" data-code={problem.code}>
      <Icon name="warning" size={18} />
      <p>
        <strong>{t(`problem.${problem.cause}`)}.</strong> {t(`problem.${problem.cause}.text`)}
      </p>
      <button
        type="button"
        className="icon-button small"
        aria-label={t('action.dismiss')}
        onClick={onDismiss}
      >
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
