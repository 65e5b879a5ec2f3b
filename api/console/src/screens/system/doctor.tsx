import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { Instant } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { words } from './words';

/** The doctor's plain answers from this morning, what is not well first. */
export function Doctor(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useQuery({ queryKey: ['doctor'], queryFn: () => told(api.GET('/api/v1/system/doctor')) });
  const { at, ill, well, findings } = query.data ?? { at: null, ill: 0, well: 0, findings: [] };
  return (
    <ListState query={query} what={t.doctor} count={findings.length} nothing={<p>{t.notLooked}</p>}>
      <p className={ill === 0 ? 'well' : 'bar-red'} role="status">
        {ill === 0 ? t.allWell(well) : t.someIll(ill)}
      </p>
      {at === null ? null : (
        <p className="quiet">
          {t.looked} <Instant at={at} />
        </p>
      )}
      <ul className="bare answers">
        {findings.map((one, place) => (
          <li key={`${one.name} ${String(place)}`}>
            <strong className={one.well ? 'well' : 'ill'}>{one.well ? t.well : t.ill}</strong> {served(one.zh, one.en)}{' '}
            <span className="quiet masked">{one.name}</span>
          </li>
        ))}
      </ul>
    </ListState>
  );
}
