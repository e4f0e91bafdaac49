import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { useArrival } from '../parts/use-arrival';
import { t } from '../text';

interface LeftProps {
  ended: boolean; // this person ended the meeting for everybody
  onRejoin: () => void;
  onHome: () => void;
}

export function Left({ ended, onRejoin, onHome }: LeftProps) {
  const title = useArrival<HTMLHeadingElement>();
  return (
    <Page>
      <section className="card problem" data-testid="left">
        <span className="problem-sign calm">
          <Icon name="check" size={26} />
        </span>
        <h1 ref={title} tabIndex={-1}>
          {t(ended ? 'left.ended.title' : 'left.title')}
        </h1>
        <p>{t(ended ? 'left.ended.text' : 'left.text')}</p>
        <div className="row problem-actions">
          {!ended && (
            <button type="button" className="button primary" onClick={onRejoin}>
              {t('left.rejoin')}
            </button>
          )}
          <button
            type="button"
            className={ended ? 'button primary' : 'button'}
            onClick={onHome}
          >
            {t('left.home')}
          </button>
        </div>
      </section>
    </Page>
  );
}
