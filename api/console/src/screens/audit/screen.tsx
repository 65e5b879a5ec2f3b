import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { Button } from '../../parts/Button';
import { ListState } from '../../parts/ListState';
import '../../parts/reading.css';
import { useWords } from '../../words/catalogue';
import { type Filters, NO_FILTER, useEntries } from './asked';
import { Chain } from './chain';
import { type Called, Line } from './line';
import { Narrowing } from './narrowing';
import { Overseen } from './overseen';
import { words } from './words';

/** Who did what to which thing, and whether the chain holds. */
export default function Audit(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const [filters, setFilters] = useState<Filters>(NO_FILTER);
  const query = useEntries(filters);
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const codes: Called = Object.assign({}, ...(query.data?.pages.map((page) => page.called) ?? []));
  const narrowed = Object.values(filters).some((one) => one !== '');
  return (
    <>
      <h1>{t.title}</h1>
      <Chain />
      {may('household.why') ? <Overseen /> : null}
      <h2>{t.entries}</h2>
      <Narrowing key={JSON.stringify(filters)} filters={filters} onChange={setFilters} />
      <ListState
        query={query}
        what={t.entries}
        count={found.length}
        narrowed={narrowed}
        onClear={() => setFilters(NO_FILTER)}
        nothing={<p>{t.nothing}</p>}
      >
        <table className="plain stacked" aria-label={t.entries}>
          <thead>
            <tr>
              <th scope="col">{t.when}</th>
              <th scope="col">{t.act}</th>
              <th scope="col">{t.by}</th>
              <th scope="col">{t.about}</th>
              <th scope="col">{t.detail}</th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <Line key={one.id} entry={one} codes={codes} onOnly={(more) => setFilters({ ...filters, ...more })} />
            ))}
          </tbody>
        </table>
        {query.hasNextPage ? (
          <Button onClick={() => query.fetchNextPage()} loading={query.isFetchingNextPage}>
            {t.earlier}
          </Button>
        ) : (
          <p className="quiet">{t.end}</p>
        )}
      </ListState>
    </>
  );
}
