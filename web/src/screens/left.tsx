import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { t } from '../text';

export function Left({ onRejoin, onHome }: { onRejoin: () => void; onHome: () => void }) {
  return (
    <Page>
      <section className="card problem" data-testid="left">
        <span className="problem-sign calm">
          <Icon name="check" size={26} />
        </span>
        <h1>{t('left.title')}</h1>
        <p>{t('left.text')}</p>
        <div className="row problem-actions">
          <button type="button" className="button primary" onClick={onRejoin}>
            {t('left.rejoin')}
          </button>
          <button type="button" className="button" onClick={onHome}>
            {t('left.home')}
          </button>
        </div>
      </section>
    </Page>
  );
}
