import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Money } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { shared } from '../../words/shared';
import { words } from './words';

type Dossier = Schemas['DossierOut'];

/** Every indicator of the household, computed when somebody opens the part: it takes longer than all else. */
export function KnownPart({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const [opened, setOpened] = useState(false);
  const params = { path: { household_no: no } };
  const query = useQuery({
    queryKey: ['household', no, 'known'],
    queryFn: () => told(api.GET('/api/v1/households/{household_no}', { params })),
    enabled: opened,
  });
  const known = query.data?.known;
  return (
    <section>
      <details onToggle={(event) => setOpened(event.currentTarget.open || opened)}>
        <summary>{known === undefined ? t.known : t.known + aside(known.length)}</summary>
        {query.error === null ? null : (
          <Failure error={query.error} what={t.known} onRetry={() => void query.refetch()} kept={false} />
        )}
        {known !== undefined ? <Known known={known} /> : query.isFetching ? <Skeleton lines={4} /> : null}
      </details>
    </section>
  );
}

function Known({ known }: { known: Dossier['known'] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <dl className="known">
      {known.map((one) => (
        <div key={one.indicator}>
          <dt>{served(one.zh, one.en)}</dt>
          <dd>
            <Value value={one.value} unit={one.unit} />
            {one.stale.length > 0 ? <span className="quiet"> {t.staleWord}</span> : null}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value, unit }: { value: Dossier['known'][number]['value']; unit: string }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  if (value === null) return <span className="quiet">{t.unknownValue}</span>;
  if (typeof value === 'boolean') return <>{value ? common.yes : common.no}</>;
  if (typeof value === 'number' && unit.startsWith('yuan')) return <Money yuan={value} />;
  return <>{typeof value === 'number' ? value.toLocaleString('zh-CN') : value}</>;
}
