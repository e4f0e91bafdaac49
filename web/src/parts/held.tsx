// The waiting room, from inside.

import { selectRoom, useHMSStore } from '@100mslive/react-sdk';

import { givenName } from '../client/person';
import { t } from '../text';
import { Page } from './page';
import { useArrival } from './use-arrival';

export function Held({ onLeave }: { onLeave: () => void }) {
  const name = givenName(useHMSStore(selectRoom).name);
  const title = useArrival<HTMLHeadingElement>();
  return (
    <Page>
      <section className="card held" role="status" data-testid="held">
        <div className="spinner" aria-hidden="true" />
        <h1 ref={title} tabIndex={-1}>
          {t('held.title')}
        </h1>
        {name !== '' && (
          <p className="held-name" dir="auto">
            {name}
          </p>
        )}
        <p>{t('held.text')}</p>
        <button type="button" className="button" data-testid="leave" onClick={onLeave}>
          {t('control.leave')}
        </button>
      </section>
    </Page>
  );
}
