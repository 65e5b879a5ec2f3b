import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { type Catalogue, useServed, useWords } from '../../words/catalogue';
import { words } from './words';

type Kept = Schemas['KeepOut'];
type Told = typeof words extends Catalogue<infer W> ? Catalogue<W>['zh'] : never;

/** How long what is kept, as the data register says and erasure does. */
export function Retention(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: ['retention'], queryFn: () => told(api.GET('/api/v1/system/retention')) });
  const found = query.data ?? [];
  return (
    <ListState query={query} what={t.retention} count={found.length} nothing={null}>
      <table className="plain stacked" aria-label={t.retention}>
        <thead>
          <tr>
            <th scope="col">{t.table}</th>
            <th scope="col">{t.kept}</th>
            <th scope="col">{t.sees}</th>
            <th scope="col">{t.basis}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <Line key={one.table} kept={one} />
          ))}
        </tbody>
      </table>
    </ListState>
  );
}

function Line({ kept }: { kept: Kept }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const seers = kept.sees.map((one) => served(one.zh, one.en)).join(served('、', ', '));
  return (
    <tr>
      <td data-label={t.table}>
        {served(kept.purpose.zh, kept.purpose.en)}
        <span className="quiet masked"> {kept.table}</span>
        {kept.sensitive + kept.personal === 0 ? null : (
          <span className="quiet"> {t.classes(kept.sensitive, kept.personal)}</span>
        )}
      </td>
      <td data-label={t.kept}>{term(kept, t, served)}</td>
      <td data-label={t.sees}>{seers === '' ? t.nobody : seers}</td>
      <td data-label={t.basis}>{kept.basis}</td>
    </tr>
  );
}

function term(kept: Kept, t: Told, served: ReturnType<typeof useServed>): string {
  if (kept.forever !== null) return t.forever(served(kept.forever.zh, kept.forever.en));
  if (kept.together_with !== null) return t.with(kept.together_with);
  const then = kept.then === 'delete' ? t.deleted : t.blanked(kept.columns.join(', '));
  return `${t.days(kept.days ?? 0, t.sinceWhat(kept.since ?? ''))}; ${then}`;
}
