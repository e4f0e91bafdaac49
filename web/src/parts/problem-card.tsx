// A problem that takes the whole screen: what happened, what to do, one action.

import { useEffect, useState } from 'react';

import { shownLine } from '../client/shown';
import { actionFor, type Action, type Problem } from '../client/problem';
import { t } from '../text';
import { Icon } from './icon';
import { useArrival } from './use-arrival';

interface ProblemCardProps {
  problem: Problem;
  onAction: (action: Action) => void;
  onLeave?: () => void; // a second way out, beside the action
}

export function ProblemCard({ problem, onAction, onLeave }: ProblemCardProps) {
  const action = actionFor(problem.cause);
  const wait = useCountdown(problem);
  const title = useArrival<HTMLHeadingElement>();
  const detail = shownLine(problem.detail);
  return (
    <section className="card problem" role="alert" data-testid="error" data-code={problem.code}>
      <span className="problem-sign">
        <Icon name="warning" size={26} />
      </span>
      <h1 ref={title} tabIndex={-1}>
        {t(`problem.${problem.cause}`)}
      </h1>
      <p>{t(`problem.${problem.cause}.text`)}</p>
      {problem.cause === 'removed' && detail !== '' && <p dir="auto">{detail}</p>}
      <div className="row problem-actions">
        {action !== 'none' && (
          <button
            type="button"
            className="button primary"
            disabled={wait > 0}
            onClick={() => onAction(action)}
          >
            {wait > 0 ? t('action.wait', { count: wait }) : t(`action.${action}`)}
          </button>
        )}
        {onLeave && action !== 'home' && (
          <button type="button" className="button" onClick={onLeave}>
            {t('left.home')}
          </button>
        )}
      </div>
      <p className="problem-details">{t('problem.details', { code: detailsLine(problem) })}</p>
    </section>
  );
}

function detailsLine({ code, detail }: Problem): string {
  return detail === '' ? code : `${code}, ${detail}`;
}

// Seconds left of the wait which the server asked for.
function useCountdown(problem: Problem): number {
  const [left, setLeft] = useState(problem.waitSeconds ?? 0);
  useEffect(() => {
    setLeft(problem.waitSeconds ?? 0);
    const timer = setInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1000);
    return () => clearInterval(timer);
  }, [problem]);
  return left;
}
