import { store } from '../../app/store';

export const COLUMNS = ['id', 'region', 'reason', 'due', 'owner', 'note'] as const;
export type Column = (typeof COLUMNS)[number];

const KEPT = 'lowincome.queue-shown';

function remembered(): Column[] {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === null ? [...COLUMNS] : COLUMNS.filter((one) => kept.split(',').includes(one));
  } catch {
    return [...COLUMNS];
  }
}

/** Which columns of the list are shown; remembered on this device. */
export const columns = store<Column[]>(remembered());

export function showColumn(column: Column, shown: boolean): void {
  const next = COLUMNS.filter((one) => (one === column ? shown : columns.get().includes(one)));
  try {
    localStorage.setItem(KEPT, next.join(','));
  } catch {
    // The choice then lasts as long as the page.
  }
  columns.set(next);
}
