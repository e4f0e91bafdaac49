// Says that the connection is gone, once that is worth saying.

import { useEffect, useState } from 'react';

import { t } from '../text';

const PATIENCE_S = 1; // most losses are over before anybody needs to know

export function Reconnecting() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((passed) => passed + 1), 1000);
    return () => clearInterval(timer);
  }, []);

  if (seconds < PATIENCE_S) return null;
  return (
    <div
      className="notice reconnecting"
      role="alert"
      data-testid="reconnecting"
      data-code="1003"
    >
      <span className="spinner tiny" />
      <p>{navigator.onLine ? t('reconnecting.title') : t('reconnecting.offline')}</p>
      <span className="reconnecting-time" aria-hidden="true">
        {t('reconnecting.seconds', { count: seconds })}
      </span>
    </div>
  );
}
