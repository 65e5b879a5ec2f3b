import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect } from 'react';
import { api, BY_ITSELF, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useWords } from '../../words/catalogue';
import { comma } from '../../words/marks';
import { shared } from '../../words/shared';
import { type Alert, alertKey } from './asked';
import { words } from './words';

const FIRST_SECONDS = 20;

/** Who else has the alert open, and whether it has changed since it was read. */
export function Presence({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(words);
  const common = useWords(shared);
  const queries = useQueryClient();
  const params = { path: { alert_id: alert.id } };
  const { data } = useQuery({
    queryKey: ['presence', alert.id],
    queryFn: () =>
      told(api.PUT('/api/v1/alerts/{alert_id}/presence', { params, body: { doing: 'looking' }, headers: BY_ITSELF })),
    refetchInterval: (query) => (query.state.data?.again_seconds ?? FIRST_SECONDS) * 1000,
    retry: false,
    gcTime: 0,
  });
  useLeaving(alert.id);
  const changed = data !== undefined && data.version > alert.version;
  if (data === undefined || (data.others.length === 0 && !changed)) return null;
  return (
    <p className="presence" role="status">
      {data.others.map((one) => t.someoneHere(one.name)).join(comma())}
      {changed ? (
        <>
          {' '}
          {t.justChanged}{' '}
          <Button size="small" onClick={() => queries.invalidateQueries({ queryKey: alertKey(alert.id) })}>
            {common.refresh}
          </Button>
        </>
      ) : null}
    </p>
  );
}

function useLeaving(id: string): void {
  useEffect(
    () => () => {
      const params = { path: { alert_id: id } };
      told(api.DELETE('/api/v1/alerts/{alert_id}/presence', { params })).catch(() => undefined);
    },
    [id],
  );
}
