import type { ReactElement } from 'react';
import { useStored } from '../../app/store';
import { useWords } from '../../words/catalogue';
import { COLUMNS, columns, showColumn } from './columns';
import { words } from './words';

/** Which columns the list shows. */
export function ColumnChoice(): ReactElement {
  const t = useWords(words);
  const shown = useStored(columns);
  return (
    <details className="column-choice">
      <summary>{t.columns}</summary>
      {COLUMNS.map((one) => (
        <label key={one}>
          <input
            type="checkbox"
            checked={shown.includes(one)}
            onChange={(event) => showColumn(one, event.target.checked)}
          />{' '}
          {t[`column_${one}`]}
        </label>
      ))}
    </details>
  );
}
