// A table of one page of rows, with what stands in its place while there are none. Where it is
// narrow, each row is a card whose cells say what they are.

import type { ReactNode } from 'react';

import styles from './table.module.css';

export interface Column<T> {
  title: string;
  cell: (row: T) => ReactNode;
}

interface TableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[] | undefined; // undefined: not there yet
  rowId: (row: T) => string;
  rowProps: (row: T) => Record<`data-${string}`, string>;
  loading: string;
  empty: string;
}

export function Table<T>(props: TableProps<T>) {
  const { caption, columns, rows, rowId, rowProps, loading, empty } = props;
  if (!rows) {
    return (
      <p className={styles.nothing} role="status" data-testid="loading">
        {loading}
      </p>
    );
  }
  if (rows.length === 0) {
    return (
      <p className={styles.nothing} data-testid="empty">
        {empty}
      </p>
    );
  }
  return (
    <table className={styles.table}>
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} scope="col">
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowId(row)} {...rowProps(row)}>
            {columns.map((column) => (
              <td key={column.title} data-title={column.title}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
