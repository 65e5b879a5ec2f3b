import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useMay, useSession } from '../../app/session';
import { api, told } from '../../contract/client';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { GROUPS, type Narrowing, useCounts } from './asked';
import { words } from './words';

/** How many wait in each group of urgency, which of those searched for is not known; a group can be shown alone. */
export function Groups({ narrowing, text }: { narrowing: Narrowing; text: string }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const { data } = useCounts(narrowing.narrow);
  const chosen = narrowing.narrow.group ?? '';
  return (
    <fieldset className="groups" aria-label={t.groups}>
      <button type="button" aria-pressed={chosen === ''} onClick={() => narrowing.set('group', '')}>
        {t.everything}
      </button>
      {GROUPS.map((group) => (
        <button
          key={group}
          type="button"
          aria-pressed={chosen === group}
          className={`group-${group}`}
          onClick={() => narrowing.set('group', chosen === group ? '' : group)}
        >
          {states[group]} {text === '' ? data?.[group] : ''}
        </button>
      ))}
      <ToReview narrowing={narrowing} />
    </fieldset>
  );
}

/** What waits for one's own second look: the township's at a township, the county's above it. */
function ToReview({ narrowing }: { narrowing: Narrowing }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const { role } = useSession();
  const status = role === 'caseworker' ? 'town_review' : 'county_review';
  const { data } = useQuery({
    queryKey: ['alerts', 'to-review', status],
    queryFn: () => told(api.GET('/api/v1/alerts', { params: { query: { status, limit: 1 } } })),
    enabled: may('alert.review'),
  });
  if (!may('alert.review')) return null;
  const on = narrowing.narrow.status === status;
  return (
    <button type="button" aria-pressed={on} onClick={() => narrowing.set('status', on ? '' : status)}>
      {t.toReview} {data?.count ?? ''}
    </button>
  );
}
