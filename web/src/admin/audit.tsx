// What was done in the dashboard.

import { useQuery } from '@tanstack/react-query';

import { FormError } from '../ui/dialog';
import { Table, type Column } from '../ui/table';
import { call, query, type AuditRow, type Listed } from './api';
import { Pages, Search, usePlace } from './pages';
import { refusalText } from './refusal';
import { moment, t } from './text';
import styles from './admin.module.css';

const PAGE = 50;

export function Audit() {
  const place = usePlace();
  const audit = useQuery({
    queryKey: ['audit', place],
    queryFn: () => {
      const fields = { search: place.search, start: place.start, limit: String(PAGE) };
      return call<Listed<AuditRow>>('GET', `audit${query(fields)}`);
    },
  });
  const columns: Column<AuditRow>[] = [
    { title: t('audit.at'), cell: (row) => moment(row.at) },
    { title: t('audit.account'), cell: (row) => <bdi>{row.account}</bdi> },
    {
      title: t('audit.what'),
      cell: (row) => (
        <code>
          {row.method} {row.path}
        </code>
      ),
    },
    { title: t('audit.target'), cell: (row) => <bdi>{row.target}</bdi> },
    { title: t('audit.from'), cell: (row) => row.from },
    { title: t('audit.status'), cell: (row) => row.status },
  ];
  const full = audit.data?.data.length === PAGE;
  return (
    <>
      <div className={styles.title}>
        <div>
          <h1>{t('audit.title')}</h1>
          <p className="muted">{t('audit.lead')}</p>
        </div>
      </div>
      <Search place={place} label={t('audit.search')} />
      {audit.error ? (
        <FormError text={refusalText(audit.error)} />
      ) : (
        <Table
          caption={t('audit.title')}
          columns={columns}
          rows={audit.data?.data}
          rowId={(row) => row.id}
          rowProps={() => ({ 'data-testid': 'audit-row' })}
          loading={t('loading')}
          empty={place.search === '' ? t('audit.empty') : t('audit.empty.found')}
        />
      )}
      <Pages place={place} next={full ? (audit.data?.last ?? '') : ''} />
    </>
  );
}
